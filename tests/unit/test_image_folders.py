"""Which files of a folder of images count, and in which order."""

import os

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision.datasets import ImageFolder

from cifar_files import write_folder
from normscape import datasets, folders

TEXT = b"no image at all"


def load(folder):
    return datasets.load("cifar10", {"source": str(folder), "checksum": "md5:0"})


def is_same(data, other):
    return data.keys() == other.keys() and all(
        torch.equal(data[key], other[key]) for key in data
    )


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "webp", "tiff", "ppm"])
def test_an_ordinary_folder_is_as_torchvision_reads_it(tmp_path, suffix):
    write_folder(tmp_path, ("b", "a", "B", "a b", "10", "9"), 12, suffix)
    data = load(tmp_path)
    assert "notes" not in data
    for part in ("train", "test"):
        theirs = ImageFolder(str(tmp_path / part))
        images = np.stack([np.asarray(image) for image, _ in theirs])
        assert torch.equal(data[f"{part}_inputs"], torch.from_numpy(images))
        assert data[f"{part}_targets"].tolist() == theirs.targets


@pytest.mark.parametrize(
    ("suffix", "format"),
    [
        ("jfif", "JPEG"),
        ("jpe", "JPEG"),
        ("JPG", "JPEG"),
        ("gif", "GIF"),
        ("avif", "AVIF"),
        ("WebP", "WEBP"),
        ("jp2", "JPEG2000"),
        ("Tif", "TIFF"),
        ("png.bak", "PNG"),
        ("dat", "PNG"),
        ("", "PNG"),
    ],
)
def test_any_suffix_counts(tmp_path, suffix, format):
    write_folder(tmp_path)
    name = f"1{suffix and '.'}{suffix}"
    (tmp_path / "train/cat/1.png").unlink()
    image = Image.effect_noise((32, 32), 50)
    image.save(tmp_path / f"train/cat/{name}", format)
    data = load(tmp_path)
    assert "notes" not in data
    assert len(data["train_inputs"]) == 6
    with Image.open(tmp_path / f"train/cat/{name}") as saved:
        expected = torch.from_numpy(np.array(saved.convert("RGB")))
    assert torch.equal(data["train_inputs"][1], expected)


LEFTOVERS = [
    *(".DS_Store", "._0.png", ".hidden.png", "Thumbs.db", "desktop.ini", "0.png~"),
    *("@eaDir", ".ipynb_checkpoints", ".Trash-0", "__MACOSX", "#recycle", "#0.png#"),
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    name=st.sampled_from(LEFTOVERS),
    place=st.sampled_from([".", "train", "test", "train/cat", "test/dog"]),
    holds=st.sampled_from(["text", "image", "nothing", "folder"]),
)
def test_leftovers_change_nothing(tmp_path_factory, name, place, holds):
    folder = tmp_path_factory.mktemp("left")
    write_folder(folder)
    before = load(folder)
    path = folder / place / name
    image = (folder / "train/cat/0.png").read_bytes()
    if holds == "folder":
        (path / "cat").mkdir(parents=True)
        (path / "0.png").write_bytes(image)
    else:
        path.write_bytes({"text": TEXT, "image": image, "nothing": b""}[holds])
    assert folders.is_leftover(name)
    assert is_same(load(folder), before)


def test_what_is_no_image_is_counted(tmp_path):
    write_folder(tmp_path)
    before = load(tmp_path)
    for name in ("train/cat/README.txt", "train/labels.csv", "test/dog/a.json"):
        (tmp_path / name).write_bytes(TEXT)
    data = load(tmp_path)
    (note,) = data.pop("notes")
    assert "3 (test/dog/a.json, train/cat/README.txt, train/labels.csv)" in note
    assert is_same(data, before)
    for number in range(9):
        (tmp_path / f"test/cat/{number}.txt").write_bytes(TEXT)
    (note,) = load(tmp_path)["notes"]
    assert "12 (" in note
    assert "..." in note


def test_names_that_are_no_text(tmp_path):
    """Notes and messages stay one line of UTF-8."""
    write_folder(tmp_path)
    names = [
        os.fsencode(tmp_path / "train/cat") + b"/a\nb\xff" + s for s in (b"", b"c")
    ]
    for name in names:
        with open(name, "wb") as file:
            file.write(TEXT)
    (note,) = load(tmp_path)["notes"]
    assert len(note.encode().splitlines()) == 1
    with open(names[0] + b".png", "wb") as file:
        file.write(TEXT)
    with pytest.raises(ValueError, match="intact") as error:
        load(tmp_path)
    assert len(str(error.value).encode().splitlines()) == 1


def refused(folder):
    with pytest.raises(ValueError, match="data set cifar10: ") as error:
        load(folder)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def test_folders_in_a_class_are_named(tmp_path):
    write_folder(tmp_path)
    (tmp_path / "test/cat/more").mkdir()
    assert f"{tmp_path}/test/cat: " in refused(tmp_path)
    assert "more" in refused(tmp_path)


@pytest.mark.parametrize("part", ["train", "test"])
@pytest.mark.parametrize("content", [None, ".DS_Store", "README.txt"])
def test_a_class_without_images_is_named(tmp_path, part, content):
    write_folder(tmp_path)
    for other in ("train", "test"):
        (tmp_path / other / "empty").mkdir()
        image = (tmp_path / "train/cat/0.png").read_bytes()
        (tmp_path / other / "empty/0.png").write_bytes(image)
    (tmp_path / part / "empty/0.png").unlink()
    if content:
        (tmp_path / part / "empty" / content).write_bytes(TEXT)
    assert f"{tmp_path}/{part}/empty: " in refused(tmp_path)


@pytest.mark.parametrize(("part", "missing"), [("train", "test"), ("test", "train")])
def test_a_class_of_one_part_is_named(tmp_path, part, missing):
    write_folder(tmp_path)
    (tmp_path / part / "fox").mkdir()
    assert f"{missing}/fox/" in refused(tmp_path)


def test_no_classes_at_all(tmp_path):
    for part in ("train", "test"):
        (tmp_path / part / ".git").mkdir(parents=True)
    assert f"{tmp_path}/train: " in refused(tmp_path)


def test_one_class_alone(tmp_path):
    write_folder(tmp_path, ["cat"])
    assert "train_targets" in refused(tmp_path)


def test_images_beside_the_classes_are_refused(tmp_path):
    write_folder(tmp_path)
    (tmp_path / "test/cat/0.png").rename(tmp_path / "test/0.png")
    assert f"{tmp_path}/test/0.png: " in refused(tmp_path)


def test_a_file_that_is_cut_is_named(tmp_path):
    write_folder(tmp_path)
    path = tmp_path / "test/cat/0.png"
    path.write_bytes(path.read_bytes()[:1000])
    assert f"{path}: " in refused(tmp_path)


def test_a_file_without_permission_is_named(tmp_path, monkeypatch):
    write_folder(tmp_path)

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Image, "open", refuse)
    assert f"{tmp_path}/train/cat/0.png: " in refused(tmp_path)
    assert "Permission denied" in refused(tmp_path)


@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_what_is_no_file_is_named(tmp_path, kind):
    write_folder(tmp_path)
    path = tmp_path / "train/cat/3.png"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("nowhere.png")
    assert f"{path}: " in refused(tmp_path)


def test_linked_images_and_classes_count(tmp_path):
    write_folder(tmp_path / "real")
    before = load(tmp_path / "real")
    for part in ("train", "test"):
        (tmp_path / part).mkdir()
        for name in ("cat", "dog"):
            (tmp_path / part / name).symlink_to(tmp_path / "real" / part / name)
    assert is_same(load(tmp_path), before)


@pytest.mark.parametrize("part", ["train", "test"])
@pytest.mark.parametrize("size", [(16, 16), (32, 16), (16, 32), (1, 1)])
def test_images_of_another_size_are_named(tmp_path, part, size):
    write_folder(tmp_path)
    path = tmp_path / part / "dog/2.png"
    Image.new("RGB", size).save(path)
    message = refused(tmp_path)
    assert f"{path}: expected 32 x 32" in message
    assert f"got {size[0]} x {size[1]}" in message


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (40, 7)])
def test_any_one_size_is_fine(tmp_path, size):
    draws = np.random.default_rng(0)
    for part in ("train", "test"):
        for name in ("cat", "dog"):
            (tmp_path / part / name).mkdir(parents=True)
            for number in range(2):
                pixels = draws.integers(0, 256, (*size[::-1], 3), np.uint8)
                image = Image.fromarray(pixels)
                image.save(tmp_path / part / name / f"{number}.png")
    assert load(tmp_path)["train_inputs"].shape == (4, size[1], size[0], 3)
