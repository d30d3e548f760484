"""Standard output and standard error."""

import io
import sys


def allow_any_text() -> None:
    """Print characters that the locale lacks as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
