"""Archives as others hand them back: packed again by another program, or unpacked."""

import contextlib
import functools
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

from normscape.archive.checksums import read
from normscape.archive.names import enumerate_names, on_disk, printable, stays_inside

CHECKSUMS = "manifest-sha256.txt"
# What zipfile raises for damaged or foreign content.
UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, OSError, RuntimeError, ValueError),
)
# What systems add to a folder or to a zip, in lower case.
_OF_SYSTEMS = (".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini")


class Archive(NamedTuple):
    """The files of an archive.

    files : functions that open a file, by its name. checksums : those that the archive
    lists, by name. unlisted : the names of all other files.
    """

    files: dict[str, Callable[[], BinaryIO]]
    checksums: dict[str, str]
    unlisted: list[str]


@contextlib.contextmanager
def opened(path) -> Iterator[Archive]:
    """A zip, or a folder that one was unpacked into; with or without a folder around it.

    A ValueError or an OSError says in a line why it is no archive. No name leads outside.
    """
    if Path(path).is_dir():
        yield _listed(*_in_folder(Path(path)))
        return
    try:
        file = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise ValueError(f"{path}: no such file") from None
    except UNREADABLE as error:
        raise ValueError(f"{path}: not a complete zip file ({error})") from None
    with file:
        yield _listed(*_in_zip(file))


def _in_folder(folder):
    """The files of the folder that holds the list of checksums."""
    if (folder / CHECKSUMS).is_file():
        root = folder
    else:
        inside = [p for p in folder.iterdir() if (p / CHECKSUMS).is_file()]
        root = _only(inside, f"{folder}: expected an archive; it has no {CHECKSUMS}")
    listed = _read_checksums((root / CHECKSUMS).open, "rb")
    holding = {str(folder) for name in listed for folder in PurePosixPath(name).parents}
    names, others = set(listed), []
    for at, folders, own in os.walk(root):
        for name in (*folders, *own):
            path = Path(at, name)
            relative = os.fsencode(path.relative_to(root)).decode(
                "utf-8", "surrogateescape"
            )
            if path.is_file():
                names.add(relative)
            # A link to a folder may hold listed files. What else is no folder is added.
            elif relative not in holding and (path.is_symlink() or not path.is_dir()):
                others.append(relative)
    paths = {name: root / on_disk(name) for name in names}
    files = {
        name: functools.partial(path.open, "rb")
        for name, path in paths.items()
        if path.is_file()
    }
    return files, others


def _in_zip(file):
    """The files of the folder that holds the list of checksums, and other names."""
    entries = {}
    for entry in file.infolist():
        name = _name(entry)
        if not stays_inside(name):
            raise ValueError(f"{printable(name)}: leads outside the folder")
        if name.endswith("/"):
            continue
        name = str(PurePosixPath(name))
        if name in entries:
            raise ValueError(f"{printable(name)}: there twice")
        entries[name] = functools.partial(file.open, entry)
    lists = [PurePosixPath(name) for name in entries]
    lists = [path for path in lists if path.name == CHECKSUMS]
    depth = min((len(path.parts) for path in lists), default=0)
    roots = [path.parent for path in lists if len(path.parts) == depth]
    root = _only(roots, f"{CHECKSUMS}: missing")
    inside = [name for name in entries if PurePosixPath(name).is_relative_to(root)]
    files = {
        str(PurePosixPath(name).relative_to(root)): entries[name] for name in inside
    }
    return files, entries.keys() - inside


def _name(entry):
    """The name of a zip's entry, with slashes; folders end with one."""
    name = entry.filename
    if not entry.flag_bits & 0x800:
        # Without the flag for UTF-8, Python takes the bytes for code page 437.
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    # Some programs on Windows (system 0) put backslashes between folders.
    return name.replace("\\", "/") if entry.create_system == 0 else name


def _only(roots, none):
    """The one place where an archive is; ``none`` says that there is none."""
    if not roots:
        raise ValueError(none)
    if len(roots) > 1:
        found = enumerate_names(sorted(map(str, roots)))
        raise ValueError(f"expected one archive, got {len(roots)}: {found}")
    return roots[0]


def _listed(files, others):
    checksums = _read_checksums(files[CHECKSUMS])
    unlisted = [*(files.keys() - checksums.keys() - {CHECKSUMS}), *others]
    return Archive(
        files, checksums, [name for name in unlisted if not _is_of_a_system(name)]
    )


def _read_checksums(opener, *arguments):
    try:
        with opener(*arguments) as file:
            listed = read(file.read().decode())
    except UNREADABLE as error:
        raise ValueError(f"{CHECKSUMS}: unreadable ({error})") from None
    for name in listed:
        if not stays_inside(name):
            raise ValueError(f"{printable(name)}: leads outside the folder")
    return listed


def _is_of_a_system(name):
    *folders, file = name.lower().split("/")
    return file in _OF_SYSTEMS or file.startswith("._") or "__macosx" in folders
