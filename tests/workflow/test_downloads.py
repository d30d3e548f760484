"""Downloads from a real server on localhost that misbehaves in known ways."""

import hashlib
import http.server
import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from project import copy_of_project, snakemake, with_config

CONTENT = os.urandom(300_000)
CHECKSUM = f"md5:{hashlib.md5(CONTENT).hexdigest()}"
HELP = "put the file there"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append(self.path)
        kind = self.path.strip("/")
        attempt = len(self.server.requests)
        if kind in ("missing", "busy") or (kind == "unreliable" and attempt == 1):
            self.send_error(404 if kind == "missing" else 503)
            return
        cut = kind == "cut" or (kind == "unreliable" and attempt == 2)
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


def download(url, path, most_bytes=resource.RLIM_INFINITY):
    command = [sys.executable, "src/download.py", "--url", url, "--checksum", CHECKSUM]
    command += ["--help-line", HELP, "--output", str(path)]

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    return subprocess.run(
        command, capture_output=True, encoding="utf-8", preexec_fn=limit
    )


def address(server, kind):
    return f"http://127.0.0.1:{server.server_port}/{kind}"


@pytest.mark.parametrize("kind", ["whole", "slow"])
def test_it_arrives(server, tmp_path, kind):
    done = download(address(server, kind), tmp_path / "new" / "file")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "new" / "file").read_bytes() == CONTENT
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("cut", "IncompleteRead|Connection broken"),
        ("wrong", "does not match the known hash"),
        ("html", "does not match the known hash"),
        ("missing", "404"),
        ("busy", "503"),
        ("no server", "refused"),
        ("no room", "File too large"),
        ("no folder", "File exists|Not a directory"),
    ],
)
def test_what_goes_wrong_is_one_line_and_leaves_nothing(server, tmp_path, kind, reason):
    """A limit on the size of files stands for a full disk."""
    url, path, options = address(server, kind), tmp_path / "file", {}
    if kind == "no server":
        url = "http://127.0.0.1:9/x"
    if kind == "no room":
        options = {"most_bytes": 200_000}
    if kind == "no folder":
        path.touch()
        path /= "file"
    done = download(url, path, **options)
    assert done.returncode == 1
    (line,) = [each for each in done.stderr.splitlines() if "download.py" in each]
    assert re.search(f"^download.py: .*({reason}).*; {HELP}$", line), line
    assert "Traceback" not in done.stderr
    assert not path.is_file()
    assert len(list(tmp_path.iterdir())) == (kind == "no folder")


def test_a_file_that_is_there_is_not_fetched_again(server, tmp_path):
    (tmp_path / "file").write_bytes(CONTENT)
    assert download(address(server, "whole"), tmp_path / "file").returncode == 0
    assert server.requests == []
    (tmp_path / "file").write_bytes(b"damaged")
    assert download(address(server, "whole"), tmp_path / "file").returncode == 0
    assert (tmp_path / "file").read_bytes() == CONTENT


@pytest.mark.parametrize(("kind", "requests"), [("unreliable", 3), ("missing", 4)])
def test_snakemake_tries_again(server, tmp_path, kind, requests):
    """Of a server that is busy, then breaks off, then works; three times at most."""
    project = copy_of_project(tmp_path / "project")

    def from_the_server(config):
        url = address(server, kind)
        config["datasets"] = {"cifar10": {"url": url, "checksum": CHECKSUM}}

    config = with_config(project, from_the_server)
    target = "downloads/cifar-10-python.tar.gz"
    done = snakemake(project, "--cores", "1", target, config=config)
    assert len(server.requests) == requests
    if kind == "missing":
        assert done.returncode == 1
        assert "datasets.cifar10.source" in done.stdout + done.stderr
        assert (
            f"failed: Download cifar10; see downloads/logs/{Path(target).name}.log"
            in done.stdout
        )
        assert not (project / target).exists()
    else:
        assert done.returncode == 0, done.stderr[-2000:]
        assert (project / target).read_bytes() == CONTENT
