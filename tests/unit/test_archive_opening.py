"""Archives packed again by other programs, unpacked, or not archives at all."""

import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from normscape.archive import zips
from project import damages, unpack

FILES = {
    "Snakefile": b"rules\n",
    ".snakemake/metadata/a": b"{}",
    "results/12:30 größe.csv": b"1\n",
    "results/a\\b\nc.csv": b"2\n",
}


@pytest.fixture
def archive(tmp_path) -> Path:
    zips.write(tmp_path / "a.zip", FILES)
    return tmp_path / "a.zip"


@pytest.fixture
def unpacked(archive, tmp_path) -> Path:
    unpack(archive, tmp_path / "outer/inner")
    return tmp_path / "outer/inner"


def assert_is_intact(path, tmp_path):
    assert damages(path) == []
    folder = tmp_path / "again"
    unpack(path, folder)
    files = [file for file in folder.rglob("*") if file.is_file()]
    content = {str(file.relative_to(folder)): file.read_bytes() for file in files}
    del content[zips.CHECKSUMS]
    assert content == FILES


def write_zip(path: Path, files: dict, system: int = 3) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.create_system = system
            file.writestr(entry, content)
    return path


def contents(archive) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as file:
        return {name: file.read(name) for name in file.namelist()}


@pytest.mark.parametrize("around", [False, True])
def test_packed_with_zip(unpacked, tmp_path, around):
    folder = unpacked.parent if around else unpacked
    for name in (".DS_Store", "__MACOSX/inner/._Snakefile", "Thumbs.db"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    (folder / "an empty folder").mkdir()
    subprocess.run(["zip", "-qr", tmp_path / "b.zip", "."], cwd=folder, check=True)
    assert_is_intact(tmp_path / "b.zip", tmp_path)


def test_packed_with_backslashes_between_folders(archive, tmp_path):
    files = {k: v for k, v in FILES.items() if "\\" not in k}
    zips.write(archive, files)
    windows = {
        f"inner\\{name}".replace("/", "\\"): content
        for name, content in contents(archive).items()
    }
    assert damages(write_zip(tmp_path / "b.zip", windows, system=0)) == []


def test_unpacked(unpacked, tmp_path):
    (unpacked / ".DS_Store").write_bytes(b"x")
    (unpacked.parent / "another").mkdir()
    assert damages(unpacked.parent) == []
    assert_is_intact(unpacked, tmp_path)


def test_an_unpacked_folder_moved_and_linked(unpacked, tmp_path):
    (unpacked / "results").rename(tmp_path / "scratch")
    (unpacked / "results").symlink_to(tmp_path / "scratch")
    (tmp_path / "scratch/round").symlink_to(unpacked)
    assert_is_intact(unpacked, tmp_path)


def test_damages_of_a_folder(unpacked):
    (unpacked / "Snakefile").write_bytes(b"other")
    (unpacked / ".snakemake/metadata/a").unlink()
    os.mkfifo(unpacked / ".snakemake/metadata/a")
    (unpacked / "yaml.py").write_bytes(b"")
    (unpacked / b"\xff.txt".decode("utf-8", "surrogateescape")).write_bytes(b"")
    actual = {line.split(": ")[0] for line in damages(unpacked)}
    assert actual == {"Snakefile", ".snakemake/metadata/a", "yaml.py", r"'\udcff.txt'"}


@pytest.mark.parametrize("system", [0, 3])
@pytest.mark.parametrize(
    "name",
    ["../up", "a/../../up", "/etc/up", "C:/up", "C:up", "..\\up", "\\\\host\\up"],
)
def test_paths_that_lead_outside(archive, unpacked, tmp_path, name, system):
    files = contents(archive) | {name: b""}
    lines = damages(write_zip(tmp_path / "b.zip", files, system))
    assert any("up: " in line for line in lines)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a.zip",
        "b.zip",
        "outer",
    ]
    with open(unpacked / zips.CHECKSUMS, "a", encoding="utf-8") as file:
        file.write(zips.checksums({name: b""}))
    (line,) = damages(unpacked)
    assert "outside" in line


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["Snakefile", "./Snakefile"])
def test_names_that_are_there_twice(archive, name):
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr(name, b"rules\n")
    (line,) = damages(archive)
    assert "Snakefile" in line


def test_a_link_in_a_zip_is_not_followed(archive, tmp_path):
    files = contents(archive)
    link = zipfile.ZipInfo("Snakefile")
    link.external_attr = 0o120777 << 16
    del files["Snakefile"]
    path = write_zip(tmp_path / "b.zip", files)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(link, b"/etc/passwd")
    (line,) = damages(path)
    assert line.startswith("Snakefile: ")


def test_a_file_that_was_added_to_a_zip(archive, tmp_path):
    files = {f"a/b/{name}": content for name, content in contents(archive).items()}
    path = write_zip(tmp_path / "b.zip", files | {"a/b/x.py": b""})
    assert [line.split(": ")[0] for line in damages(path)] == ["x.py"]


def test_two_archives(unpacked, tmp_path):
    unpack(tmp_path / "a.zip", tmp_path / "outer/second")
    (line,) = damages(tmp_path / "outer")
    assert "inner" in line
    assert "second" in line


@pytest.mark.parametrize(
    "content", [None, b"", b"<html></html>", b"PK\x03\x04", b"PK\x05\x06" + bytes(18)]
)
def test_no_archive(tmp_path, content):
    path = tmp_path / "a.zip"
    if content is not None:
        path.write_bytes(content)
    (line,) = damages(path)
    assert "\n" not in line
    (line,) = damages(tmp_path)
    assert zips.CHECKSUMS in line


@pytest.mark.parametrize("at", [0.1, 0.5, 0.9, 0.99])
def test_damaged_bytes_are_no_traceback(archive, at):
    content = bytearray(archive.read_bytes())
    start = int(len(content) * at)
    content[start : start + 20] = b"\xff" * 20
    archive.write_bytes(content)
    assert damages(archive) != []


@pytest.mark.parametrize("target", ["/etc", "/nowhere", None])
@pytest.mark.parametrize("place", ["evil", "src/evil"])
def test_a_link_or_pipe_that_was_added_to_a_folder(unpacked, place, target):
    (unpacked / place).parent.mkdir(exist_ok=True)
    if target:
        (unpacked / place).symlink_to(target)
    else:
        os.mkfifo(unpacked / place)
    (damage,) = damages(unpacked)
    assert place in damage
