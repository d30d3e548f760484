"""Zip files whose content decides their bytes, with the SHA-256 of every file inside."""

import hashlib
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

from normscape.archive import opening
from normscape.archive.checksums import line
from normscape.archive.names import on_disk, printable
from normscape.archive.opening import CHECKSUMS
from normscape.files import atomic, digest

# The same for all files, so that the same content is the same zip.
_DATE = (1980, 1, 1, 0, 0, 0)


def checksums(files: dict[str, Path | bytes]) -> str:
    """The list of the checksums of files, sorted by name, as ``sha256sum`` reads it."""
    return "".join(line(_digest(files[name]), name) for name in sorted(files))


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
    """A line for each thing that is wrong with an archive; nothing is unpacked.

    path : a zip, or a folder that one was unpacked into. A folder around everything, and
        what systems add to folders, are no damage.
    """
    try:
        with opening.opened(path) as archive:
            yield from _differences(archive)
    except (OSError, ValueError) as error:
        yield str(error)


def _differences(archive):
    for name in sorted(archive.checksums.keys() - archive.files.keys()):
        yield f"{printable(name)}: missing"
    for name in sorted(archive.unlisted):
        yield f"{printable(name)}: not of this archive"
    for name in sorted(archive.checksums.keys() & archive.files.keys()):
        try:
            with archive.files[name]() as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except opening.UNREADABLE as error:
            yield f"{printable(name)}: unreadable ({error})"
            continue
        if found != archive.checksums[name]:
            yield f"{printable(name)}: other bytes than when it was archived"


def unpack(path, folder) -> None:
    """Copy the files of an archive without damages into a folder."""
    with opening.opened(path) as archive:
        for name in (*archive.checksums, CHECKSUMS):
            to = Path(folder, on_disk(name))
            to.parent.mkdir(parents=True, exist_ok=True)
            with archive.files[name]() as source, open(to, "wb") as target:
                shutil.copyfileobj(source, target)
