"""Tools beside the pipeline, as make calls them."""

import re
import subprocess
import sys

from project import copy_of_project, snakemake
from tools.project import environment


def test_the_plan_of_an_experiment(tmp_path):
    project = copy_of_project(tmp_path / "project")
    stats = snakemake(project, "--dry-run", "--quiet", "rules").stdout.splitlines()
    rows = [line.split() for line in stats if re.fullmatch(r"\w+ +\d+", line)]
    counts = {rule: int(count) for rule, count in rows}
    counts = {rule: counts[rule] for rule in counts.keys() - {"all", "total"}}
    done = subprocess.run(
        [sys.executable, "-m", "tools.plan", "--configfile", "tests/tiny.yaml"],
        cwd=project,
        env=environment() | {"PYTHONPATH": "src"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    first, *table, last = done.stdout.splitlines()
    assert first == f"tiny: {sum(counts.values())} jobs to run"
    assert counts["train_vgg"] == 4
    assert counts["probe_landscape"] == 4 * 2 + 2 * 2
    rows = {row.split()[0]: row.split()[1:] for row in table}
    assert {rule: int(rows[rule][0]) for rule in counts} == counts
    assert float(rows["train_vgg"][1]) >= float(rows["collect"][1]) > 0
    assert re.fullmatch(r"checkpoints: 20 files, 0\.\d GB, which stay", last)
