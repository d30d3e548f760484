"""Downloads from a real server on localhost that misbehaves in known ways."""

import hashlib
import http.server
import os
import time

import pytest

from normscape import downloads

CONTENT = os.urandom(300_000)
CHECKSUM = f"md5:{hashlib.md5(CONTENT).hexdigest()}"
HELP = "put the file there"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append(self.path)
        kind = self.path.strip("/")
        if kind == "missing" or (kind == "busy" and len(self.server.requests) < 3):
            self.send_error(404 if kind == "missing" else 503)
            return
        cut = kind == "cut" or (kind == "cut_once" and len(self.server.requests) < 2)
        content = b"<html>Please log in</html>" if kind == "html" else CONTENT
        if kind == "wrong":
            content = bytes(len(CONTENT))
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        half = len(content) // 2
        self.wfile.write(content[:half])
        if kind == "slow":
            time.sleep(1)
        if not cut:
            self.wfile.write(content[half:])

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(serve):
    server = serve(_Handler)
    server.requests = []
    return server


def fetch(server, kind, path):
    url = f"http://127.0.0.1:{server.server_port}/{kind}"
    downloads.fetch(url, path, CHECKSUM, HELP, pause=0.01)


@pytest.mark.parametrize(
    ("kind", "requests"), [("whole", 1), ("slow", 1), ("cut_once", 2), ("busy", 3)]
)
def test_it_arrives(server, tmp_path, capsys, kind, requests):
    fetch(server, kind, tmp_path / "new" / "file")
    assert (tmp_path / "new" / "file").read_bytes() == CONTENT
    assert len(server.requests) == requests
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "0.3 MiB, 100 %"
    assert all(len(line) < 80 for line in lines)


@pytest.mark.parametrize(
    ("kind", "reason", "requests"),
    [
        ("cut", "no whole answer", 4),
        ("wrong", "has not the checksum", 1),
        ("html", "has not the checksum", 1),
        ("missing", "the server answered 404", 1),
    ],
)
def test_what_goes_wrong_is_one_line_and_leaves_nothing(
    server, tmp_path, kind, reason, requests
):
    with pytest.raises(ValueError, match=f"{reason}.*; {HELP}") as error:
        fetch(server, kind, tmp_path / "file")
    assert len(str(error.value).splitlines()) == 1
    assert len(server.requests) == requests
    assert list(tmp_path.iterdir()) == []


def test_no_network_at_all(tmp_path):
    with pytest.raises(ValueError, match=f"ConnectionError.*; {HELP}"):
        downloads.fetch("http://127.0.0.1:9/x", tmp_path / "file", CHECKSUM, HELP, 0.01)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk(server, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(downloads._Progress, "update", full)
    with pytest.raises(ValueError, match=f"No space left on device in .*; {HELP}"):
        fetch(server, "whole", tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_not_fetched_again(server, tmp_path):
    (tmp_path / "file").write_bytes(CONTENT)
    fetch(server, "whole", tmp_path / "file")
    assert server.requests == []
    (tmp_path / "file").write_bytes(b"damaged")
    fetch(server, "whole", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
