"""Folders that users fill: which of their files count, and one digest of them."""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from normscape.files import atomic
from normscape.files import digest as digest_of_file

# What systems and programs leave in a folder, in lower case.
_LEFTOVERS = {
    *("@eadir", "@__thumb", "@recycle", "#recycle", "#snapshot", "$recycle.bin"),
    *("network trash folder", "lost+found", "_gsdata_"),
    *("system volume information", "__macosx", "__pycache__"),
    *("desktop.ini", "thumbs.db", "ehthumbs.db"),
}
_UNFINISHED = (".crdownload", ".part", ".partial", ".swp", "~")


def is_leftover(name: str) -> bool:
    """Whether a file or folder of this name is hidden, a backup, or a system's own.

    >>> [is_leftover(name) for name in (".DS_Store", "@eaDir", "a.png~", "a.png")]
    [True, True, True, False]
    """
    return (
        name.startswith((".", "~$"))
        or name.lower().endswith(_UNFINISHED)
        or (name.startswith("#") and name.endswith("#"))
        or ".sync-conflict-" in name
        or name.lower() in _LEFTOVERS
    )


def files(folder: str | os.PathLike) -> list[str]:
    """The files below a folder, relative to it and sorted; leftovers do not count.

    Linked folders are followed, each once on a path, so that a link to a parent ends.
    """
    return sorted(name for name, _ in _entries(folder, leave=()))


def _entries(folder, leave, prefix="", parents=()) -> Iterator[tuple[str, os.DirEntry]]:
    real = os.path.realpath(folder)
    if real in parents or real in leave:
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if is_leftover(entry.name):
                continue
            path = f"{prefix}{entry.name}"
            if entry.is_dir():
                yield from _entries(entry.path, leave, f"{path}/", (*parents, real))
            else:
                yield path, entry


def digest(path: Path, cache: Path, leave: Iterable[Path] = ()) -> str:
    """The digest of a file, or of names and contents of a folder's ``files``: 16 digits.

    cache : a file for the digest. Contents are read again only where a name, a size, a time
        or an inode has changed since it was written. leave : folders that do not count.
    """
    # A path has the method stat, as the entries of a folder do.
    entries = [("", path)]
    if path.is_dir():
        leave = {os.path.realpath(folder) for folder in leave}
        entries = sorted(_entries(path, leave), key=lambda entry: entry[0])
    stats = hashlib.sha256()
    for name, entry in entries:
        # A link that leads nowhere has a name and no content.
        with contextlib.suppress(OSError):
            stat = entry.stat()
            # A copy can keep size and time of modification, but not the time of change.
            numbers = stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino
            name = f"{name}\0{numbers}"
        stats.update(f"{name}\0".encode(errors="surrogateescape"))
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(cache.read_text(encoding="utf-8"))
        if known["stats"] == stats.hexdigest():
            return known["digest"]
    contents = hashlib.sha256()
    for name, entry in entries:
        contents.update(f"{name}\0".encode(errors="surrogateescape"))
        with contextlib.suppress(OSError):
            contents.update(digest_of_file(entry).encode())
    content_digest = contents.hexdigest()[:16]
    with contextlib.suppress(OSError), atomic(cache) as temporary:
        known = {"stats": stats.hexdigest(), "digest": content_digest}
        temporary.write_text(json.dumps(known), encoding="utf-8")
    return content_digest
