"""Whether a file is whole, by what its format says of its own end."""

from pathlib import Path

from safetensors import SafetensorError, safe_open

from normscape.files import read_lines

# Bytes that a file of this kind begins and ends with.
_ENDS = {
    ".png": (b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"),
    ".pdf": (b"%PDF-", b"%%EOF\n"),
    ".md": (b"", b"\n"),
}


def check(path) -> None:
    """Raise a ValueError that names a file cut short or of another kind than its name.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "verdicts.md"
    >>> _ = path.write_text("| claim |\\n")
    >>> check(path)
    >>> _ = path.write_text("| clai")
    >>> check(path)
    Traceback (most recent call last):
    ...
    ValueError: ...verdicts.md: cut short, or no .md; delete it, and run again
    """
    path = Path(path)
    if path.suffix == ".csv":
        read_lines(path)
        return
    whole = _opens(path) if path.suffix == ".safetensors" else _has_both_ends(path)
    if not whole:
        raise ValueError(
            f"{path}: cut short, or no {path.suffix}; delete it, and run again"
        )


def _has_both_ends(path):
    start, end = _ENDS[path.suffix]
    content = path.read_bytes()
    return content.startswith(start) and content.endswith(end)


def _opens(path):
    try:
        with safe_open(path, "numpy"):
            return True
    except SafetensorError:
        return False
