"""Figures inside a page."""

import base64
import io
from pathlib import Path
from typing import NamedTuple

from PIL import Image


class InlineImage(NamedTuple):
    """An image as a data address, and its size in pixels."""

    address: str
    width: int
    height: int


def inline(path: Path) -> InlineImage:
    """Read a PNG and reduce it to 256 colours: plots look the same at a third of the size."""
    with Image.open(path) as image:
        reduced = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    content = io.BytesIO()
    reduced.save(content, "PNG", optimize=True)
    text = base64.b64encode(content.getvalue()).decode()
    return InlineImage(f"data:image/png;base64,{text}", *reduced.size)
