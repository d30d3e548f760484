"""Images in folders ``train/CLASS/*`` and ``test/CLASS/*``."""

from pathlib import Path

import numpy as np

from normscape.datasets import _pixels
from normscape.folders import is_leftover

PARTS = ("train", "test")
_NAMED = 3  # names in a message or note, at most


def read(
    folder: Path,
) -> tuple[dict[str, tuple[np.ndarray, np.ndarray]], list[str]]:
    """For "train" and "test" images and labels; and notes on what was left out.

    Images are uint8 of shape (count, height, width, 3), sorted by class and name; labels
    number the sorted classes from 0. Every file that Pillow can open is an image; what
    systems and programs leave behind (``folders.is_leftover``) is passed over. A
    ValueError names what cannot be taken as it is.
    """
    classes = {part: _classes(folder / part) for part in PARTS}
    train, test = ({path.name for path in classes[part]} for part in PARTS)
    if train != test:
        missing = "test" if train - test else "train"
        raise ValueError(
            f"{folder}: expected the same classes in train/ and test/, got "
            f"{_listed(train ^ test)} in one of them; add {missing}/{min(train ^ test)}/ "
            "or remove the class"
        )
    data, left_out, first = {}, [], None
    for part in PARTS:
        images, labels = [], []
        for label, path in enumerate(classes[part]):
            pictures, others = _read_class(path)
            first = first or next(iter(pictures.items()))
            _check_sizes(pictures, *first)
            images += pictures.values()
            labels += [label] * len(pictures)
            left_out += others
        data[part] = np.stack(images), np.array(labels, dtype=np.int64)
        for path in _files(folder / part):
            if _read(path) is not None:
                raise ValueError(
                    f"{shown(path)}: expected images in class folders, got one outside; "
                    "move it into a class folder"
                )
            left_out.append(path)
    if not left_out:
        return data, []
    names = _listed(str(path.relative_to(folder)) for path in left_out)
    note = f"files left out, as they are not images: {len(left_out)} ({names})"
    return data, [note]


def _read_class(folder: Path) -> tuple[dict[Path, np.ndarray], list[Path]]:
    """The images of a class, at least one, by path; and its other files."""
    if below := _folders(folder):
        raise ValueError(
            f"{shown(folder)}: expected images only, got the folders "
            f"{_listed(path.name for path in below)}; move their images into "
            f"{shown(folder.name)}/, or remove them"
        )
    files = {path: _read(path) for path in _files(folder)}
    others = [path for path, pixels in files.items() if pixels is None]
    if len(others) == len(files):
        raise ValueError(
            f"{shown(folder)}: expected images, got {len(files)} other files; add some, "
            "or remove the class"
        )
    return {p: pixels for p, pixels in files.items() if pixels is not None}, others


def _check_sizes(images, first, expected):
    for path, pixels in images.items():
        if pixels.shape != expected.shape:
            raise ValueError(
                f"{shown(path)}: expected {_size(expected)} pixels, as {shown(first)} "
                f"has, got {_size(pixels)}; resize it"
            )


def shown(path: Path | str) -> str:
    """A path in one line of any encoding, whatever characters it has."""
    return str(path) if str(path).isprintable() else ascii(str(path))


def _read(path):
    try:
        return _pixels.read(path)
    except ValueError as error:
        raise ValueError(f"{shown(path)}: {error}") from None


def _size(pixels):
    height, width, _ = pixels.shape
    return f"{width} x {height}"


def _listed(names) -> str:
    names = sorted(names)
    more = ["..."] if len(names) > _NAMED else []
    return ", ".join([*map(shown, names[:_NAMED]), *more])


def _classes(folder: Path) -> list[Path]:
    classes = _folders(folder) if folder.is_dir() else []
    if not classes:
        raise ValueError(f"{folder}: expected a folder for each class, got none")
    return classes


def _folders(folder: Path) -> list[Path]:
    return [path for path in _entries(folder) if path.is_dir()]


def _files(folder: Path) -> list[Path]:
    """All but folders; a ValueError names what is neither a file nor a folder."""
    files = [path for path in _entries(folder) if not path.is_dir()]
    for path in files:
        if not path.is_file():  # opening a pipe would wait for ever
            raise ValueError(
                f"{shown(path)}: expected a file, got a broken link or a device; remove it"
            )
    return files


def _entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not is_leftover(path.name))
