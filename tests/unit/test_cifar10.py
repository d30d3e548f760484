"""CIFAR-10 from a small archive in its true format, and from folders of images."""

import hashlib
import pickle

import numpy as np
import pytest
import torch
from PIL import Image

from cifar_files import images, write_archive, write_folder
from normscape import datasets, parts
from normscape.training.run import Run, Spec


def load(source, checksum="md5:0"):
    return datasets.load("cifar10", {"source": str(source), "checksum": checksum})


def test_the_archive(tmp_path):
    pixels, checksum = write_archive(tmp_path / "cifar.tar.gz")
    data = load(tmp_path / "cifar.tar.gz", checksum)
    assert torch.equal(data["train_inputs"], torch.from_numpy(pixels[:20]))
    assert torch.equal(data["test_inputs"], torch.from_numpy(pixels[20:]))
    assert data["train_targets"].tolist() == [
        (n + i) % 10 for n in range(5) for i in range(4)
    ]
    values = pixels[:20].reshape(-1, 3).astype(np.float64)
    np.testing.assert_allclose(data["mean"], values.mean(0), rtol=1e-6)
    np.testing.assert_allclose(data["deviation"], values.std(0), rtol=1e-6)


def test_batches_are_standardised_and_channels_last(tmp_path):
    _, checksum = write_archive(tmp_path / "cifar.tar.gz")
    data = load(tmp_path / "cifar.tar.gz", checksum)
    network = parts.defaults("models", "vgg") | {"width": 2}
    optimiser = {"name": "sgd", "batch_size": 20, "momentum": 0, "weight_decay": 0}
    settings = parts.defaults("norms", "batch")
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
    with pytest.raises(ValueError, match="cifar.tar.gz: found md5 .*, expected"):
        load(path, checksum)
    # Of the right checksum, but something else.
    path.write_bytes(b"<html></html>")
    html = f"md5:{hashlib.md5(b'<html></html>').hexdigest()}"
    with pytest.raises(ValueError, match="not CIFAR-10's python archive"):
        load(path, html)
    _, checksum = write_archive(path, names=["data_batch_1"])
    with pytest.raises(ValueError, match="not CIFAR-10's python archive.*data_batch_2"):
        load(path, checksum)


def test_an_archive_of_another_checksum_is_never_unpickled(tmp_path, monkeypatch):
    write_archive(tmp_path / "cifar.tar.gz")
    monkeypatch.setattr(pickle, "load", lambda *a, **k: pytest.fail("unpickled"))
    with pytest.raises(ValueError, match="expected 0"):
        load(tmp_path / "cifar.tar.gz", "md5:0")


def test_an_unreadable_image_is_named(tmp_path):
    write_folder(tmp_path)
    (tmp_path / "train" / "dog" / "1.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"train/dog/1\.png: not a readable image"):
        load(tmp_path)
    write_folder(tmp_path / "cut")
    path = tmp_path / "cut" / "test" / "cat" / "0.png"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match=r"test/cat/0\.png: not a readable image"):
        load(tmp_path / "cut")


def test_a_missing_class_is_named(tmp_path):
    write_folder(tmp_path)
    (tmp_path / "test" / "dog").rename(tmp_path / "test" / "fox")
    with pytest.raises(ValueError, match="class dog is not in both train/ and test/"):
        load(tmp_path)


def test_an_empty_class_is_named(tmp_path):
    write_folder(tmp_path)
    (tmp_path / "test" / "empty").mkdir()
    with pytest.raises(ValueError, match="test: .*empty"):
        load(tmp_path)


def test_images_of_other_sizes_are_named(tmp_path):
    write_folder(tmp_path)
    Image.new("RGB", (16, 16)).save(tmp_path / "train" / "cat" / "2.png")
    with pytest.raises(ValueError, match=r"train/cat/2\.png: found \(16, 16, 3\)"):
        load(tmp_path)
