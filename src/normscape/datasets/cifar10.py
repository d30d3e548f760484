"""CIFAR-10 (Krizhevsky 2009), from its archive or from folders of images.

An archive is the original ``cifar-10-python.tar.gz``. A folder holds images in
``train/CLASS/*`` and ``test/CLASS/*`` (torchvision's ImageFolder layout): any number of
classes and images, all of one size.
"""

import hashlib
import pickle
import tarfile
from pathlib import Path

import numpy as np
import torch

_SIDE = 32
_BATCHES = {
    "train": [f"data_batch_{number}" for number in range(1, 6)],
    "test": ["test_batch"],
}


def load(*, source: str, checksum: str) -> dict[str, torch.Tensor]:
    """uint8 images, labels, and the training set's mean and deviation by channel.

    source : the archive, or a folder. checksum : "md5:..." or "sha256:..." of the
    archive, which is opened only if it is right, because its format can hold code.
    """
    path = Path(source)
    if path.is_dir():
        parts = _from_folder(path)
    else:
        _verify(path, checksum)
        parts = _from_archive(path)
    data = {}
    for part, (images, labels) in parts.items():
        data[f"{part}_inputs"] = torch.from_numpy(images)
        data[f"{part}_targets"] = torch.from_numpy(labels)
    if data["test_inputs"].shape[1:] != data["train_inputs"].shape[1:]:
        found, expected = (
            tuple(data[f"{p}_inputs"].shape[1:]) for p in ("test", "train")
        )
        raise ValueError(f"{path}/test: found images of {found}, expected {expected}")
    return data | _moments(data["train_inputs"])


def _moments(images):
    """Mean and biased deviation of each channel, exactly: from counts of the values."""
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
        found = hashlib.file_digest(file, kind).hexdigest()
    if found != expected:
        raise ValueError(f"{path}: found {kind} {found}, expected {expected}")


def _from_archive(path):
    try:
        with tarfile.open(path) as archive:
            return {
                part: _joined([_batch(archive, name) for name in names])
                for part, names in _BATCHES.items()
            }
    except (tarfile.TarError, KeyError, pickle.UnpicklingError, EOFError) as error:
        raise ValueError(f"{path}: not CIFAR-10's python archive ({error})") from None


def _batch(archive, name):
    file = archive.extractfile(f"cifar-10-batches-py/{name}")
    batch = pickle.load(file, encoding="bytes")
    images = batch[b"data"].reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1)
    return images, np.array(batch[b"labels"], dtype=np.int64)


def _joined(batches):
    images, labels = zip(*batches, strict=True)
    return np.ascontiguousarray(np.concatenate(images)), np.concatenate(labels)


def _from_folder(path):
    # torchvision only where images are read.
    from torchvision.datasets import ImageFolder

    parts = {name: _listed(ImageFolder, path / name) for name in _BATCHES}
    train, test = (parts[name].classes for name in ("train", "test"))
    if train != test:
        differ = sorted(set(train) ^ set(test))
        raise ValueError(f"{path}: class {differ[0]} is not in both train/ and test/")
    return {name: _read(folder) for name, folder in parts.items()}


def _read(folder):
    from PIL import Image

    first, images = None, []
    for name, _ in folder.samples:
        try:
            with Image.open(name) as image:
                pixels = np.asarray(image.convert("RGB"))
        except (OSError, SyntaxError) as error:
            raise ValueError(f"{name}: not a readable image ({error})") from None
        first = pixels.shape if first is None else first
        if pixels.shape != first:
            raise ValueError(
                f"{name}: found {pixels.shape}, expected {first} as before"
            )
        images.append(pixels)
    return np.stack(images), np.array(folder.targets, dtype=np.int64)


def _listed(image_folder, path):
    try:
        return image_folder(path)
    except FileNotFoundError as error:
        raise ValueError(f"{path}: {str(error).splitlines()[0]}") from None
