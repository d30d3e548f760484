"""What is left out of a data set is said in the log, in run.json and on the page."""

import json
import subprocess
import sys

import jinja2
import pytest

from cifar_files import write_folder
from normscape import components
from normscape.page import run_conditions, templates
from normscape.training import tensors


def script(name, *arguments):
    command = [sys.executable, f"src/{name}.py", *map(str, arguments)]
    return subprocess.run(
        command, check=True, capture_output=True, encoding="utf-8"
    ).stdout


@pytest.fixture(params=[[], ["train/cat/README.txt"]])
def left_out(request, tmp_path):
    write_folder(tmp_path)
    for name in request.param:
        (tmp_path / name).write_text("no image", encoding="utf-8")
    return request.param


def test_notes_reach_the_page(tmp_path, left_out):
    settings = {"source": str(tmp_path), "checksum": "md5:0"}
    data, manifest = tmp_path / "data.safetensors", tmp_path / "run.json"
    log = script(
        *("prepare", "--dataset", "cifar10", "--settings", json.dumps(settings)),
        *("--output", data),
    )
    metadata = tensors.load(data)[1]
    network = components.defaults("models", "vgg") | {"width": 2}
    optimiser = {"name": "SGD", "batch_size": 2, "l2_penalty": 0}
    script(
        *("train", "--model", "vgg", "--architecture", "vgg", "--norm", "batch"),
        *("--lr", 0.1, "--seed", 0, "--network", json.dumps(network)),
        *("--norm-settings", json.dumps(components.defaults("norms", "batch"))),
        *("--optimiser", json.dumps(optimiser), "--steps", 1),
        *("--checkpoints", 0, "--evaluations", 0),
        *("--data", data, "--manifest", manifest),
    )
    run = json.loads(manifest.read_text(encoding="utf-8"))
    notes = run_conditions.data_notes([manifest, manifest])
    if not left_out:
        assert log == ""
        assert metadata == {}
        assert "data_notes" not in run
        assert notes == []
        return
    assert log.splitlines() == metadata["notes"] == run["data_notes"] == notes
    assert left_out[0] in notes[0]
    assert len(notes) == 1


@pytest.mark.parametrize("notes", [[], ["2 are left out (a & b)"]])
def test_the_page_shows_notes_where_there_are_any(notes):
    environment = templates.environment().overlay(undefined=jinja2.ChainableUndefined)
    page = environment.get_template("results.html.j2").render(
        data_notes=notes, topics={}
    )
    assert page.count('<th scope="row">Data</th>') == len(notes)
    assert page.count("2 are left out (a &amp; b)") == len(notes)
