"""Folders of users: which files count, and a digest that follows names and contents."""

import os
import shutil
import subprocess
from unittest.mock import Mock

import pytest

from normscape import folders


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "images"
    for name in ("train/left/0.png", "train/left/1.png", "train/right/größe.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    return root


def digest(folder, cache="cache.json"):
    return folders.digest(folder, folder.parent / cache)


CHANGES = {
    "other bytes of the same size": "printf xxxxxxxxxxxxxxxx > train/left/0.png",
    "a file more": "printf 2 > train/left/2.png",
    "an empty file more": "touch train/left/2.png",
    "a name with odd bytes": r"touch $(printf '\377').png",
    "a file less": "rm train/left/1.png",
    "another name": "mv train/left/1.png train/left/9.png",
    "another class": "mv train/left train/middle",
    "a link that leads nowhere": "ln -s nowhere train/l.png",
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_digest_follows_names_and_contents(folder, change):
    before = digest(folder)
    subprocess.run(["sh", "-c", CHANGES[change]], cwd=folder, check=True)
    assert digest(folder) != before
    assert digest(folder) == digest(folder, "another.json")


def test_neither_time_nor_place_nor_leftovers_count(folder, tmp_path):
    before = digest(folder)
    os.utime(folder / "train/left/0.png", (1, 1))
    assert digest(folder) == before
    for name in (".DS_Store", "train/left/@eaDir/0.png/t.jpg", "0.png~"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    assert digest(folder) == before
    shutil.copytree(folder, tmp_path / "elsewhere")
    assert digest(tmp_path / "elsewhere", "other.json") == before


def test_contents_are_read_only_where_something_changed(folder, monkeypatch):
    digest(folder)
    read = Mock(side_effect=folders.digest_of_file)
    monkeypatch.setattr(folders, "digest_of_file", read)
    digest(folder)
    assert read.call_count == 0
    os.utime(folder / "train/left/0.png", (1, 1))
    digest(folder)
    assert read.call_count == 3


def test_a_copy_that_keeps_size_and_time_is_seen(folder, tmp_path):
    image = folder / "train/left/0.png"
    other = tmp_path / "other.png"
    other.write_bytes(b"x" * image.stat().st_size)
    for path in (image, other):
        os.utime(path, (1, 1))
    before = digest(folder)
    shutil.copy2(other, image)
    assert image.stat().st_mtime == 1
    assert digest(folder) != before


def test_a_file_has_a_digest_too(folder, tmp_path):
    file, cache = folder / "train/left/0.png", tmp_path / "cache.json"
    before = folders.digest(file, cache)
    file.write_bytes(b"another")
    os.utime(file, (1, 1))  # older than it was
    assert folders.digest(file, cache) != before


def test_folders_that_are_left_out(folder, tmp_path):
    cache, made = tmp_path / "cache.json", folder / "results"
    before = folders.digest(folder, cache)
    made.mkdir()
    (made / "a.csv").touch()
    assert folders.digest(folder, cache, leave=[made]) == before
    assert folders.digest(folder, cache) != before


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"stats": 1}'])
def test_a_damaged_cache_is_written_anew(folder, content):
    before = digest(folder)
    (folder.parent / "cache.json").write_bytes(content)
    assert digest(folder) == before


def test_links_are_followed_and_cycles_end(folder, tmp_path):
    scratch = tmp_path / "scratch"
    (folder / "train/left").rename(scratch)
    (folder / "train/left").symlink_to(scratch)
    (scratch / "up").symlink_to(folder)
    listed = folders.files(folder)
    assert listed[:2] == ["train/left/0.png", "train/left/1.png"]
    assert len(listed) < 20
