"""A training that is told to stop saves its state at once, and goes on from there."""

import os
import re
import signal
import subprocess
import sys
import time

from project import one_of_each, results, snakemake, with_config
from tools.project import copy_of_project, environment

RUN = "dln/none/lr1e-06/seed0"
HISTORY = f"results/tiny/train/{RUN}/history.csv"
STEPS = 1500


def one_training(config) -> None:
    """It takes some seconds, and would save its state no sooner than in an hour."""
    one_of_each(config)
    config["save_interval"] = 3600
    config["models"]["dln"].update(steps=STEPS, checkpoints=[0, STEPS])


def test_sigterm_to_all_processes(tmp_path):
    """As where a machine is switched off, or a batch job's time is over."""
    project = copy_of_project(tmp_path / "project")
    config = with_config(project, one_training)
    log = project / f"results/tiny/logs/train/{RUN}.log"
    command = [HISTORY, "--cores", "1", "--configfile", config]
    snake = subprocess.Popen(
        [sys.executable, "-m", "snakemake", *command],
        cwd=project,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    begun = (project / HISTORY).with_name("state") / "step0.safetensors"
    deadline = time.monotonic() + 60
    while not begun.exists():
        assert time.monotonic() < deadline and snake.poll() is None
        time.sleep(0.02)
    time.sleep(0.3)
    os.killpg(snake.pid, signal.SIGTERM)
    assert snake.wait(60) == 1
    said = r"train\.py: SIGTERM: .* step (\d+); .*\n"
    stopped = re.fullmatch(said, log.read_text(encoding="utf-8"))
    assert 0 < int(stopped[1]) < STEPS

    done = snakemake(project, "--cores", "1", HISTORY, config=config)
    assert done.returncode == 0, done.stderr[-3000:]
    assert log.read_text(encoding="utf-8").startswith(f"resumes at step {stopped[1]}\n")
    actual = results(project, "tiny")

    done = snakemake(project, "--cores", "1", "--force", HISTORY, config=config)
    assert done.returncode == 0, done.stderr[-3000:]
    assert log.read_text(encoding="utf-8").startswith(f"done at step {STEPS}")
    assert results(project, "tiny") == actual
