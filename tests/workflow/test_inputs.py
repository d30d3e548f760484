"""Whatever a data set reads is an input: a change plans its preparation, a touch nothing."""

import os
import shutil

import numpy as np
import pytest
import yaml
from PIL import Image

from project import TINY, copy_of_project, planned, snakemake, starting

NAMES = [
    f"{part}/{side}/{i}.png"
    for part in ("train", "test")
    for side in "ab"
    for i in "01"
]
OWN = '''
"""A file and a folder of numbers."""
import torch
from pathlib import Path

def load(*, places):
    paths = [Path(places["file"]), *sorted(Path(places["folders"][0]).rglob("*.txt"))]
    draws = torch.Generator().manual_seed(sum(int(p.read_text("utf-8")) for p in paths))
    y = torch.arange(200) % 2
    x = torch.randn(200, 8, 8, 1, generator=draws)
    return {"train_inputs": x, "train_targets": y, "test_inputs": x[:50].clone(), "test_targets": y[:50].clone()}
'''
OWN_DECLARED = """
description: Numbers.
kind: images
settings:
  places: {description: Where they are., type: object}
"""


def draw(folder, name, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(folder / name)


def project_with(folder, dataset, settings):
    """A copy of the project, and a config in which the VGG learns this data set."""
    project = copy_of_project(folder)
    config = {"datasets": {dataset: settings}, "models": {"vgg": {"dataset": dataset}}}
    (project / "mine.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return project


@pytest.fixture
def with_images(tmp_path):
    """with_images(name, seed): a copy of the project with images of its own."""

    def make(name, seed=0):
        project = project_with(tmp_path / name, "cifar10", {"source": "images"})
        for number, image in enumerate(NAMES):
            draw(project / "images", image, [seed, number])
        return project

    return make


def prepare(project, dataset, *options):
    target = f"results/tiny/data/{dataset}.safetensors"
    done = snakemake(project, *options, "--", target, config=f"{TINY} mine.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout + done.stderr


def is_planned(project, dataset="cifar10"):
    target = f"results/tiny/data/{dataset}.safetensors"
    jobs = planned(project, f"{TINY} mine.yaml", target)
    return bool(starting(jobs, f"Prepare the data set {dataset}"))


def test_images_of_a_folder(with_images):
    project = with_images("one")
    images = project / "images"
    prepare(project, "cifar10", "--cores", "1")
    os.utime(images / NAMES[0])
    (images / "train/a/.DS_Store").touch()
    assert not is_planned(project)
    before = (images / NAMES[0]).read_bytes()
    draw(images, NAMES[0], 99)
    assert is_planned(project)
    (images / NAMES[0]).write_bytes(before)
    assert not is_planned(project)
    draw(images, "test/b/2.png", 5)
    assert is_planned(project)
    (images / "test/b/2.png").unlink()
    (images / "test/b/1.png").unlink()
    assert is_planned(project)


def test_a_shared_cache_keeps_the_images_of_two_clones_apart(
    with_images, tmp_path, monkeypatch
):
    monkeypatch.setenv("SNAKEMAKE_OUTPUT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    actual = []
    for name, seed in (("one", 0), ("two", 1), ("three", 0)):
        project = with_images(name, seed)
        prepare(project, "cifar10", "--cores", "1", "--cache")
        data = project / "results/tiny/data/cifar10.safetensors"
        actual.append(data.resolve())
    assert actual[0] == actual[2]
    assert actual[0].read_bytes() != actual[1].read_bytes()


def test_paths_that_the_settings_of_ones_own_data_set_name(tmp_path):
    places = {"file": "one.txt", "folders": ["many"], "unit": "/"}
    project = project_with(tmp_path / "project", "numbers", {"places": places})
    parts = project / "src/normscape/datasets"
    (parts / "numbers.py").write_text(OWN, encoding="utf-8")
    (parts / "numbers.yaml").write_text(OWN_DECLARED, encoding="utf-8")
    (project / "many/inner").mkdir(parents=True)
    names = ("one.txt", "many/two.txt", "many/inner/three.txt")
    for name in names:
        (project / name).write_text("1", encoding="utf-8")
    prepare(project, "numbers", "--cores", "1")
    for name in names:
        os.utime(project / name)
    assert not is_planned(project, "numbers")
    for name in names:
        (project / name).write_text("2", encoding="utf-8")
        assert is_planned(project, "numbers")
        (project / name).write_text("1", encoding="utf-8")
    shutil.rmtree(project / "many/inner")
    assert is_planned(project, "numbers")
