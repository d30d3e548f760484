r"""Lists of checksums as ``sha256sum`` writes them.

A line is "SHA-256  name". Where the name has a backslash or a line end, the line begins
with a backslash, and the name has ``\\``, ``\n`` and ``\r`` instead.
"""

import re

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}
_CHARACTERS = {escape: character for character, escape in _ESCAPES.items()}


def line(checksum: str, name: str) -> str:
    r"""The line of a file.

    >>> line("0f", "a.txt"), line("0f", r"a\b")
    ('0f  a.txt\n', '\\0f  a\\\\b\n')
    """
    escaped = re.sub(r"[\\\n\r]", lambda match: _ESCAPES[match[0]], name)
    return f"{'' if escaped == name else chr(92)}{checksum}  {escaped}\n"


def read(text: str) -> dict[str, str]:
    """The checksums by name; damaged lines are left out.

    The list may have passed through a system with other line ends.
    """
    checksums = {}
    # Not splitlines(), which also splits at other characters that names may have.
    for row in text.split("\n"):
        if match := re.fullmatch(r"(\\?)([0-9a-f]{64})  ([^\r]+)\r?", row, re.DOTALL):
            escaped, checksum, name = match.groups()
            if escaped:
                name = re.sub(r"\\[\\nr]", lambda match: _CHARACTERS[match[0]], name)
            checksums[name] = checksum
    return checksums
