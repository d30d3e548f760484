"""Small sets of random images in the forms that CIFAR-10 comes in."""

import hashlib
import io
import pickle
import tarfile

import numpy as np
from PIL import Image


def images(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 32, 32, 3), np.uint8)


def write_archive(path, per_batch=4, names=None):
    """An archive as published: rows of 3072 bytes, channel by channel, as pickles."""
    pixels = images(6 * per_batch)
    names = names or [*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]
    with tarfile.open(path, "w:gz") as archive:
        for number, name in enumerate(names):
            rows = pixels[number * per_batch : (number + 1) * per_batch]
            batch = {
                b"data": rows.transpose(0, 3, 1, 2).reshape(per_batch, 3072),
                b"labels": [
                    (number + i) % min(10, per_batch) for i in range(per_batch)
                ],
            }
            content = pickle.dumps(batch)
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return pixels, f"md5:{hashlib.md5(path.read_bytes()).hexdigest()}"


def write_folder(path, classes=("cat", "dog"), per_class=3, suffix="png", side=32):
    for part, seed in (("train", 0), ("test", 1)):
        for number, name in enumerate(classes):
            folder = path / part / name
            folder.mkdir(parents=True)
            for i, pixels in enumerate(images(per_class, seed * 10 + number)):
                Image.fromarray(pixels[:side, :side]).save(folder / f"{i}.{suffix}")
