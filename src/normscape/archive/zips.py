"""Zip files whose content decides their bytes, with the SHA-256 of every file inside."""

import hashlib
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from normscape.files import atomic, digest

CHECKSUMS = "manifest-sha256.txt"
# The same for all files, so that the same content is the same zip.
_DATE = (1980, 1, 1, 0, 0, 0)
# What zipfile raises for damaged or foreign content.
_UNREADABLE = (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, ValueError)


def checksums(files: dict[str, Path | bytes]) -> str:
    """A line "SHA-256  name" for each file, sorted by name, as ``sha256sum`` reads."""
    return "".join(f"{_digest(files[name])}  {name}\n" for name in sorted(files))


def _digest(content):
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    return digest(content)


def write(path, files: dict[str, Path | bytes]) -> None:
    """Write files, given by their name inside, and the list of their checksums.

    Links are followed. The same files give the same bytes.
    """
    files = files | {CHECKSUMS: checksums(files).encode()}
    with atomic(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            with archive.open(entry, "w", force_zip64=True) as inside:
                if isinstance(files[name], bytes):
                    inside.write(files[name])
                else:
                    with open(files[name], "rb") as file:
                        shutil.copyfileobj(file, inside)


def damages(path) -> Iterator[str]:
    """A line for each thing that is wrong with an archive; nothing is unpacked."""
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        yield f"{path}: not a complete zip file ({error})"
        return
    with archive:
        names = archive.namelist()
        outside = [name for name in names if not _stays_inside(name)]
        if outside:
            yield f"{outside[0]}: leads outside the folder"
            return
        if len(set(names)) < len(names):
            yield "a file is there twice"
            return
        if CHECKSUMS not in names:
            yield f"{CHECKSUMS}: missing"
            return
        try:
            lines = archive.read(CHECKSUMS).decode().splitlines()
        except _UNREADABLE as error:
            yield f"{CHECKSUMS}: unreadable ({error})"
            return
        expected = dict(reversed(line.split("  ", 1)) for line in lines if "  " in line)
        for name in sorted(expected.keys() - set(names)):
            yield f"{name}: missing"
        for name in sorted(set(names) - expected.keys() - {CHECKSUMS}):
            yield f"{name}: not of this archive"
        for name in sorted(expected.keys() & set(names)):
            if _digest_inside(archive, name) != expected[name]:
                yield f"{name}: other bytes than when it was archived"


def _stays_inside(name):
    path = PurePosixPath(name)
    return not (path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name)


def _digest_inside(archive, name):
    try:
        with archive.open(name) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except _UNREADABLE:
        return "unreadable"


def unpack(path, folder) -> None:
    """Unpack an archive without damages into a folder."""
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
