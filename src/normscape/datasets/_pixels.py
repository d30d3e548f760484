"""One image file as 8-bit RGB, as a viewer would show it."""

import contextlib
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

# Formats whose further frames are previews, depth maps or layers of the one picture.
_ONE_PICTURE = {"MPO", "PSD"}

# Modes that Pillow converts to RGB without clipping: they have a black and a white.
_WITH_WHITE = {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX"}
_WITH_WHITE |= {"CMYK", "YCbCr", "HSV", "LAB"}

# Image suffixes of which Pillow knows nothing.
_OTHER_SUFFIXES = {".heic", ".heif", ".jxl", ".svg", ".cr3", ".raw"}

_BITS_PER_SAMPLE, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339  # TIFF
_WHITE_IS_ZERO, _UNSIGNED = 0, 1


def read(path: Path) -> np.ndarray | None:
    """The pixels as uint8 of shape (height, width, 3); None where it is no image.

    The orientation of EXIF is applied, greys of 16 bits are scaled to 8, and what is
    transparent shows white. Colour profiles are not applied. A ValueError says why an
    image can't be taken: it is damaged, has several frames, or no defined white.
    """
    try:
        with warnings.catch_warnings():
            # What ends in pixels or in one line needs no warnings.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            # A path would be mapped to memory, where Pillow 13.0 swaps the sides of greys
            # that are to be turned.
            with path.open("rb") as file, Image.open(file) as image:
                return np.asarray(_as_shown(image))
    except _UnclearImageError:
        raise
    except UnidentifiedImageError:
        suffix = path.suffix.lower()
        if (
            suffix not in _OTHER_SUFFIXES
            and suffix not in Image.registered_extensions()
        ):
            return None
        reason = "one that Pillow cannot identify"
    # Pillow raises nearly anything for a damaged file.
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
    raise ValueError(
        f"expected an intact image, got {reason}; replace, convert or remove it"
    )


class _UnclearImageError(ValueError):
    """An intact file that does not say what it looks like."""


def _as_shown(image: Image.Image) -> Image.Image:
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format not in _ONE_PICTURE:
        raise _UnclearImageError(
            f"expected one picture, got {frames} frames; save the one that counts"
        )
    _check_extent(image)
    _check_transparency(image)
    # What the file declares is known before its pixels are loaded.
    bits, inverted = _declared_bits(image), _is_inverted(image)
    image = _upright(image)
    if bits:
        return _from_deep_greys(image, 2**bits - 1, inverted)
    if image.mode not in _WITH_WHITE:
        raise _UnclearImageError(
            f"expected 8 or 16 bits per channel, got mode {image.mode}, in which no "
            "value is defined as white; convert it to 8 bits"
        )
    if image.has_transparency_data:
        # Pillow has no direct way from La to RGBA.
        image = image.convert("LA") if image.mode == "La" else image
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    return image.convert("RGB")


def _upright(image):
    image.load()
    # Viewers show a picture as it is stored where its EXIF is damaged.
    with contextlib.suppress(Exception):
        return ImageOps.exif_transpose(image)
    return image


def _check_extent(image):
    """A GIF shows nothing around a frame that is smaller than its screen."""
    if image.format == "GIF" and "transparency" not in image.info:
        extents = image.tile[0][1]
        if extents != (0, 0, *image.size):
            raise _UnclearImageError(
                f"expected a frame of {image.width} x {image.height} pixels, got one at "
                f"{extents}; save it as PNG"
            )


def _declared_bits(image) -> int | None:
    """How many bits a grey value has; None where Pillow makes 8 of them, or unknown."""
    if image.format == "TIFF":
        formats = image.tag_v2.get(_SAMPLE_FORMAT, (_UNSIGNED,))
        if set(formats) != {_UNSIGNED} and image.mode != "F":
            raise _UnclearImageError(
                f"expected unsigned values, got signed ones (mode {image.mode}), in "
                "which no value is defined as white; convert it to 8 bits"
            )
        if image.mode.startswith("I;16"):
            return image.tag_v2[_BITS_PER_SAMPLE][0]
    if image.mode.startswith("I;16") and image.format in ("PNG", "JPEG2000"):
        return 16
    # Pillow scales the values of a PGM file to 16 bits, whatever its largest one.
    if image.mode == "I" and image.format in ("PNG", "PPM"):
        return 16
    return None


def _is_inverted(image) -> bool:
    """Whether 0 is white: Pillow turns such a TIFF round up to 8 bits, and not above."""
    return image.format == "TIFF" and image.tag_v2[_PHOTOMETRIC] == _WHITE_IS_ZERO


def _check_transparency(image):
    """Pillow does not scale a PNG's transparent colour of 2, 4 or 16 bits to 8 bits."""
    if image.format == "PNG" and "transparency" in image.info:
        raw_mode = image.tile[0][3]
        if raw_mode in ("L;2", "L;4", "RGB;16B"):
            raise _UnclearImageError(
                f"expected an alpha channel, got a transparent colour in mode {raw_mode}, "
                "which Pillow cannot apply; convert it to 8 bits"
            )


def _from_deep_greys(image, white, inverted):
    values = np.asarray(image).astype(np.int64)
    greys = (values * 255 + white // 2) // white
    if inverted:
        greys = 255 - greys
    if "transparency" in image.info:
        greys[values == image.info["transparency"]] = 255
    return Image.fromarray(greys.astype(np.uint8)).convert("RGB")
