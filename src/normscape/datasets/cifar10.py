"""CIFAR-10 (Krizhevsky 2009), from its archive or from folders of images.

An archive is the original ``cifar-10-python.tar.gz``, packed or unpacked. A folder holds
images in ``train/CLASS/*`` and ``test/CLASS/*``: any number of classes and images, all of
one size.
"""

import hashlib
import pickle
import tarfile
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch

_SIDE = 32
_FOLDER = "cifar-10-batches-py"
_BATCHES = {
    "train": [f"data_batch_{number}" for number in range(1, 6)],
    "test": ["test_batch"],
}


def load(*, source: str, checksum: str) -> dict[str, torch.Tensor | list[str]]:
    """Load CIFAR-10 or a folder of images.

    Parameters
    ----------
    source : str
        Path of the archive, of its unpacked folder, of the folder that holds that, or of a folder
        of images.
    checksum : str
        "md5:..." or "sha256:..." of the archive.

    Returns
    -------
    dict
        uint8 images, labels, and the training set's mean and standard deviation per channel.

    Raises
    ------
    ValueError
        If a file is damaged, or images differ in size.
    """
    path, notes = Path(source), []
    if not path.is_dir():
        _verify(path, checksum)
        parts = _read_batches(path)
    elif unpacked := _unpacked(path):
        parts = _read_batches(unpacked)
    else:
        # Pillow only where images are read.
        from normscape.datasets import _image_folder

        parts, notes = _image_folder.read(path)
    data = {}
    for part, (images, labels) in parts.items():
        data[f"{part}_inputs"] = torch.from_numpy(images)
        data[f"{part}_targets"] = torch.from_numpy(labels)
    moments = _moments(data["train_inputs"])
    constant = moments["deviation"] == 0
    if constant.any():
        channels = ", ".join(map(str, constant.nonzero().flatten().tolist()))
        notes.append(
            f"all training images have the same value in channel {channels} (from 0), "
            "which is centred and not scaled"
        )
        moments["deviation"][constant] = 1
    return data | moments | ({"notes": notes} if notes else {})


def _moments(images):
    """Exact mean and biased standard deviation per channel, from counts of the values."""
    counts = torch.stack(
        [torch.bincount(c.flatten(), minlength=256) for c in images.unbind(-1)]
    ).double()
    values = torch.arange(256, dtype=torch.double)
    total = counts.sum(1)
    mean = counts @ values / total
    variance = counts @ values.square() / total - mean.square()
    return {"mean": mean.float(), "deviation": variance.sqrt().float()}


def _verify(path, checksum):
    kind, expected = checksum.split(":")
    with open(path, "rb") as file:
        actual = hashlib.file_digest(file, kind).hexdigest()
    if actual != expected:
        raise ValueError(
            f"{path}: expected {kind} {expected}, got {actual}; delete it, if it is in "
            "downloads/, to download it again, or correct datasets.cifar10.checksum"
        )


def _unpacked(path: Path) -> Path | None:
    """The folder of an unpacked archive: ``path`` itself, or one in it.

    None where ``path`` holds images in train/ and test/.
    """
    if all((path / part).is_dir() for part in _BATCHES):
        return None
    for folder in (path, path / _FOLDER):
        if (folder / _BATCHES["test"][0]).is_file():
            return folder
    return None


def _read_batches(path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The images and labels of each part, from the archive or its unpacked folder."""
    try:
        if path.is_dir():
            return _parts(lambda name: (path / name).open("rb"))
        with tarfile.open(path) as archive:
            members = [member for member in archive if member.isfile()]
            return _parts(lambda name: archive.extractfile(_only(name, members)))
    # lzma, zlib, tarfile and pickle have errors of their own for damaged files.
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(
            f"{path}: expected CIFAR-10's python archive, got another or a damaged one "
            f"({reason}); use cifar-10-python.tar.gz or a folder of images"
        ) from None


def _only(name, members) -> tarfile.TarInfo:
    """The batch of this name, whatever folders are around it."""
    matching = [member for member in members if Path(member.name).name == name]
    if len(matching) != 1:
        raise ValueError(f"{name} is in it {len(matching)} times")
    return matching[0]


def _parts(open_batch) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    parts = {}
    for part, names in _BATCHES.items():
        batches = [_batch(open_batch(name), name) for name in names]
        images, labels = zip(*batches, strict=True)
        images = np.ascontiguousarray(np.concatenate(images))
        parts[part] = images, np.concatenate(labels)
    return parts


class _Unpickler(pickle.Unpickler):
    """Builds NumPy arrays, and what needs no code: dictionaries, lists, bytes, numbers."""

    _ALLOWED = {
        *(("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode")),
        *((f"numpy.{core}.multiarray", "_reconstruct") for core in ("core", "_core")),
        *((f"numpy.{core}.multiarray", "scalar") for core in ("core", "_core")),
        *((f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")),
    }

    def find_class(self, module, name):
        if (module, name) not in self._ALLOWED:
            raise pickle.UnpicklingError(f"it would run {module}.{name}")
        return super().find_class(module, name)


def _batch(file: BinaryIO, name):
    with file:
        batch = _Unpickler(file, encoding="bytes").load()
    images, labels = np.asarray(batch[b"data"]), np.array(batch[b"labels"], np.int64)
    if images.dtype != np.uint8:
        raise ValueError(f"{name} has data of {images.dtype}, not uint8")
    images = images.reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1)
    if labels.shape != (len(images),):
        raise ValueError(f"{name} has {len(images)} images and {labels.size} labels")
    return images, labels
