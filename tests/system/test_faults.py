"""Kills, a full disk, damaged files: nothing is lost and nothing is wrong afterwards."""

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

from project import copy_of_project, results, shared, snakemake
from tools.project import copy_tree, environment

pytestmark = pytest.mark.slow

CONFIG = "tests/faulty.yaml"
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
COMMAND = [
    *(sys.executable, "-m", "snakemake", "--cores", "2"),
    *(*TARGETS, "--configfile", CONFIG),
]


def logs(project: Path) -> str:
    paths = sorted((project / "results/faulty/logs").rglob("*.log"))
    return "".join(path.read_text(encoding="utf-8") for path in paths)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Path:
    """A project in which the experiment has run; not to be changed."""
    return shared(tmp_path_factory, "undisturbed", finish)


def start(project: Path) -> subprocess.Popen:
    with (project / "snakemake.log").open("a") as log:
        return subprocess.Popen(
            COMMAND, cwd=project, env=environment(), stdout=log, stderr=log
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
        [*COMMAND, "--unlock"],
        cwd=project,
        env=environment(),
        check=True,
        capture_output=True,
    )


def finish(project: Path, *targets: str) -> None:
    done = snakemake(project, "--cores", "2", *targets, config=CONFIG)
    assert done.returncode == 0, done.stderr[-3000:]


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
            snake = start(project)
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
    snake = start(project)
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
    """The second says that the first is at work, and leaves."""
    project = copy_of_project(tmp_path / "project")
    first = start(project)
    while not list((project / ".snakemake/locks").glob("*")):
        assert first.poll() is None
        time.sleep(0.05)
    second = snakemake(project, "--cores", "1", config=CONFIG)
    assert second.returncode == 1
    assert "cannot be locked" in second.stderr
    assert "Traceback" not in second.stderr
    assert first.wait(300) == 0
    finish_as(undisturbed, project)


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


# What differs between files of a kind: runs, steps, data sets, and names.
VARIABLE = (
    r"(vgg|dln)/\w+|seed\d+|step\d+|lr[^/]+|fig\d+\w+"
    r"|(?<=tables/)\w+|(?<=data/)\w+|(?<=probes/)\w+|(?<=claims/)\w+"
)


def cut(content: bytes) -> bytes:
    """Two thirds of a file; a table's last line is not whole."""
    return content[: len(content) * 2 // 3].rstrip(b"\n")


def test_the_check_finds_every_changed_result(undisturbed, tmp_path):
    """Where no job has made it again; one by one, as a byte that has turned."""
    project = copy_tree(undisturbed, tmp_path / "project")
    folder = Path("results/faulty")
    command = ["src/check.py", "--output", str(folder / "SHA256SUMS")]
    for name in sorted(results(undisturbed, "faulty")):
        if not name.startswith(("tables/", "figures/", "verdicts", "theory")):
            continue
        path = project / folder / name
        content = path.read_bytes()
        path.write_bytes(content[:-2] + bytes([content[-2] ^ 1]) + content[-1:])
        done = subprocess.run(
            [sys.executable, *command, str(folder / name)],
            cwd=project,
            capture_output=True,
            encoding="utf-8",
        )
        assert done.returncode == 1, name
        (line,) = done.stderr.splitlines()
        assert line.startswith(f"check.py: {folder / name}: checksum")
        path.write_bytes(content)


STAGES = ("figures/*", "tables/*", "probes/**/*", "train/**/*", "data/*", "claims/*")


@pytest.mark.parametrize("stage", [*STAGES, "*.*", "SHA256SUMS"])
def test_every_truncated_output_is_found_or_rebuilt(undisturbed, tmp_path, stage):
    """By a job that reads it or by the check; the line says to delete the file.

    What nothing reads again is found by the checksums that the check has listed.
    """
    project = copy_tree(undisturbed, tmp_path / "project")
    expected = results(project, "faulty")
    folder = project / "results/faulty"
    truncated = one_of_each_kind(folder, stage)
    assert truncated
    for name in truncated:
        (folder / name).write_bytes(cut((folder / name).read_bytes()))
    # A job names the first damaged file that it reads, so each run names at least one more.
    while run_that_fails(project):
        output = [line for line in logs(project).splitlines() if ".py: " in line]
        named = {n for n in truncated if any(Path(n).name in line for line in output)}
        assert named, (truncated, output)
        for name in named:
            (folder / name).unlink()
        truncated -= named
    actual = results(project, "faulty")
    # What is made from them is whole, and they are rebuilt when something asks.
    missing = expected.keys() - actual.keys()
    assert all(each.startswith(("data/", "probes/", "train/")) for each in missing)
    changed = {each for each in actual if actual[each] != expected[each]}
    assert changed - {"SHA256SUMS"} <= truncated
    output = sha256sum(folder)
    assert bool(output.returncode) == bool(changed)
    assert all(name in output.stdout for name in changed - {"SHA256SUMS"})


def one_of_each_kind(folder: Path, pattern: str) -> set[str]:
    """A file of each kind that matches; all others of it go the same way."""
    kinds = {}
    for path in sorted(folder.glob(pattern)):
        name = str(path.relative_to(folder))
        # A page that is cut short shows it.
        if path.is_file() and name != "index.html":
            kinds[re.sub(VARIABLE, "*", name)] = name
    return set(kinds.values())


def run_that_fails(project: Path) -> bool:
    done = snakemake(project, "--cores", "2", "--keep-going", config=CONFIG)
    return done.returncode != 0


def sha256sum(folder: Path):
    """What docs/workflow.md says to look with."""
    command = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8")
