"""CIFAR-10 from a small archive in its true format, and from folders of images."""

import hashlib
import os
import pickle
import tarfile

import numpy as np
import pytest
import torch
from PIL import Image

from cifar_files import images, write_archive, write_folder
from normscape import components, datasets
from normscape.datasets import cifar10
from normscape.training.run import Run, Spec


def load(source, checksum="md5:0"):
    return datasets.load("cifar10", {"source": str(source), "checksum": checksum})


def test_the_archive(tmp_path):
    pixels, checksum = write_archive(tmp_path / "cifar.tar.gz")
    data = load(tmp_path / "cifar.tar.gz", checksum)
    assert torch.equal(data["train_inputs"], torch.from_numpy(pixels[:20]))
    assert torch.equal(data["test_inputs"], torch.from_numpy(pixels[20:]))
    assert data["train_targets"].tolist() == [
        (n + i) % 4 for n in range(5) for i in range(4)
    ]
    values = pixels[:20].reshape(-1, 3).astype(np.float64)
    np.testing.assert_allclose(data["mean"], values.mean(0), rtol=1e-6)
    np.testing.assert_allclose(data["deviation"], values.std(0), rtol=1e-6)


def test_batches_are_standardised_and_channels_last(tmp_path):
    _, checksum = write_archive(tmp_path / "cifar.tar.gz")
    data = load(tmp_path / "cifar.tar.gz", checksum)
    network = components.defaults("models", "vgg") | {"width": 2}
    optimiser = {"name": "SGD", "batch_size": 20, "l2_penalty": 0}
    settings = components.defaults("norms", "batch")
    spec = Spec("vgg", "vgg", "batch", 0.1, 0, network, settings, optimiser)
    run = Run(spec, data)
    inputs, _ = run.batch()
    assert inputs.shape == (20, 3, 32, 32)
    assert inputs.dtype == torch.float32
    assert inputs.is_contiguous(memory_format=torch.channels_last)
    assert float(inputs.mean((0, 2, 3)).abs().max()) < 1e-5
    deviation = inputs.std((0, 2, 3), correction=0)
    torch.testing.assert_close(deviation, torch.ones(3), rtol=1e-4, atol=0)


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_folder_of_any_classes(tmp_path, suffix):
    write_folder(tmp_path, ("ant", "bee", "wasp"), suffix=suffix)
    data = load(tmp_path)
    assert data["train_inputs"].shape == (9, 32, 32, 3)
    assert data["train_targets"].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    if suffix == "png":
        assert torch.equal(data["train_inputs"][3:6], torch.from_numpy(images(3, 1)))


def test_damaged_or_foreign_archives(tmp_path):
    path = tmp_path / "cifar.tar.gz"
    _, checksum = write_archive(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="cifar.tar.gz: expected md5 .*, got"):
        load(path, checksum)
    # Of the right checksum, but something else.
    for other in (b"<html></html>", b"", content[: len(content) // 2]):
        path.write_bytes(other)
        with pytest.raises(ValueError, match="cifar.tar.gz: expected CIFAR-10's"):
            load(path, f"md5:{hashlib.md5(other).hexdigest()}")
    _, checksum = write_archive(path, names=["data_batch_1"])
    with pytest.raises(ValueError, match="data_batch_2"):
        load(path, checksum)


def test_an_archive_of_another_checksum_is_never_unpickled(tmp_path, monkeypatch):
    write_archive(tmp_path / "cifar.tar.gz")
    monkeypatch.setattr(
        cifar10._Unpickler, "load", lambda self: pytest.fail("unpickled")
    )
    with pytest.raises(ValueError, match="expected md5 0"):
        load(tmp_path / "cifar.tar.gz", "md5:0")


@pytest.fixture
def unpacked(tmp_path):
    """The unpacked folder, and the data of its archive."""
    _, checksum = write_archive(tmp_path / "cifar.tar.gz")
    with tarfile.open(tmp_path / "cifar.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    data = load(tmp_path / "cifar.tar.gz", checksum)
    return tmp_path / "cifar-10-batches-py", data


def is_same(data, other):
    return data.keys() == other.keys() and all(
        torch.equal(data[key], other[key]) for key in data
    )


def test_an_unpacked_archive(unpacked):
    folder, data = unpacked
    assert is_same(load(folder), data)
    assert is_same(load(folder.parent), data)


@pytest.mark.parametrize("prefix", ["", "./", "a/b/"])
@pytest.mark.parametrize("kind", ["w", "w:gz", "w:bz2", "w:xz"])
def test_an_archive_packed_again(unpacked, tmp_path, prefix, kind):
    folder, data = unpacked
    (folder / "._data_batch_1").write_bytes(b"of a Mac")
    with tarfile.open(tmp_path / "again.tar", kind) as archive:
        archive.add(folder, f"{prefix}{folder.name}")
    digest = hashlib.sha256((tmp_path / "again.tar").read_bytes()).hexdigest()
    assert is_same(load(tmp_path / "again.tar", f"sha256:{digest}"), data)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_batches_of_any_protocol(unpacked, protocol):
    folder, data = unpacked
    for path in folder.iterdir():
        batch = pickle.loads(path.read_bytes())
        batch[b"labels"] = np.array(batch[b"labels"])
        content = pickle.dumps(batch, protocol)
        # As of Python 2 and NumPy 1.
        path.write_bytes(content.replace(b"numpy._core", b"numpy.core"))
    if protocol < 4:  # later ones hold the lengths of names
        assert is_same(load(folder), data)


class Harmful:
    def __reduce__(self):
        return os.mkdir, ("made by a pickle",)


@pytest.mark.parametrize(
    "content",
    [
        {b"data": np.zeros((2, 3072), np.uint8), b"labels": Harmful()},
        {b"data": np.zeros((2, 3072), np.uint8), b"fine_labels": [0, 1]},
        {b"data": np.zeros((2, 3072)), b"labels": [0, 1]},
        {b"data": np.zeros((2, 300), np.uint8), b"labels": [0, 1]},
        {b"data": np.zeros((2, 3072), np.uint8), b"labels": [0, 1, 2]},
        [1, 2],
    ],
)
def test_batches_of_something_else(unpacked, monkeypatch, tmp_path, content):
    folder, _ = unpacked
    monkeypatch.chdir(tmp_path)
    (folder / "test_batch").write_bytes(pickle.dumps(content))
    with pytest.raises(
        ValueError, match=f"{folder.name}: expected CIFAR-10's"
    ) as error:
        load(folder)
    assert len(str(error.value).splitlines()) == 1
    assert not (tmp_path / "made by a pickle").exists()


def test_a_channel_of_one_value_is_noted_and_not_scaled(tmp_path):
    write_folder(tmp_path)
    for path in tmp_path.rglob("*.png"):
        pixels = np.array(Image.open(path))
        pixels[..., 2] = 7
        Image.fromarray(pixels).save(path)
    data = load(tmp_path)
    assert float(data["mean"][2]) == 7
    assert float(data["deviation"][2]) == 1
    assert "channel 2" in data["notes"][0]
