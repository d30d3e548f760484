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
    reader, data = _Reader(folder), {}
    for part in PARTS:
        images, labels = [], []
        for label, path in enumerate(classes[part]):
            of_class = reader.images(path)
            images += of_class
            labels += [label] * len(of_class)
        data[part] = np.stack(images), np.array(labels, dtype=np.int64)
    for part in PARTS:
        reader.leave_out(_files(folder / part))
    return data, reader.notes()


class _Reader:
    """Reads the images of one size, and keeps what was left out."""

    def __init__(self, folder):
        self._folder, self._first, self._left_out = folder, None, []

    def images(self, folder) -> list[np.ndarray]:
        """The images of a class, at least one."""
        below = _folders(folder)
        if below:
            raise ValueError(
                f"{shown(folder)}: expected images only, got the folders "
                f"{_listed(path.name for path in below)}; move their images into "
                f"{shown(folder.name)}/, or remove them"
            )
        images, left_out = [], []
        for path in _files(folder):
            pixels = _read(path)
            if pixels is None:
                left_out.append(path)
                continue
            self._check_size(path, pixels)
            images.append(pixels)
        if not images:
            others = f" but {len(left_out)} other files" if left_out else ""
            raise ValueError(
                f"{shown(folder)}: expected images, got none{others}; add some, or "
                "remove the class"
            )
        self._left_out += left_out
        return images

    def leave_out(self, paths) -> None:
        """Files beside the class folders, which may not be images."""
        for path in paths:
            if _read(path) is not None:
                raise ValueError(
                    f"{shown(path)}: expected images in class folders, got one beside "
                    "them; move it into a class folder"
                )
            self._left_out.append(path)

    def notes(self) -> list[str]:
        if not self._left_out:
            return []
        names = _listed(str(path.relative_to(self._folder)) for path in self._left_out)
        return [
            f"files left out, as they are not images: {len(self._left_out)} ({names})"
        ]

    def _check_size(self, path, pixels):
        if self._first is None:
            self._first = path, pixels.shape
        first, expected = self._first
        if pixels.shape != expected:
            raise ValueError(
                f"{shown(path)}: expected {_size(expected)} pixels, as {shown(first)} "
                f"has, got {_size(pixels.shape)}; resize it"
            )


def shown(path: Path | str) -> str:
    """A path in one line of any encoding, whatever characters it has."""
    return str(path) if str(path).isprintable() else ascii(str(path))


def _read(path):
    try:
        return _pixels.read(path)
    except ValueError as error:
        raise ValueError(f"{shown(path)}: {error}") from None


def _size(shape):
    height, width, _ = shape
    return f"{width} x {height}"


def _listed(names) -> str:
    names = sorted(names)
    more = ["..."] if len(names) > _NAMED else []
    return ", ".join([*map(shown, names[:_NAMED]), *more])


def _classes(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ValueError(f"{folder}: expected a folder of classes, got none")
    classes = _folders(folder)
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
