"""The stream that Snakemake prints to, with one status line that is redrawn in place."""

import contextlib
import logging
import os
import shutil
import unicodedata

CLEAR = "\r\x1b[K"


class Console:
    """Replaces a stream handler. It needs no lock, because the handler that calls it has one.

    redraws : whether the stream is a terminal in which a line can be redrawn.
    """

    def __init__(self, handler: logging.StreamHandler):
        self._handler = handler
        self._stream = handler.stream
        self._line = ""
        terminal = os.environ.get("TERM") or "dumb"
        self.redraws = self._stream.isatty() and terminal != "dumb"

    def handle(self, record: logging.LogRecord) -> None:
        """Print a record as Snakemake does."""
        self.clear()
        self._handler.handle(record)

    def print(self, text: str) -> None:
        self.clear()
        self._write(text + "\n")

    def draw(self, line: str) -> None:
        """Redraw the status line, cut to the terminal's width."""
        size = os.get_terminal_size(self._stream.fileno())
        # The last column stays free, because some terminals wrap after it.
        width = (shutil.get_terminal_size(fallback=size).columns or 80) - 1
        self._line = cut(line, width)
        self._write(CLEAR + self._line)

    def clear(self) -> None:
        if self._line:
            self._line = ""
            self._write(CLEAR)

    def _write(self, text):
        # Jobs go on where the terminal is closed, or the disk of an output file full.
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()


def cut(line: str, width: int) -> str:
    """The start of a line that fits into a number of terminal columns."""
    columns = 0
    for position, character in enumerate(line):
        columns += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if columns > width:
            return line[:position]
    return line
