"""A training that was stopped resumes, and ends with the same bytes."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from normscape import code
from normscape.training import loop, resume, tensors

STEPS, CHECKPOINTS, EVALUATIONS = 130, [0, 60, 130], [0, 20, 120]


class Stopped(Exception):
    pass


def train(run, folder, stop_at=None, depends_on=None, pause_requested=lambda: False):
    """All files of a training, or Stopped when it has saved at this step."""
    state = resume.State(folder / "state", depends_on or {"code": "a"}, interval=0)

    def on_pause(run, *tables):
        state.save(run, *tables)
        if run.step == stop_at:
            raise Stopped

    history, evaluation = state.restore(run)
    history, evaluation = loop.train(
        run,
        STEPS,
        checkpoints=CHECKPOINTS,
        save_checkpoint=state.save_checkpoint,
        evaluations=EVALUATIONS,
        history=history,
        evaluation=evaluation,
        on_pause=on_pause,
        pause_requested=pause_requested,
    )
    state.finish(folder)
    return history, evaluation, {p.name: p.read_bytes() for p in folder.iterdir()}


@pytest.mark.parametrize(
    ("model", "norm", "optimiser"),
    [
        ("vgg", "noisy_batch", {"momentum": 0.9}),
        ("resnet", "batch", {"name": "AdamW"}),
        ("dln", "linf", {}),
    ],
)
def test_it_ends_with_the_same_bytes(make_run, tmp_path, model, norm, optimiser):
    def run():
        return make_run(model, norm, 1e-3, **optimiser)

    whole = train(run(), tmp_path / "whole")
    assert sorted(whole[2]) == ["step0.safetensors"] + [
        f"step{step}.safetensors" for step in (130, 60)
    ]
    for stops in ([0], [20], [60, 110, 120], [130]):
        folder = tmp_path / "-".join(map(str, stops))
        for stop in stops:
            with pytest.raises(Stopped):
                train(run(), folder, stop)
            assert not list(folder.glob("*.safetensors"))
        assert train(run(), folder) == whole


@pytest.fixture(scope="module")
def whole(make_run, tmp_path_factory):
    """All files of a training that nothing has stopped."""
    return train(make_run(), tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("stop_step", [1, 37, 61, 129])
def test_it_stops_before_the_next_step(make_run, whole, tmp_path, stop_step):
    """Also where neither a checkpoint nor the end of a record is near."""
    run = make_run()
    with pytest.raises(Stopped):
        train(
            run,
            tmp_path / "cut",
            stop_step,
            pause_requested=lambda: run.step == stop_step,
        )
    resumed = make_run()
    assert train(resumed, tmp_path / "cut") == whole


def test_a_diverging_run_resumes_to_the_same_end(make_run, tmp_path):
    whole = train(make_run("dln", "none", lr=6e-3), tmp_path / "whole")
    diverged_at = whole[0][-1].step
    assert 0 < diverged_at < STEPS
    with pytest.raises(Stopped):
        train(make_run("dln", "none", lr=6e-3), tmp_path / "cut", 0)
    assert train(make_run("dln", "none", lr=6e-3), tmp_path / "cut")[2] == whole[2]


def damage(path):
    path.write_bytes(path.read_bytes()[:-7])


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda f: damage(f / "latest.safetensors"), "not a complete safetensors file"),
        (lambda f: damage(f / "step60.safetensors"), "step60.safetensors: "),
        (lambda f: (f / "step0.safetensors").unlink(), "No such file"),
        (lambda f: tensors.save(f / "latest.safetensors", {}, {}), "depends_on"),
    ],
)
def test_a_damaged_state_is_rejected(make_run, whole, tmp_path, capsys, spoil, why):
    folder = tmp_path / "cut"
    with pytest.raises(Stopped):
        train(make_run(), folder, 110)
    spoil(folder / "state")
    capsys.readouterr()
    with pytest.raises(Stopped):
        train(make_run(), folder, 0)
    message = capsys.readouterr().out
    assert message.startswith("saved state not usable (")
    assert why in message
    assert (folder / "state.rejected").is_dir()
    assert train(make_run(), folder) == whole  # neither folder is left


@pytest.mark.parametrize("key", ["code", "settings"])
def test_a_state_of_something_else_is_rejected(make_run, tmp_path, capsys, key):
    depends_on = {"code": "a", "settings": [1]}
    with pytest.raises(Stopped):
        train(make_run(), tmp_path, 110, depends_on)
    train(make_run(), tmp_path, depends_on=depends_on | {key: "b"})
    assert f"saved with different {key}" in capsys.readouterr().out


def test_what_a_training_depends_on(make_run, tmp_path):
    (tmp_path / "data").write_bytes(b"a")
    modules = code.training_digests("resnet", "batch", "Adam")
    arguments = make_run("resnet", name="Adam"), modules
    dependencies = resume.dependencies(*arguments, [tmp_path / "data"], {"lr": 0.1})
    names = {line.split()[0] for line in dependencies["code"]}
    assert {"normscape/training/run.py", "normscape/norms/batch.py"} <= names
    assert {"normscape/models/resnet.py", "normscape/optimisers/__init__.py"} <= names
    assert dependencies["threads"] == torch.get_num_threads()
    (tmp_path / "data").write_bytes(b"b")
    other = resume.dependencies(*arguments, [tmp_path / "data"], {"lr": 0.1})
    assert {key for key in dependencies if dependencies[key] != other[key]} == {"files"}


def test_saved_states_keep_their_distance(make_run, tmp_path):
    state = resume.State(tmp_path / "state", {}, interval=0.2)
    assert not state.is_due
    time.sleep(0.2)
    assert state.is_due
    state.save(make_run(), [], [])
    assert not state.is_due


HOLD = """
import sys, time
from pathlib import Path
from normscape.training import resume
with resume.exclusive_lock(Path(sys.argv[1])):
    print("in", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def hold(folder, seconds):
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, folder, str(seconds)],
        env=os.environ | {"PYTHONPATH": "src"},
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )


def test_one_process_at_a_time(tmp_path):
    first = hold(tmp_path, 60)
    assert first.stdout.readline() == "in\n"
    second = hold(tmp_path, 0)
    assert "another process" in second.stdout.readline()
    first.kill()  # a killed one holds nobody up
    assert second.stdout.readline() == "in\n"
    assert second.wait() == 0
    assert list(tmp_path.iterdir()) == []


def test_a_killed_script_resumes(make_run, make_data, tmp_path):
    tensors.save(tmp_path / "data.safetensors", make_data())
    spec = make_run(norm="l1").spec
    command = [sys.executable, "src/train.py", "--model", "vgg", "--norm", "l1"]
    command += ["--architecture", "vgg", "--lr", "0.01", "--seed", "0"]
    for name in ("network", "norm_settings", "optimiser"):
        command += [f"--{name.replace('_', '-')}", json.dumps(getattr(spec, name))]
    command += ["--steps", "200"]
    command += ["--checkpoints", "0", "50", "200", "--evaluations", "0", "100"]
    command += ["--data", str(tmp_path / "data.safetensors"), "--save-interval", "0"]

    def files(folder):
        return {
            path.name: path.read_bytes()
            for path in folder.iterdir()
            if path.name != "run.json"
        }

    subprocess.run(
        [*command, "--manifest", str(tmp_path / "whole/run.json")], check=True
    )
    cut, latest = tmp_path / "cut", tmp_path / "cut/state/latest.safetensors"
    process = subprocess.Popen([*command, "--manifest", str(cut / "run.json")])
    while not (latest.is_file() and tensors.load(latest)[1]["step"] >= 50):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (cut / "history.csv").exists()
    done = subprocess.run(
        [*command, "--manifest", str(cut / "run.json")],
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    assert "resumes at step" in done.stdout
    assert files(cut) == files(tmp_path / "whole")
