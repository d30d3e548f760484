"""Tools beside the pipeline, as make calls them."""

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from normscape.archive import opening, records, zips
from project import TINY, copy_of_project, snakemake
from tools import reviewers, verify
from tools.project import copy_tree, environment


@pytest.mark.slow
def test_the_plan_of_an_experiment(tmp_path):
    project = copy_of_project(tmp_path / "project")
    (project / "more.yaml").write_text("name: more\n", encoding="utf-8")
    files = [TINY, "more.yaml"]
    done = snakemake(project, "--dry-run", "--quiet", "rules", config=" ".join(files))
    stats = done.stdout.splitlines()
    rows = [line.split() for line in stats if re.fullmatch(r"\w+ +\d+", line)]
    counts = {rule: int(count) for rule, count in rows}
    counts = {rule: counts[rule] for rule in counts.keys() - {"all", "total"}}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.plan", "--configfile", *files],
        cwd=project,
        env=environment() | {"PYTHONPATH": "src"},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    plan, _, undecided = done.stdout.partition("Claims that stay open")
    first, *table, last = plan.splitlines()
    assert ": 2 of batch, 2 of none" in undecided
    assert first == f"more: {sum(counts.values())} jobs to run"
    assert counts["train_vgg"] == 4
    assert counts["probe_landscape"] == 4 * 2 + 2 * 2
    rows = {row.split()[0]: row.split()[1:] for row in table}
    assert {rule: int(rows[rule][0]) for rule in counts} == counts
    assert float(rows["train_vgg"][1]) >= float(rows["collect"][1]) > 0
    assert re.fullmatch(r"checkpoints: 24 files, 0\.\d GB, kept", last)


def test_the_table_for_reviewers(finished):
    """One row per verdict with runs; the probe's cost is added to that of the training runs."""
    folder = finished / "results/tiny"
    _, _, *rows = (line.strip("| ").split(" | ") for line in reviewers.table(folder))
    text = (folder / "verdicts.md").read_text(encoding="utf-8")
    judged = [line for line in text.splitlines() if line.startswith("| ")]
    judged = [line for line in judged if line[2:].split(" | ")[0].strip(" -") != ""]
    judged = [line for line in judged if not line.startswith("| claim ")]
    assert len(rows) == len(judged) > 5
    for row, line in zip(rows, judged, strict=True):
        assert row[0] == line.strip("| ").split(" | ")[0].strip()
    actual = records.jobs(records.read(Path("results/tiny"), finished))
    seconds = {
        probe: sum(job.seconds for job in actual if job.rule.startswith(rules))
        for probe, rules in (
            (None, ("train_", "prepare_")),
            ("ics", ("train_", "prepare_", "probe_ics")),
        )
    }
    minutes = reviewers.minutes_by_rule(folder)
    assert minutes["trainings"] * 60 == pytest.approx(seconds[None])
    both = minutes["trainings"] + minutes["probe_ics"]
    assert both * 60 == pytest.approx(seconds["ics"]) != minutes["trainings"] * 60
    assert minutes["probe_None"] == 0
    alone, with_ics = (reviewers.gigabytes(folder, probe) for probe in (None, "ics"))
    size = sum(p.stat().st_size for p in (folder / "probes/ics").rglob("*.csv"))
    assert round((with_ics - alone) * 1e9) == size > 0


def pool(*folders, output):
    return subprocess.run(
        [sys.executable, "-m", "tools.pool", *folders, "--output", output],
        env=environment() | {"PYTHONPATH": "src"},
        capture_output=True,
        encoding="utf-8",
    )


def test_runs_of_two_experiments_are_judged_as_of_one(finished, tmp_path):
    """The same seeds on another server: each effect is of twice as many runs."""
    here = finished / "results/tiny"
    there = copy_tree(here, tmp_path / "there", "train", "probes", "data", "figures")
    done = pool(here, there, output=tmp_path / "pooled")
    assert done.returncode == 1
    assert "expected other runs" in done.stderr
    assert not (tmp_path / "pooled").exists()
    history = pd.read_csv(there / "tables/history.csv", keep_default_na=False)
    history = history.assign(loss=2 * history.loss)
    history.to_csv(there / "tables/history.csv", index=False)
    # A model that draws its data by seed has another loss of constant outputs there.
    losses = pd.read_csv(there / "tables/constant_losses.csv")
    assert "dln" in set(losses.model)
    losses.loc[losses.model == "dln", "loss"] *= 1.1
    losses.to_csv(there / "tables/constant_losses.csv", index=False)
    done = pool(here, there, output=tmp_path / "pooled")
    assert done.returncode == 0, done.stderr
    assert "0 as 2, 1 as 3" in done.stdout
    alone, pooled = (
        pd.read_csv(folder / "verdicts.csv", keep_default_na=False)
        for folder in (here, tmp_path / "pooled")
    )
    assert list(pooled.claim) == list(alone.claim)
    assert list(pooled.seeds) == list(2 * alone.seeds)
    trains = "trains_faster"
    (before,), (after,) = (
        each[each.claim == trains].effect for each in (alone, pooled)
    )
    assert float(after) == pytest.approx(float(before))
    values = pd.read_csv(tmp_path / "pooled/verdict_values.csv")
    values = values[(values.claim == trains) & (values.norm == "batch")]
    assert list(2 * values.value[:2]) == pytest.approx(list(values.value[2:]))


@pytest.mark.parametrize(
    ("file", "old", "new", "line"),
    [
        (
            "config.json",
            '"width": 2',
            '"width": 5',
            "models.vgg.network.width: expected 2",
        ),
        (
            "config.json",
            '"name": "SGD"',
            '"name": "Adam"',
            "optimiser.name: expected 'SGD'",
        ),
        ("config.json", "}", "", "expected a file of a finished experiment"),
        ("tables/constant_losses.csv", "vgg,", "vgg,9", "vgg: expected the same loss"),
        (
            "tables/history.csv",
            "vgg,batch,0.1,1,",
            "vgg,batch,0.2,1,",
            "expected all runs",
        ),
    ],
)
def test_what_is_not_pooled(finished, tmp_path, file, old, new, line):
    here = finished / "results/tiny"
    there = copy_tree(here, tmp_path / "there", "train", "probes", "data", "figures")
    text = (there / file).read_text(encoding="utf-8")
    assert old in text
    (there / file).write_text(text.replace(old, new), encoding="utf-8")
    text = (there / "tables/history.csv").read_text(encoding="utf-8")
    (there / "tables/history.csv").write_text(
        re.sub(r"(?m)^((?:[^,]*,){5})(\d)", r"\g<1>1\2", text), encoding="utf-8"
    )
    done = pool(here, there, output=tmp_path / "pooled")
    assert done.returncode == 1
    (actual,) = done.stderr.splitlines()
    assert actual.startswith("pool.py: ")
    assert line in actual
    assert not (tmp_path / "pooled").exists()


@pytest.mark.parametrize(
    ("installed", "differs"), [("2.15.0+cpu", False), ("2.15.1+cpu", True)]
)
def test_another_build_of_a_locked_version_is_that_version(
    tmp_path, monkeypatch, installed, differs
):
    """PyTorch's own index gives 2.15.0+cpu where the lock has 2.15.0."""
    lock = """torch==2.15.0 \\\n    --hash=sha256:0\nwheel==1 ; sys_platform == "win32"\n"""
    zips.write(tmp_path / "a.zip", {verify.LOCK: lock.encode()})
    monkeypatch.setattr(verify.metadata, "version", lambda name: installed)
    with opening.opened(tmp_path / "a.zip") as archive:
        problems = verify.compare_versions(archive)
    assert [problem.split()[0] for problem in problems] == ["torch:"] * differs
