"""Kills and a full disk: nothing is lost and nothing is wrong afterwards."""

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from faulty import CONFIG, finish, logs

from project import copy_of_project, results, snakemake
from tools.project import environment

pytestmark = pytest.mark.slow

KILLS = 12
# A part of the experiment that has jobs of each kind except the page and the check.
TARGETS = [
    f"results/faulty/{name}"
    for name in (
        "verdicts.csv",
        "theory.csv",
        "figures/fig01_training_curves.png",
        "figures/fig04_landscape.png",
    )
]
TRAINING = "train/vgg/none/lr0.1/seed0/history.csv"
SNAKEMAKE = [sys.executable, "-m", "snakemake", "--cores", "2"]


def start(project: Path, *targets: str) -> subprocess.Popen:
    with (project / "snakemake.log").open("a") as log:
        return subprocess.Popen(
            [*SNAKEMAKE, *targets, "--configfile", CONFIG],
            cwd=project,
            env=environment(),
            stdout=log,
            stderr=log,
        )


def jobs_of(snake: subprocess.Popen) -> list[psutil.Process]:
    """The processes of its jobs that run a script of ours."""
    actual = []
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in psutil.Process(snake.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if any(Path(part).parent.name == "src" for part in process.cmdline()):
                    actual.append(process)
    return actual


def restart(project: Path) -> None:
    """What docs/workflow.md says after a kill."""
    subprocess.run(
        [*SNAKEMAKE, "--unlock", "--configfile", CONFIG],
        cwd=project,
        env=environment(),
        check=True,
        capture_output=True,
    )


def finish_as(undisturbed: Path, project: Path) -> None:
    """Finish the targets, and compare all that was made with what no fault has met."""
    finish(project, *TARGETS)
    assert all((project / target).is_file() for target in TARGETS)
    actual, expected = results(project, "faulty"), results(undisturbed, "faulty")
    assert [name for name in actual if actual[name] != expected.get(name)] == []
    needed = {name for name in expected if name.startswith(("data/", "train/"))}
    assert needed <= actual.keys()


@pytest.mark.parametrize("victim", ["snakemake", "job"])
def test_kills(undisturbed, tmp_path, victim):
    """Half of the kills each, at moments that a seed decides."""
    draws = random.Random(victim)
    kills = rounds = 0
    while kills < KILLS // 2:
        rounds += 1
        assert rounds < KILLS, "nothing has been killed for a long time"
        project = copy_of_project(tmp_path / f"round{rounds}")
        finished = False
        while kills < KILLS // 2 and not finished:
            snake = start(project, *TARGETS)
            deadline = time.monotonic() + draws.uniform(3, 9)
            while time.monotonic() < deadline and snake.poll() is None:
                time.sleep(0.05)
            if victim == "job":
                while snake.poll() is None and not (jobs := jobs_of(snake)):
                    time.sleep(0.02)
                if snake.poll() is None:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        draws.choice(jobs).send_signal(signal.SIGKILL)
                        kills += 1
                snake.wait(120)
            elif snake.poll() is None:
                snake.send_signal(signal.SIGKILL)
                snake.wait()
                kills += 1
                restart(project)
            finished = snake.returncode == 0
        finish_as(undisturbed, project)
    assert kills == KILLS // 2


def test_trainings_were_resumed_not_repeated(undisturbed, tmp_path):
    """A training killed half-way says in its log where it goes on."""
    project = copy_of_project(tmp_path / "project")
    snake = start(project, *TARGETS)
    pattern = "results/faulty/train/vgg/*/*/*/state/latest.safetensors"
    deadline = time.monotonic() + 120
    while not list(project.glob(pattern)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    for job in jobs_of(snake):
        job.kill()
    snake.wait(120)
    assert snake.returncode == 1
    finish_as(undisturbed, project)
    assert re.search(r"^resumes at step \d+$", logs(project), re.MULTILINE)


def test_two_at_once(undisturbed, tmp_path):
    """The second says that the first is at work, and leaves; the first goes on."""
    project = copy_of_project(tmp_path / "project")
    target = project / "results/faulty" / TRAINING
    first = start(project, str(target.relative_to(project)))
    while not target.with_name("state").exists():
        assert first.poll() is None
        time.sleep(0.02)
    # It waits, so that it cannot end before the second has come to the lock.
    first.send_signal(signal.SIGSTOP)
    try:
        second = snakemake(project, "--cores", "1", config=CONFIG)
    finally:
        first.send_signal(signal.SIGCONT)
    assert second.returncode == 1
    assert "cannot be locked" in second.stderr
    assert "Traceback" not in second.stderr
    assert first.wait(300) == 0
    finish(project, str(target.relative_to(project)))
    actual = results(project, "faulty")
    assert TRAINING in actual
    assert actual.items() <= results(undisturbed, "faulty").items()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk, as root only")
def test_a_full_disk(undisturbed, tmp_path):
    """One line that names the file; with room again, the same end."""
    project = copy_of_project(tmp_path / "project")
    (project / "results").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", project / "results"]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        done = snakemake(project, "--cores", "1", *TARGETS, config=CONFIG)
        assert done.returncode == 1
        lines = re.findall(r"^\w+\.py: .*$", logs(project), re.MULTILINE)
        assert lines, done.stderr[-3000:]
        assert all("No space left on device" in line for line in lines)
        assert "Traceback" not in logs(project)
        room = ["mount", "-o", "remount,size=200m", project / "results"]
        subprocess.run(room, check=True)
        finish_as(undisturbed, project)
    finally:
        subprocess.run(["umount", "--lazy", project / "results"], check=True)
