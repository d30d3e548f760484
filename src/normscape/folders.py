"""Folders that users fill: which of their files count, and one digest of them."""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from normscape.files import atomic

# What systems and programs leave in a folder, in lower case.
_LEFTOVERS = {
    "@eadir",
    "#recycle",
    "$recycle.bin",
    "__macosx",
    "__pycache__",
    "desktop.ini",
    "ehthumbs.db",
    "lost+found",
    "system volume information",
    "thumbs.db",
}


def is_leftover(name: str) -> bool:
    """Whether a file or folder of this name is hidden, a backup, or a system's own.

    >>> [is_leftover(name) for name in (".DS_Store", "@eaDir", "a.png~", "a.png")]
    [True, True, True, False]
    """
    return (
        name.startswith((".", "~$"))
        or name.endswith("~")
        or (name.startswith("#") and name.endswith("#"))
        or name.lower() in _LEFTOVERS
    )


def files(folder: str | os.PathLike) -> list[str]:
    """The files below a folder, relative to it and sorted; leftovers do not count.

    Linked folders are followed, each once on a path, so that a link to a parent ends.
    """
    return sorted(path for path, _ in _entries(folder))


def _entries(folder, prefix="", parents=()) -> Iterator[tuple[str, os.DirEntry]]:
    real = os.path.realpath(folder)
    if real in parents:
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if is_leftover(entry.name):
                continue
            path = f"{prefix}{entry.name}"
            if entry.is_dir():
                yield from _entries(entry.path, f"{path}/", (*parents, real))
            else:
                yield path, entry


def digest(folder: str | os.PathLike, cache: Path) -> str:
    """The digest of the names and contents of ``files(folder)``: 16 hexadecimal digits.

    cache : a file for the digest. Contents are read again only where a name, a size or a
        time of modification has changed since it was written.
    """
    entries = sorted(_entries(folder), key=lambda entry: entry[0])
    stats = hashlib.sha256()
    for path, entry in entries:
        # A link that leads nowhere has a name and no content.
        with contextlib.suppress(OSError):
            stat = entry.stat()
            path = f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}"
        stats.update(f"{path}\0".encode(errors="surrogateescape"))
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(cache.read_text(encoding="utf-8"))
        if known["stats"] == stats.hexdigest():
            return known["digest"]
    contents = hashlib.sha256()
    for path, entry in entries:
        contents.update(f"{path}\0".encode(errors="surrogateescape"))
        with contextlib.suppress(OSError):
            contents.update(hashlib.sha256(Path(entry.path).read_bytes()).digest())
    found = contents.hexdigest()[:16]
    with contextlib.suppress(OSError), atomic(cache) as temporary:
        known = {"stats": stats.hexdigest(), "digest": found}
        temporary.write_text(json.dumps(known), encoding="utf-8")
    return found
