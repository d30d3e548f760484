"""Figures inside a page."""

import base64
import io
from pathlib import Path
from typing import NamedTuple

from PIL import Image


class Inlined(NamedTuple):
    """An image as a data address, and its size in pixels."""

    address: str
    width: int
    height: int


def inlined(path: Path) -> Inlined:
    """A PNG with 256 colours, in which the eye misses nothing of a plot; a third of its size."""
    with Image.open(path) as image:
        reduced = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    content = io.BytesIO()
    reduced.save(content, "PNG", optimize=True)
    text = base64.b64encode(content.getvalue()).decode()
    return Inlined(f"data:image/png;base64,{text}", *reduced.size)
