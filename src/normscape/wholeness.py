"""Whether a file is whole: by what its format says of its own end, or by its SHA-256."""

import contextlib
import json
from pathlib import Path

from safetensors import SafetensorError, safe_open

from normscape.files import digest, read_lines

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


def check_run(manifest) -> dict[Path, str]:
    """The SHA-256 of a run's outputs, by path, as its manifest ``run.json`` lists them.

    A ValueError names an output that is there with other bytes; checkpoints need not stay.
    """
    manifest = Path(manifest)
    try:
        listed = json.loads(manifest.read_text())["sha256"]
    except (ValueError, KeyError):
        raise ValueError(
            f"{manifest}: not a whole manifest; delete it, and run again"
        ) from None
    expected = {manifest.parent / name: listed[name] for name in listed}
    for path, sha256 in expected.items():
        with contextlib.suppress(FileNotFoundError):
            if digest(path) != sha256:
                raise ValueError(
                    f"{path}: other bytes than after the training; "
                    "delete it, and run again"
                )
    return expected


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
