"""What a run prints: little in a file, one line that is redrawn in a terminal."""

import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from normscape.pipeline.console import CLEAR
from project import TINY, snakemake
from tools.project import copy_tree, environment

TARGET = "results/tiny/probes/rank/dln/batch/lr1e-06/seed0/step0.csv"
LOG = "results/tiny/logs/probe_rank/dln/batch/lr1e-06/seed0/step0.log"
MESSAGE = "Measure rank of dln/batch/lr1e-06/seed0/step0"
LINES = 40
STATUS = r"\d+:\d\d:\d\d  "


@pytest.fixture
def broken(finished, tmp_path) -> Path:
    """A finished project to change, in which probes have come to fail after some seconds."""
    project = copy_tree(finished, tmp_path / "project")
    script = project / "src/probe.py"
    text = script.read_text(encoding="utf-8")
    fail = """
    for line in range(50):
        print("line", line, flush=True)
    __import__("time").sleep(3)
    raise ValueError("out of order")
"""
    changed = text.replace("def main():\n", f"def main():{fail}", 1)
    assert changed != text
    script.write_text(changed, encoding="utf-8")
    return project


def complete_log(project: Path) -> str:
    """What Snakemake wrote to its own file in the latest run."""
    logs = sorted((project / ".snakemake/log").glob("*.log"))
    return logs[-1].read_text(encoding="utf-8")


def test_a_run_of_all_rules_prints_few_lines(finished, tmp_path):
    """Jobs that only touch their files print what others print."""
    project = copy_tree(finished, tmp_path / "project")
    options = ("--cores", "1", "--touch", "--forceall")
    done = snakemake(project, *options)
    assert done.returncode == 0, done.stderr[-3000:]
    said = done.stdout + done.stderr
    # The verdicts have lines of their own.
    assert len(done.stderr.splitlines()) < LINES, said
    log = complete_log(project)
    jobs = re.findall(r"^Job \d+: (.*)$", log, re.MULTILINE)
    assert len(jobs) > 80
    assert f"{len(jobs) + 1} jobs to run" in said
    assert not any(job in said for job in jobs)
    assert "The results page: " in said

    some = "results/tiny/tables/history.csv"
    with_details = snakemake(project, "--printshellcmds", *options, some)
    jobs = re.findall(r"^Job \d+: (.*)$", complete_log(project), re.MULTILINE)
    assert len(jobs) > 5
    for job in jobs:
        assert job in with_details.stderr


def test_a_failure_is_shown_with_the_end_of_its_log(broken):
    done = snakemake(broken, "--cores", "1", TARGET)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert len(lines) < LINES
    (start,) = [
        number for number, line in enumerate(lines) if line.startswith("failed: ")
    ]
    assert MESSAGE in lines[start]
    assert LOG in lines[start]
    said = lines[start + 1 :]
    assert "  | line 49" in said
    assert "  | line 0" not in said
    assert any("probe.py: out of order" in line for line in said)
    assert f"failed: {MESSAGE}; see {LOG}" in done.stdout
    assert "Reason: " in complete_log(broken)


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_terminal_is_left_without_a_status_line(broken, interrupted):
    reader, writer = pty.openpty()
    command = ["--cores", "1", "--configfile", TINY, "--", TARGET]
    process = subprocess.Popen(
        [sys.executable, "-m", "snakemake", *command],
        cwd=broken,
        env=environment() | {"TERM": "xterm", "COLUMNS": "70"},
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=writer,
        start_new_session=True,
    )
    os.close(writer)
    said = ""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            said += os.read(reader, 10_000).decode()
        except OSError:  # all that wrote to it have ended
            break
        if interrupted and re.search(STATUS, said) and (broken / LOG).exists():
            os.killpg(process.pid, signal.SIGINT)
            interrupted = None
    os.close(reader)
    assert process.wait(60) == 1
    drawn = re.findall(re.escape(CLEAR) + rf"({STATUS}[^\r]*)", said)
    assert drawn
    assert max(map(len, drawn)) < 70
    # What a line shows at the end is what was written after it was last cleared.
    shown = [line.rpartition(CLEAR)[2] for line in said.split("\n")]
    assert not any(re.match(STATUS, line) for line in shown), said
    assert ("failed: " in said) == (interrupted is False)
    assert "Traceback" not in said
    assert "Complete log" in said
