"""Names of files as they stand in archives, in lists of checksums and in messages."""

import os
import re
import sys
from pathlib import PurePosixPath


def in_archive(path: str | os.PathLike) -> str:
    """The name that a relative path has in an archive, the same in every locale.

    A ValueError names a path that is not UTF-8, or that other systems would unpack
    outside the folder.
    """
    name = as_utf8(path)
    is_utf8 = not re.search("[\udc80-\udcff]", name)
    if not (is_utf8 and stays_inside(name)):
        raise ValueError(
            f"{printable(name)}: expected a name in UTF-8 that stays inside the folder on "
            "every system; rename the file"
        )
    return name


def as_utf8(path: str | os.PathLike) -> str:
    """The name in UTF-8 of a path, whatever this system's locale; the inverse of on_disk."""
    return os.fsencode(path).decode("utf-8", "surrogateescape")


def on_disk(name: str) -> str:
    """The path of an archive's file as this system's locale has it."""
    return os.fsdecode(name.encode("utf-8", "surrogateescape"))


def stays_inside(name: str) -> bool:
    r"""Whether a name leads to a place inside the folder, also where "\" separates folders.

    >>> [stays_inside(name) for name in ("a/b", r"a\b", "a/12:30", "/a", "C:a", r"..\a")]
    [True, True, True, False, False, False]
    """
    path = PurePosixPath(name.replace("\\", "/"))
    return not (path.is_absolute() or ".." in path.parts or re.match("[A-Za-z]:", name))


def printable(name: str) -> str:
    r"""A name for a message of one line.

    >>> printable("größe.txt"), printable("two\nlines")
    ('größe.txt', "'two\\nlines'")
    """
    shown = name if name.isprintable() else repr(name)
    encoding = sys.stdout.encoding or "utf-8"  # the locale's
    return shown.encode(encoding, "backslashreplace").decode(encoding)


def enumerate_names(names: list[str], most: int = 3) -> str:
    """Names for a message; of many only the first.

    >>> enumerate_names(["a", "b"]), enumerate_names(["a", "b", "c", "d"])
    ('a, b', 'a, b, c, ...')
    """
    shown = [printable(name) for name in names[:most]]
    return ", ".join([*shown, "..."] if len(names) > most else shown)
