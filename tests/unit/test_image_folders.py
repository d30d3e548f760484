"""Which files of a folder of images count, and in which order."""

import os
import shutil

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
    ("name", "format"),
    [
        ("1.jfif", "JPEG"),
        ("1.JPG", "JPEG"),
        ("1.gif", "GIF"),
        ("1.avif", "AVIF"),
        ("1.png.bak", "PNG"),
        ("1", "PNG"),
    ],
)
def test_any_suffix_counts(tmp_path, name, format):
    write_folder(tmp_path)
    (tmp_path / "train/cat/1.png").unlink()
    path = tmp_path / "train/cat" / name
    Image.effect_noise((32, 32), 50).save(path, format)
    data = load(tmp_path)
    assert "notes" not in data
    assert len(data["train_inputs"]) == 6
    with Image.open(path) as saved:
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


@pytest.mark.parametrize("name", ["recycled", "Trash", "backup", "tmp", "cat.old"])
def test_a_class_of_any_ordinary_name_counts(tmp_path, name):
    write_folder(tmp_path, ("a", name))
    assert load(tmp_path)["train_targets"].unique().tolist() == [0, 1]


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


MISTAKES = {
    "a folder in a class": (
        lambda folder: (folder / "test/cat/more").mkdir(),
        ["test/cat: ", "more"],
    ),
    "a class of the training set alone": (
        lambda folder: (folder / "train/fox").mkdir(),
        ["test/fox/"],
    ),
    "a class of the test set alone": (
        lambda folder: (folder / "test/fox").mkdir(),
        ["train/fox/"],
    ),
    "no class": (
        lambda folder: [shutil.rmtree(path) for path in folder.glob("*/*")],
        ["train: "],
    ),
    "one class": (
        lambda folder: [shutil.rmtree(path) for path in folder.glob("*/dog")],
        ["train_targets"],
    ),
    "an image outside the classes": (
        lambda folder: (folder / "test/cat/0.png").rename(folder / "test/0.png"),
        ["test/0.png: "],
    ),
    "a file that is cut": (
        lambda folder: os.truncate(folder / "test/cat/0.png", 1000),
        ["test/cat/0.png: "],
    ),
    "a pipe": (
        lambda folder: os.mkfifo(folder / "train/cat/3.png"),
        ["train/cat/3.png: "],
    ),
    "a link that leads nowhere": (
        lambda folder: (folder / "train/cat/3.png").symlink_to("nowhere.png"),
        ["train/cat/3.png: "],
    ),
    "another size": (
        lambda folder: Image.new("RGB", (32, 16)).save(folder / "test/dog/2.png"),
        ["test/dog/2.png: ", "32 x 32", "32 x 16"],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named(tmp_path, mistake):
    write_folder(tmp_path)
    make, names = MISTAKES[mistake]
    make(tmp_path)
    line = refused(tmp_path)
    assert [name for name in names if name not in line] == [], line


@pytest.mark.parametrize("part", ["train", "test"])
@pytest.mark.parametrize("content", [None, ".DS_Store", "README.txt"])
def test_a_class_without_images_is_named(tmp_path, part, content):
    write_folder(tmp_path)
    for path in (tmp_path / part / "cat").iterdir():
        path.unlink()
    if content:
        (tmp_path / part / "cat" / content).write_bytes(TEXT)
    assert f"{tmp_path}/{part}/cat: " in refused(tmp_path)


def test_a_file_without_permission_is_named(tmp_path, monkeypatch):
    write_folder(tmp_path)

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Image, "open", refuse)
    line = refused(tmp_path)
    assert f"{tmp_path}/train/cat/0.png: " in line
    assert "Permission denied" in line


def test_linked_images_and_classes_count(tmp_path):
    write_folder(tmp_path / "real")
    before = load(tmp_path / "real")
    for part in ("train", "test"):
        (tmp_path / part).mkdir()
        for name in ("cat", "dog"):
            (tmp_path / part / name).symlink_to(tmp_path / "real" / part / name)
    assert is_same(load(tmp_path), before)


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
