"""The whole pipeline on a tiny experiment: every rule, and what reruns when."""

import re
from pathlib import Path

import pandas as pd
import pytest

from experiments import default
from normscape import components
from normscape.pipeline import catalogue
from project import (
    announced,
    copy_of_project,
    dry_run,
    planned,
    results,
    run,
    snakemake,
    starting,
    with_config,
)
from tools.project import copy_tree

# Those for which the tiny experiment has tables: the others' probes it does not ask for.
FIGURES = [
    f
    for f in catalogue.figures()
    if not f.startswith(("fig21", "fig22", "fig23", "fig28"))
]

# After any change.
CHECK = "Check the integrity of all results"
PAGE = "Write the results page"


def edit(path: Path, text: str = "\nedited = True\n") -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


@pytest.fixture
def folder(finished, tmp_path) -> Path:
    """A copy of the finished folder, to change."""
    return copy_tree(finished, tmp_path / "project")


def test_every_table_and_figure_is_there(finished):
    results = finished / "results" / "tiny"
    asked = [None, *default()["probes"]]
    collected = [
        t for t in catalogue.collected_tables() if components.probe_of(t) in asked
    ]
    for name in [*collected, *catalogue.summaries()]:
        table = pd.read_csv(results / f"tables/{name}.csv", keep_default_na=False)
        assert list(table.columns[:4]) == ["model", "norm", "lr", "seed"]
        assert len(table), name
        assert set(table.model) <= {"vgg", "vgg_from_3", "dln"}
    drawn = {path.stem for path in (results / "figures").iterdir()}
    assert sorted(drawn) == FIGURES
    assert len(FIGURES) == 24
    for figure in FIGURES:
        assert (results / f"figures/{figure}.png").read_bytes()[:4] == b"\x89PNG"
        assert (results / f"figures/{figure}.pdf").read_bytes()[:4] == b"%PDF"


def test_the_tables_hold_what_the_config_asks_for(finished):
    tables = finished / "results" / "tiny" / "tables"
    history = pd.read_csv(tables / "history.csv", keep_default_na=False)
    assert len(history) == 2 * 2 * 6 + 2 * 2 * 3 + 2 * 2 * 8
    landscape = pd.read_csv(tables / "landscape.csv", keep_default_na=False)
    assert len(landscape) == (4 * 2 + 2 * 2) * 3 * 2  # points, directions, step sizes
    ics = pd.read_csv(tables / "ics.csv")
    assert sorted(ics.groupby("model").size()) == [3, 14]
    # The probe's start is the training step: same batch, same loss, but for rounding.
    merged = landscape.merge(history, on=["model", "norm", "lr", "seed", "step"])
    assert len(merged) == len(landscape)
    assert merged.start_loss.to_list() == pytest.approx(merged.loss_y.to_list(), 1e-5)


def test_claims_and_theorems_are_judged(finished):
    results = finished / "results" / "tiny"
    verdicts = pd.read_csv(results / "verdicts.csv", keep_default_na=False)
    assert set(verdicts.verdict) == {"open"}  # of two seeds
    absent = verdicts[verdicts.reason == "not in this experiment"]
    assert {"noisy_batch", "l1"} <= set(absent.subject)
    # What the experiment has no runs for is one line, with its number.
    text = (results / "verdicts.md").read_text(encoding="utf-8")
    assert text.endswith(
        f"\nWithout runs in this experiment: {len(absent)} more comparisons.\n"
    )
    assert "Noisy BatchNorm" not in text
    measured = verdicts.set_index("claim").loc["trains_faster"]
    assert measured.seeds == 2
    assert float(measured.low) < float(measured.effect) < float(measured.high)
    theory = pd.read_csv(results / "theory.csv")
    assert set(theory.model) == {"random", "vgg", "dln"}
    assert (theory[theory.form == "holds"].violations == 0).all()
    assert (theory[theory.form == "printed"].violations > 0).any()


def test_a_changed_margin_trains_and_draws_nothing(folder):
    claims = folder / "workflow/claims/santurkar2018.yaml"
    claims.write_text(
        claims.read_text(encoding="utf-8").replace("below: 0.8", "below: 0.7"),
        encoding="utf-8",
    )
    copied = "Copy the claims santurkar2018.yaml"
    drawn = "Draw fig17_verdicts"
    assert planned(folder) == [CHECK, copied, drawn, "Evaluate the claims", PAGE]


def test_nothing_is_left_to_do(finished):
    assert planned(finished) == []


def test_touching_and_moving_rerun_nothing(folder, tmp_path):
    """Nor does a fresh clone into which results and records were unpacked."""
    for path in [*folder.glob("src/**/*.*"), *folder.glob("workflow/**/*.*")]:
        path.touch()
    for path in folder.glob("results/tiny/train/**/*.safetensors"):
        path.touch()
    assert planned(folder) == []
    moved = folder.rename(tmp_path / "elsewhere")
    assert planned(moved) == []
    clone = copy_of_project(tmp_path / "clone")
    for made in ("results", ".snakemake/metadata"):
        copy_tree(moved / made, clone / made)
    assert planned(clone) == []
    edit(clone / "src/normscape/figures/fig04_landscape.py")
    assert planned(clone) == [CHECK, "Draw fig04_landscape", PAGE]


def test_comments_docstrings_layout_and_how_jobs_start_rerun_nothing(folder):
    for path in folder.glob("src/**/*.py"):
        text = path.read_text(encoding="utf-8")
        if path.parent.name != "figures":  # There, the docstring is the caption.
            text = text.replace('"""', '"""Edited. ', 1)
        text = text.replace("\ndef ", "\n\n# An edit.\ndef ") + "\n# The end.\n"
        path.write_text(text, encoding="utf-8", newline="\r\n")
    for path in folder.glob("src/normscape/jobs/*.py"):
        edit(path)
    edit(folder / "src/train.py")
    edit(folder / "src/normscape/training/resume.py")
    assert planned(folder) == []


def test_a_changed_caption_redraws_its_figure(folder):
    path = folder / "src/normscape/figures/fig04_landscape.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("\n\n", "\n\nIn other words. ", 1), encoding="utf-8")
    assert planned(folder) == [CHECK, "Draw fig04_landscape", PAGE]


def test_an_edit_of_the_tables_trains_nothing(folder):
    edit(folder / "src/normscape/tables/frames.py")
    edit(folder / "src/normscape/tables/tables.yaml", "\n# An edit.\n")
    jobs = planned(folder)
    assert "Evaluate the claims" in jobs
    assert not starting(jobs, "Train", "Measure", "Prepare")
    edit(folder / "src/normscape/tables/rows.py")  # what writes the probes' tables
    jobs = planned(folder)
    assert starting(jobs, "Measure")
    assert not starting(jobs, "Train", "Prepare")


def test_an_edited_norm_retrains_its_own_cells_and_is_the_reason(folder):
    edit(folder / "src/normscape/norms/batch.py")
    output = dry_run(folder)
    reasons = [line for line in output.splitlines() if "Params have changed" in line]
    assert any("normscape/norms/batch.py" in line for line in reasons)
    jobs = announced(output)
    trained = starting(jobs, "Train")
    assert trained == [
        f"Train {model}, batch, lr {lr}, seed {seed}"
        for model, lr in (("dln", "1e-06"), ("vgg", "0.1"), ("vgg_from_3", "0.1"))
        for seed in (0, 1)
    ]
    probed = starting(jobs, "Measure")
    assert len(probed) == 4 + 2 + 2 + 3 + 4
    assert all("/batch/" in job for job in probed)
    assert len(starting(jobs, "Draw")) == len(FIGURES)


def test_an_edited_probe_trains_nothing(folder):
    edit(folder / "src/normscape/probes/ics.py")
    jobs = planned(folder)
    assert starting(jobs, "Measure") == [
        "Measure ics of dln/batch/lr1e-06/seed0/step4",
        "Measure ics of vgg/batch/lr0.1/seed0/step3",
    ]
    assert starting(jobs, "Draw") == [
        "Draw fig00_answer",
        "Draw fig03_internal_covariate_shift",
        "Draw fig17_verdicts",
        "Draw fig20_shift_by_layer",
    ]
    assert not starting(jobs, "Train", "Prepare")


def test_a_new_seed_trains_its_own_cells(folder):
    def add_seed(config):
        config["models"]["vgg"]["seeds"].append(2)

    jobs = planned(folder, with_config(folder, add_seed))
    assert starting(jobs, "Train") == [
        f"Train {model}, {norm}, lr 0.1, seed 2"
        for model in ("vgg", "vgg_from_3")
        for norm in ("batch", "none")
    ]
    landscapes = starting(jobs, "Measure landscape")
    assert len(landscapes) == 4
    assert all("seed2" in job for job in landscapes)
    assert not starting(jobs, "Measure ics", "Measure activations", "Prepare")
    assert "Collect the table history" in jobs
    assert "Draw fig01_training_curves" in jobs
    assert "Collect the table ics" not in jobs


def test_a_changed_setting_reaches_only_what_uses_it(folder):
    def more_bins(config):
        config["probes"]["activations"]["bins"] = 20

    jobs = planned(folder, with_config(folder, more_bins))
    assert len(starting(jobs, "Measure activations")) == 3
    assert len(starting(jobs, "Measure")) == 3
    assert not starting(jobs, "Train", "Prepare")

    def other_eps(config):
        config["norm_settings"] = {"batch": {"eps": 1e-4}}

    jobs = planned(folder, with_config(folder, other_eps))
    assert len(starting(jobs, "Train")) == 6
    assert all(", batch," in job for job in starting(jobs, "Train"))


@pytest.mark.slow
def test_runs_of_another_machine_are_evaluated_as_they_are(finished, tmp_path):
    """As docs/hpc.md says: copied, and marked as up to date."""
    project = copy_of_project(tmp_path / "project")
    for part in ("data", "train", "probes"):
        copy_tree(finished / f"results/tiny/{part}", project / f"results/tiny/{part}")
    done = snakemake(project, "--touch", "--cores", "1")
    assert done.returncode == 0, done.stderr[-3000:]
    assert not starting(planned(project), "Prepare", "Train", "Measure")
    done = snakemake(project, "--cores", "2", "results/tiny/verdicts.csv")
    assert done.returncode == 0, done.stderr[-3000:]
    made = results(project, "tiny")
    assert "verdicts.csv" in made
    assert made.items() <= results(finished, "tiny").items()


@pytest.mark.slow
def test_an_experiment_without_a_probe(tmp_path):
    """Its tables have only their header, and its claims no runs; all else is there."""
    project = copy_of_project(tmp_path / "project")

    def no_probes(config):
        config["models"] = {"vgg": config["models"]["vgg"]}
        config["probes"] = {}

    config = with_config(project, no_probes)
    # The default experiment's own probes and networks stay out of it, too.
    (project / "config.yaml").write_text(
        (project / config).read_text(encoding="utf-8"), encoding="utf-8"
    )
    run(project, config=config)
    tables = project / "results/tiny/tables"
    assert len((tables / "ics.csv").read_text(encoding="utf-8").splitlines()) == 1
    drawn = {path.stem for path in (project / "results/tiny/figures").iterdir()}
    # These are of probes in the first place.
    values_of_probes = {"fig03_internal_covariate_shift", "fig20_shift_by_layer"}
    values_of_probes |= {
        "fig06_lp_activations",
        "fig09_dln_activations",
        "fig18_learnt_rank",
    }
    values_of_probes |= {"fig08_moment_drift", "fig11_gradient_change"}
    values_of_probes |= {"fig15_random_directions", "fig04_landscape"}
    values_of_probes |= {"fig10_dln_landscape", "fig26_same_function", "fig27_downhill"}
    assert drawn == set(FIGURES) - values_of_probes
    verdicts = pd.read_csv(project / "results/tiny/verdicts.csv")
    assert set(verdicts[verdicts.quantity == "ics_cosine"].seeds) == {0}


@pytest.mark.parametrize(
    ("file", "old", "new", "line"),
    [
        (
            "tests/tiny.yaml",
            "[none, batch]",
            "[none, bach]",
            r"config: .*norms\[1\]: .*'bach'; did you mean batch",
        ),
        (
            "tests/tiny.yaml",
            "name: tiny",
            "name: tiny\nname: tiny",
            r"\S*tests/tiny.yaml: .*duplicate key name.* line 2; .*line 3",
        ),
        (
            "tests/tiny.yaml",
            "steps: 6",
            "steps: 06",
            r"config: models.vgg.steps: .*'06'",
        ),
        (
            "workflow/claims/santurkar2018.yaml",
            "scale: ratio",
            "scale: ratoi",
            r"\S*santurkar2018.yaml: claim trains_faster: scale: "
            r".*'ratoi'; did you mean ratio",
        ),
        (
            "src/normscape/probes/ics.yaml",
            "minutes: 3",
            "minuets: 3",
            r"\S*probes/ics.yaml: .*minuets",
        ),
    ],
)
def test_a_mistake_starts_nothing(tmp_path, file, old, new, line):
    project = copy_of_project(tmp_path / "project")
    text = (project / file).read_text(encoding="utf-8")
    (project / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    done = snakemake(project, "--cores", "1")
    actual = [each for each in done.stderr.splitlines() if re.match(line, each)]
    assert done.returncode == 1
    assert len(actual) == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert not (project / "results").exists()


def test_a_figure_that_there_is_not(finished):
    done = snakemake(finished, "--dry-run", "results/tiny/figures/fig99_none.png")
    assert done.returncode
    said = done.stdout + done.stderr
    assert "No rule to produce results/tiny/figures/fig99_none.png" in said
    assert 'File "' not in said


def test_the_report_of_snakemake(finished, tmp_path):
    """Captions, categories and labels are there, and the description."""
    done = snakemake(finished, "--report", str(tmp_path / "report.html"))
    assert done.returncode == 0, done.stderr
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    for text in (
        "Figure 4: the landscape along the gradient",
        "thick lines are medians over seeds",
        "Verdicts",
        "Why does normalisation help optimisation?",
    ):
        assert text in report, text
