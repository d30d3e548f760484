"""Archives as others hand them back: packed again by another program, or unpacked."""

import contextlib
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from normscape.archive import checksums
from normscape.archive.names import (
    as_utf8,
    enumerate_names,
    on_disk,
    printable,
    stays_inside,
)
from normscape.archive.zips import CHECKSUMS
from normscape.files import digest

# What systems add to a folder or to a zip, in lower case.
_OF_SYSTEMS = (".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini")


class Archive:
    """The folder of an archive's files.

    checksums : those that it lists, by name. A ValueError or an OSError says that the list
    can't be read, or has a name that leads outside the folder.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        listing = (folder / CHECKSUMS).read_bytes()
        self.checksums = checksums.read(listing.decode("utf-8", "replace"))
        for name in self.checksums:
            if not stays_inside(name):
                raise ValueError(
                    f"{printable(name)}: expected a path inside the folder, got one outside"
                )

    def path(self, name: str) -> Path:
        """The path of a file by its name in the archive."""
        return self.folder / on_disk(name)

    def damages(self) -> Iterator[str]:
        """A line for each difference between the folder and the list of checksums.

        Files that systems add to folders are no damage.
        """
        for name, expected in sorted(self.checksums.items()):
            path = self.path(name)
            if not path.is_file():
                yield f"{printable(name)}: missing"
            elif digest(path) != expected:
                yield f"{printable(name)}: checksum mismatch: changed since it was archived"
        for name in sorted(self._unlisted()):
            yield f"{printable(name)}: not of this archive"

    def _unlisted(self) -> Iterator[str]:
        listed = {PurePosixPath(name) for name in (*self.checksums, CHECKSUMS)}
        holding = {folder for name in listed for folder in name.parents}
        # A link to a folder is not followed. It may hold listed files.
        for path in self.folder.rglob("*"):
            name = PurePosixPath(as_utf8(path.relative_to(self.folder)))
            is_folder = path.is_dir() and not path.is_symlink()
            if not (name in listed or name in holding or is_folder or _is_added(name)):
                yield str(name)

    def copy(self, folder: Path) -> None:
        """Copy the listed files into another folder."""
        for name in (*self.checksums, CHECKSUMS):
            to = folder / on_disk(name)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.path(name), to)


def _is_added(name: PurePosixPath) -> bool:
    """Whether a system has added this file."""
    *folders, file = name.parts
    return file.lower() in _OF_SYSTEMS or file.startswith("._") or "__MACOSX" in folders


@contextlib.contextmanager
def opened(path: str | Path) -> Iterator[Archive]:
    """A zip, or a folder that one was unpacked into; with or without a folder around it.

    A zip is unpacked into a temporary folder. A ValueError or an OSError says in one line
    why it is no archive.
    """
    if Path(path).is_dir():
        yield Archive(_root(Path(path)))
        return
    with tempfile.TemporaryDirectory(prefix="normscape-archive-") as folder:
        _extract(path, folder)
        yield Archive(_root(Path(folder)))


def _extract(path, folder):
    """Unpack a zip; zipfile keeps all names inside the folder."""
    try:
        with zipfile.ZipFile(path, metadata_encoding="utf-8") as file:
            extracted = set()
            for entry in file.infolist():
                # Some programs on Windows (system 0) put backslashes between folders.
                if entry.create_system == 0:
                    entry.filename = entry.filename.replace("\\", "/")
                entry.filename = on_disk(entry.filename)
                path_on_disk = file.extract(entry, folder)
                if path_on_disk in extracted and not entry.is_dir():
                    raise ValueError(f"duplicate file {printable(entry.filename)}")
                extracted.add(path_on_disk)
    except FileNotFoundError:
        raise ValueError(f"{path}: expected a zip file, got none") from None
    # zipfile raises nearly anything for damaged content.
    except Exception as error:
        raise ValueError(
            f"{path}: expected a complete zip file, got a damaged one ({error})"
        ) from None


def _root(folder: Path) -> Path:
    """The folder that holds the list of checksums, at whatever depth."""
    lists = sorted(folder.rglob(CHECKSUMS), key=lambda path: len(path.parts))
    roots = [path.parent for path in lists if len(path.parts) == len(lists[0].parts)]
    if len(roots) != 1:
        got = enumerate_names(sorted(map(str, roots))) or "none"
        raise ValueError(f"{folder}: expected one {CHECKSUMS}, got {got}")
    return roots[0]
