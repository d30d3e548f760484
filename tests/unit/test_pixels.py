"""Image files of every mode, format and depth against the picture that went in."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from normscape.datasets import _pixels

HEIGHT, WIDTH = 5, 7
LOSSLESS = ("BMP", "GIF", "ICO", "JPEG2000", "PCX", "PNG", "PPM", "SGI", "TGA", "TIFF")
MODES = ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX"]
MODES += ["CMYK", "YCbCr", "LAB", "I", "I;16", "I;16B", "F"]
SUFFIXES = ["png", "PNG", "jpeg", "dat", "01", ""]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pixels")


def read(folder, content, name="image"):
    path = folder / name
    path.write_bytes(content)
    return _pixels.read(path)


def saved(image, format, **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def truth(image):
    """The colours of a picture in memory, over white, as floats from 0 to 255."""
    if image.mode.startswith("I"):
        return np.asarray(image)[..., None] * np.full(3, 255 / 65535)
    if image.mode == "LAB":
        profiles = [ImageCms.createProfile(name) for name in ("LAB", "sRGB")]
        image = ImageCms.profileToProfile(image, *profiles, outputMode="RGB")
    if image.mode == "La":
        image = image.convert("LA")
    if image.has_transparency_data:
        *colours, alpha = np.moveaxis(np.asarray(image.convert("RGBA"), float), -1, 0)
        opacity = alpha[..., None] / 255
        return np.stack(colours, -1) * opacity + 255 * (1 - opacity)
    return np.asarray(image.convert("RGB"), float)


def in_mode(mode, seed):
    """A random picture, with transparency where the mode has some."""
    draws = np.random.default_rng(seed)
    if mode.startswith("I"):
        greys = Image.fromarray(draws.integers(0, 2**16, (HEIGHT, WIDTH), np.uint16))
        return greys if mode == "I;16" else greys.convert("I").convert(mode)
    image = Image.fromarray(draws.integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8))
    if mode == "La":
        image = image.convert("LA")
    return image.convert("RGB").convert(mode) if mode == "LAB" else image.convert(mode)


def kind(image):
    return image.mode, image.has_transparency_data


@settings(deadline=None, max_examples=300)
@given(
    mode=st.sampled_from(MODES),
    format=st.sampled_from(LOSSLESS),
    suffix=st.sampled_from(SUFFIXES),
    seed=st.integers(0, 9),
)
def test_a_file_is_its_picture_or_refused(folder, mode, format, suffix, seed):
    image = in_mode(mode, seed)
    try:
        content = saved(image, format)
    except (OSError, ValueError, KeyError):
        return  # the format has no such mode
    if (mode, format) == ("I;16B", "JPEG2000"):
        return  # Pillow writes its bytes in the wrong order
    with Image.open(io.BytesIO(content)) as written:
        if written.mode == "I" and format == "TIFF" or written.mode == "F":
            with pytest.raises(ValueError, match=f"mode {written.mode}"):
                read(folder, content, f"image.{suffix}")
            return
        # What the format itself changes is not asked of the reader.
        if not written.mode.startswith("I") and kind(written) != kind(image):
            image = written.copy()
    try:
        pixels = read(folder, content, f"image.{suffix}")
    except ValueError as error:
        assert f"mode {written.mode}" in str(error)  # noqa: PT017
        assert written.mode.startswith("I")
        return
    assert pixels.dtype == np.uint8
    assert np.abs(pixels - truth(image)).max() <= 1


def packed(rows, bits):
    """Rows of samples as bytes, the first sample in the highest bits."""
    digits = ["".join(f"{value:0{bits}b}" for value in row) for row in rows]
    digits = [row + "0" * (-len(row) % 8) for row in digits]
    return b"".join(int(row, 2).to_bytes(len(row) // 8, "big") for row in digits)


def tiff(values, bits, *, inverted, big_endian, signed=False):
    """An uncompressed grey TIFF, written by hand: Pillow writes few of them."""
    order = ">" if big_endian else "<"
    if bits in (16, 32):
        rows = values.astype(f"{order}{'i' if signed else 'u'}{bits // 8}").tobytes()
    else:
        rows = packed(values.tolist(), bits)
    height, width = values.shape
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: 0 if inverted else 1}
    tags |= {273: 8, 277: 1, 278: height, 279: len(rows), 339: 2 if signed else 1}
    mark = b"MM" if big_endian else b"II"
    head = struct.pack(f"{order}2sHI", mark, 42, 8 + len(rows))
    entries = [
        struct.pack(f"{order}HHII", tag, 4, 1, tags[tag]) for tag in sorted(tags)
    ]
    count = struct.pack(f"{order}H", len(tags))
    return head + rows + count + b"".join(entries) + bytes(4)


@settings(deadline=None, max_examples=200)
@given(
    bits=st.sampled_from([1, 2, 4, 8, 12, 16, 32]),
    inverted=st.booleans(),
    big_endian=st.booleans(),
    signed=st.booleans(),
    seed=st.integers(0, 9),
)
def test_grey_tiffs_of_any_depth(folder, bits, inverted, big_endian, signed, seed):
    signed = signed and bits >= 8 and bits != 12
    white = 2**bits - 1
    values = np.random.default_rng(seed).integers(0, white // (1 + signed) + 1, (3, 5))
    content = tiff(
        values, bits, inverted=inverted, big_endian=big_endian, signed=signed
    )
    try:
        pixels = read(folder, content, "grey.tif")
    except ValueError:
        # What Pillow cannot read, and what has no white.
        assert signed or bits in (12, 16, 32)
        return
    assert not signed
    assert bits < 32
    expected = values * 255 / white
    expected = 255 - expected if inverted else expected
    assert np.abs(pixels - expected[..., None]).max() <= 1


@pytest.mark.parametrize("bits", [12, 16])
def test_deep_tiffs_of_little_endian_machines_are_read(folder, bits):
    values = np.array([[0, 2 ** (bits - 1), 2**bits - 1]])
    content = tiff(values, bits, inverted=False, big_endian=False)
    assert read(folder, content)[0, :, 0].tolist() == [0, 128, 255]


def png(bits, colour, row, transparent):
    """A PNG of one row of samples and a transparent colour."""

    def chunk(name, data):
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    channels = {0: 1, 2: 3}[colour]
    header = struct.pack(">IIBBBBB", len(row) // channels, 1, bits, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"tRNS", struct.pack(f">{channels}H", *transparent))
        + chunk(b"IDAT", zlib.compress(b"\0" + packed([row], bits)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("bits", [1, 8, 16])
def test_a_transparent_grey_is_white(folder, bits):
    white = 2**bits - 1
    pixels = read(folder, png(bits, 0, [0, 1, white, 0], [0]))
    assert pixels[0, :, 0].tolist() == [255, round(255 / white), 255, 255]


def test_a_transparent_colour_is_white(folder):
    pixels = read(folder, png(8, 2, [1, 2, 3, 1, 2, 4], [1, 2, 3]))
    assert pixels[0].tolist() == [[255, 255, 255], [1, 2, 4]]


@pytest.mark.parametrize(
    ("bits", "colour", "transparent"), [(2, 0, [0]), (4, 0, [0]), (16, 2, [1, 2, 3])]
)
def test_a_transparent_colour_of_other_bits_is_refused(
    folder, bits, colour, transparent
):
    with pytest.raises(ValueError, match="transparent colour"):
        read(folder, png(bits, colour, [1, 2, 3, 1, 2, 3], transparent))


@pytest.mark.parametrize("maximum", [1, 100, 255, 1023, 65535])
@pytest.mark.parametrize("plain", [True, False])
def test_greys_of_any_maximum(folder, maximum, plain):
    values = [0, maximum // 2, maximum]
    head = f"{'P2' if plain else 'P5'} 3 1 {maximum}\n".encode()
    body = np.array(values, ">u2" if maximum > 255 else "u1").tobytes()
    content = head + (" ".join(map(str, values)).encode() if plain else body)
    expected = np.array(values) * 255 / maximum
    assert np.abs(read(folder, content)[0, :, 0] - expected).max() <= 1


TURNS = {
    1: lambda pixels: pixels,
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: np.rot90(pixels, 2).swapaxes(0, 1),
    8: lambda pixels: np.rot90(pixels),
}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", TURNS)
def test_exif_turns_the_picture_once(folder, format, orientation):
    blocks = np.zeros((16, 32, 3), np.uint8)
    blocks[:8, :16] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    lossless = {"lossless": True} if format == "WEBP" else {}
    content = saved(Image.fromarray(blocks), format, exif=exif, **lossless)
    pixels = read(folder, content).astype(int)
    turned = TURNS[orientation](blocks)
    assert pixels.shape == turned.shape
    assert np.abs(pixels - turned).max() < 30


@pytest.mark.parametrize("shape", [(4, 8), (5, 5)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(
    ("format", "compression"),
    [("PNG", None), ("TIFF", None), ("TIFF", "tiff_lzw"), ("TIFF", "packbits")],
)
@pytest.mark.parametrize("orientation", [1, 3, 6, 7])
def test_exif_turns_greys(folder, shape, dtype, format, compression, orientation):
    greys = np.arange(shape[0] * shape[1]).reshape(shape) * 7
    stored = (greys * (1 if dtype == np.uint8 else 257)).astype(dtype)
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"compression": compression} if compression else {}
    content = saved(Image.fromarray(stored), format, exif=exif, **options)
    assert np.array_equal(read(folder, content)[..., 0], TURNS[orientation](greys))


@pytest.mark.parametrize("format", ["GIF", "TIFF", "PNG", "WEBP", "AVIF"])
def test_several_frames_are_refused(folder, format):
    first, second = in_mode("RGB", 0), in_mode("RGB", 1)
    content = saved(first, format, save_all=True, append_images=[second])
    with pytest.raises(ValueError, match="2 frames"):
        read(folder, content)


def test_the_preview_in_a_camera_file_is_no_second_picture(folder):
    first, second = in_mode("RGB", 0), in_mode("RGB", 1)
    content = saved(first, "MPO", save_all=True, append_images=[second])
    with Image.open(io.BytesIO(saved(first, "JPEG"))) as alone:
        assert np.array_equal(read(folder, content), np.asarray(alone))


def test_a_gif_whose_frame_leaves_a_margin(folder):
    content = bytearray(saved(in_mode("P", 0), "GIF"))
    content[6:10] = struct.pack("<HH", WIDTH + 2, HEIGHT)
    with pytest.raises(ValueError, match="frame"):
        read(folder, bytes(content))


@settings(deadline=None, max_examples=200)
@given(
    format=st.sampled_from(["AVIF", "BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP"]),
    share=st.floats(0.05, 0.99),
)
def test_a_file_that_is_cut_is_refused(folder, format, share):
    """Unless all pixels are in what is left."""
    image = Image.effect_noise((40, 40), 80).convert("RGB")
    content = saved(image, format)
    whole = read(folder, content)
    try:
        pixels = read(folder, content[: int(share * len(content))], f"cut.{format}")
    except ValueError:
        return
    assert np.array_equal(pixels, whole)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.png", b""),
        ("text.JPG", b"no image"),
        ("photo.heic", b"\0\0\0\x18ftypheic"),
        ("head.png", b"\x89PNG\r\n\x1a\n"),
    ],
)
def test_what_should_be_an_image_is_refused(folder, name, content):
    with pytest.raises(ValueError, match="intact"):
        read(folder, content, name)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("README.txt", b"Python is fine"),
        ("README", b""),
        ("labels.csv", b"name,label\n1.png,3\n"),
        ("labels.json", b"{}"),
        ("notes.md", "BMW, \u00e4\u00f6\u00fc".encode()),
    ],
)
def test_other_files_are_no_images(folder, name, content):
    assert read(folder, content, name) is None


@pytest.mark.parametrize("limit", [20, 30])
def test_a_decompression_bomb_is_refused(folder, monkeypatch, limit):
    """One above the limit of which Pillow warns, and one above that of its error."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", HEIGHT * WIDTH // 2 + limit - 25)
    with pytest.raises(ValueError, match="decompression bomb"):
        read(folder, saved(in_mode("RGB", 0), "PNG"))


def test_damaged_exif_does_not_hide_the_picture(folder):
    image = in_mode("RGB", 0)
    pixels = read(folder, saved(image, "PNG", exif=b"Exif\0\0garbage"))
    assert np.array_equal(pixels, np.asarray(ImageOps.exif_transpose(image)))
