"""The presets' ways through the pipeline, at a scale of seconds: CIFAR-10, full width."""

import pandas as pd
import pytest

from cifar_files import write_archive, write_folder
from project import (
    copy_of_project,
    drop_starts,
    present,
    snakemake,
    with_config,
)

pytestmark = pytest.mark.slow


def test_from_a_server_to_the_verdicts(tmp_path, file_server):
    """Two experiments download the archive once; nothing is left to do then."""
    _, checksum = write_archive(tmp_path / "cifar.tar.gz", per_batch=20)
    url = file_server((tmp_path / "cifar.tar.gz").read_bytes())
    project = copy_of_project(tmp_path / "project")

    def from_the_server(config):
        config["datasets"] = {"cifar10": {"url": url, "checksum": checksum}}
        config["models"]["vgg"]["dataset"] = "cifar10"

    config = with_config(project, from_the_server)
    verdicts = "results/tiny/verdicts.csv"
    done = snakemake(project, "--cores", "2", verdicts, config=config)
    assert done.returncode == 0, done.stderr[-3000:]
    evaluation = pd.read_csv(project / "results/tiny/tables/evaluation.csv")
    assert set((evaluation.test_accuracy * 20).round(6) % 1) == {0}  # 20 test images
    again = snakemake(project, "--dry-run", verdicts, config=config)
    assert "Nothing to be done" in again.stdout + again.stderr
    assert (project / "downloads/cifar-10-python.tar.gz").is_file()
    done = snakemake(
        project, "--dry-run", "--config", "name=another", config=config
    ).stdout
    assert "Prepare the data set cifar10" in done
    assert "Download" not in done


def test_a_failed_download_trains_nothing(tmp_path, file_server):
    project = copy_of_project(tmp_path / "project")

    def from_the_server(config):
        config["datasets"] = {"cifar10": {"url": file_server(b"<html></html>")}}
        config["models"]["vgg"]["dataset"] = "cifar10"
        config["models"]["dln"]["grid"] = []
        drop_starts(config)
        for probe in present(config["probes"]).values():
            probe["models"]["dln"]["grid"] = []

    config = with_config(project, from_the_server)
    done = snakemake(project, "--cores", "2", config=config)
    assert done.returncode == 1
    lines = [line for line in done.stdout.splitlines() if "download.py: " in line]
    assert len(lines) == 4, done.stdout[-2000:]  # it is tried again
    assert "does not match the known hash" in lines[0]
    assert "datasets.cifar10.source" in lines[0]
    assert (
        "failed: Download cifar10; see downloads/logs/cifar-10-python.tar.gz.log"
        in done.stdout
    )
    assert not (project / "downloads/cifar-10-python.tar.gz").exists()
    assert not (project / "results/tiny/train").exists()


def test_a_few_steps_of_the_papers_preset(tmp_path):
    """Trainings and probes at full width, on small images, through figures and verdicts."""
    project = copy_of_project(tmp_path / "project")
    write_folder(tmp_path / "images", per_class=20, side=16)

    def shorten(config):
        config["datasets"] = {"cifar10": {"source": str(tmp_path / "images")}}
        for model, settings in present(config["models"]).items():
            settings["seeds"] = [0]
            settings["steps"] = 2
            settings["checkpoints"] = "every 1"
            lr = {"vgg": 0.1, "dln": 1e-6}[model]
            settings["grid"] = [{"norms": ["none", "batch"], "learning_rates": [lr]}]
        config["models"]["vgg"]["evaluations"] = [1]
        config["models"]["vgg"]["optimiser"]["batch_size"] = 8
        for probe in present(config["probes"]).values():
            for settings in probe["models"].values():
                settings["grid"] = [{"norms": ["batch"], "steps": [1]}]

    config = with_config(project, shorten, of="workflow/presets/paper.yaml")
    results = project / "results/paper"
    made = [
        "verdicts.csv",
        "figures/fig04_landscape.png",
        "figures/fig10_dln_landscape.png",
    ]
    targets = [f"results/paper/{name}" for name in made]
    done = snakemake(project, "--cores", "2", *targets, config=config)
    assert done.returncode == 0, done.stderr[-3000:]
    assert all((results / name).is_file() for name in made)
    landscape = pd.read_csv(results / "tables/landscape.csv", keep_default_na=False)
    assert set(landscape.model) == {"vgg", "dln"}
    weights = pd.read_csv(results / "tables/ics.csv").query("model == 'vgg'")
    assert len(weights) == 14
    assert list(results.glob("train/**/*.safetensors")) == []
