"""Zip files whose content decides their bytes, with the SHA-256 of every file inside."""

import hashlib
import shutil
import zipfile
from pathlib import Path

from normscape.archive.checksums import line
from normscape.files import atomic, digest

CHECKSUMS = "manifest-sha256.txt"
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
