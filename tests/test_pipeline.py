"""The whole pipeline on a tiny experiment: every rule, and what reruns when."""

import re
from pathlib import Path

import pandas as pd
import pytest
from project import (
    copy_of_project,
    copy_tree,
    planned,
    results,
    run,
    snakemake,
    with_config,
)

from workflow import grid

# After any change.
CHECK = "Check that all results are whole"
PAGE = "Write the results page"

pytestmark = pytest.mark.slow


def edit(path: Path) -> None:
    with path.open("a") as file:
        file.write("\n# an edit\n")


def starting(jobs: list[str], *words: str) -> list[str]:
    return [job for job in jobs if job.startswith(words)]


@pytest.fixture
def folder(finished, tmp_path) -> Path:
    """A copy of the finished folder, to change."""
    return copy_tree(finished, tmp_path / "project")


def test_every_table_and_figure_is_there(finished):
    results = finished / "results" / "tiny"
    names = [*grid.collected_tables(), *grid.SUMMARIES]
    for name in names:
        table = pd.read_csv(results / f"tables/{name}.csv", keep_default_na=False)
        assert list(table.columns[:4]) == ["model", "norm", "lr", "seed"]
        assert len(table), name
        assert set(table.model) <= {"vgg", "dln"}
    assert len(grid.figures()) == 16
    for figure in grid.figures():
        assert (results / f"figures/{figure}.png").read_bytes()[:4] == b"\x89PNG"
        assert (results / f"figures/{figure}.pdf").read_bytes()[:4] == b"%PDF"


def test_the_tables_hold_what_the_config_asks_for(finished):
    tables = finished / "results" / "tiny" / "tables"
    history = pd.read_csv(tables / "history.csv", keep_default_na=False)
    assert len(history) == 2 * 2 * 6 + 2 * 2 * 8
    landscape = pd.read_csv(tables / "landscape.csv", keep_default_na=False)
    assert len(landscape) == (4 * 2 + 2 * 2) * 2 * 2  # points, directions, step sizes
    ics = pd.read_csv(tables / "ics.csv")
    assert sorted(ics.groupby("model").size()) == [3, 14]
    # The probe's start is the training step: same batch, same loss.
    merged = landscape.merge(history, on=["model", "norm", "lr", "seed", "step"])
    assert len(merged) == len(landscape)
    assert (merged.start_loss == merged.loss_y).all()


def test_claims_and_theorems_are_judged(finished):
    results = finished / "results" / "tiny"
    verdicts = pd.read_csv(results / "verdicts.csv", keep_default_na=False)
    assert set(verdicts.verdict) <= {"reproduced", "not reproduced", "inconclusive"}
    absent = verdicts[verdicts.reason == "not in this experiment"]
    assert {"noisy_batch", "l1"} <= set(absent.subject)
    measured = verdicts.set_index("claim").loc["trains_faster"]
    assert measured.seeds == 2
    assert float(measured.low) < float(measured.effect) < float(measured.high)
    theory = pd.read_csv(results / "theory.csv")
    assert set(theory.model) == {"random", "vgg", "dln"}
    assert (theory[theory.form == "holds"].violations == 0).all()
    assert (theory[theory.form == "printed"].violations > 0).any()


def test_a_changed_margin_trains_and_draws_nothing(folder):
    claims = folder / "workflow/resources/claims.yaml"
    claims.write_text(claims.read_text().replace("below: 0.8", "below: 0.7"))
    assert planned(folder) == [CHECK, "Judge the claims", PAGE]


def test_nothing_is_left_to_do(finished):
    assert planned(finished) == []


def test_touching_all_sources_reruns_nothing(folder):
    for path in [*folder.glob("src/**/*.py"), *folder.glob("workflow/**/*")]:
        path.touch()
    for path in folder.glob("results/tiny/train/**/*.safetensors"):
        path.touch()
    assert planned(folder) == []


def test_an_edited_figure_redraws_itself_alone(folder):
    edit(folder / "src/figures/fig04_landscape.py")
    assert planned(folder) == [CHECK, "Draw fig04_landscape", PAGE]


def test_an_edited_norm_retrains_its_own_cells(folder):
    edit(folder / "src/normscape/norms/batch.py")
    jobs = planned(folder)
    trained = starting(jobs, "Train")
    assert trained == [
        f"Train {model}, batch, lr {lr}, seed {seed}"
        for model, lr in (("dln", "1e-06"), ("vgg", "0.1"))
        for seed in (0, 1)
    ]
    probed = starting(jobs, "Landscape", "Internal", "Activations")
    assert len(probed) == 4 + 2 + 2 + 3
    assert all("/batch/" in job for job in probed)
    assert len(starting(jobs, "Draw")) == 16


def test_an_edited_probe_trains_nothing(folder):
    edit(folder / "src/normscape/probes/ics.py")
    jobs = planned(folder)
    assert starting(jobs, "Internal") == [
        "Internal covariate shift of dln/batch/lr1e-06/seed0/step4",
        "Internal covariate shift of vgg/batch/lr0.1/seed0/step3",
    ]
    assert starting(jobs, "Draw") == [
        "Draw fig00_answer",
        "Draw fig03_internal_covariate_shift",
    ]
    assert not starting(jobs, "Train", "Landscape", "Activations", "Prepare")


def test_a_new_seed_trains_its_own_cells(folder):
    def add_seed(config):
        config["models"]["vgg"]["seeds"].append(2)

    jobs = planned(folder, with_config(folder, add_seed))
    assert starting(jobs, "Train") == [
        f"Train vgg, {norm}, lr 0.1, seed 2" for norm in ("batch", "none")
    ]
    assert all("seed2" in job for job in starting(jobs, "Landscape"))
    assert len(starting(jobs, "Landscape")) == 4
    assert not starting(jobs, "Internal", "Activations", "Prepare")
    assert "Collect the table history" in jobs
    assert "Draw fig01_training_curves" in jobs
    assert "Draw fig03_internal_covariate_shift" not in jobs


def test_a_changed_setting_reaches_only_what_uses_it(folder):
    def more_bins(config):
        config["probes"]["activations"]["bins"] = 20

    jobs = planned(folder, with_config(folder, more_bins))
    assert len(starting(jobs, "Activations")) == 3
    assert not starting(jobs, "Train", "Landscape", "Internal", "Prepare")

    def other_noise(config):
        config["norm_settings"] = {"batch": {"eps": 1e-4}}

    jobs = planned(folder, with_config(folder, other_noise))
    assert len(starting(jobs, "Train")) == 4
    assert all(", batch," in job for job in starting(jobs, "Train"))


def test_a_normaliser_of_ones_own(folder, finished):
    """The documentation's example, as it stands there: a file and a name in the config."""
    text = (folder / "docs/develop.md").read_text()
    path, code = re.search(
        r"`(src/normscape/norms/\w+\.py)`.*?```python\n(.*?)```", text, re.DOTALL
    ).groups()
    (folder / path).write_text(code)
    name = Path(path).stem

    def add_norm(config):
        for model in config["models"].values():
            model["grid"][0]["norms"].append(name)
        config["probes"]["landscape"]["models"]["vgg"]["grid"][0]["norms"].append(name)

    config = with_config(folder, add_norm)
    jobs = planned(folder, config)
    assert starting(jobs, "Train") == sorted(
        f"Train {model}, {name}, lr {lr}, seed {seed}"
        for model, lr in (("vgg", "0.1"), ("dln", "1e-06"))
        for seed in (0, 1)
    )
    run(folder, config=config)
    runs = pd.read_csv(folder / "results/tiny/tables/runs.csv", keep_default_na=False)
    assert len(runs[runs.norm == name]) == 4
    ranges = pd.read_csv(folder / "results/tiny/tables/landscape_ranges.csv")
    assert name in set(ranges.norm)
    verdicts = pd.read_csv(folder / "results/tiny/verdicts.csv")
    assert "trains_faster" in set(verdicts[verdicts.subject == name].claim)
    drawn, before = results(folder, "tiny"), results(finished, "tiny")
    for figure in ("fig01_training_curves", "fig04_landscape", "fig05_lp_norms"):
        assert drawn[f"figures/{figure}.png"] != before[f"figures/{figure}.png"]


def test_two_copies_end_with_the_same_bytes(finished, tmp_path):
    """Another folder, one core, so another order of jobs."""
    other = copy_of_project(tmp_path / "other")
    run(other, cores=1)
    ours, theirs = results(finished, "tiny"), results(other, "tiny")
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] != theirs[name]] == []


def test_checkpoints_that_need_not_stay(finished, tmp_path):
    other = copy_of_project(tmp_path / "other")

    def keep_none(config):
        config["keep_checkpoints"] = False

    config = with_config(other, keep_none)
    run(other, config=config)
    ours, theirs = results(finished, "tiny"), results(other, "tiny")
    assert {name for name in ours if name not in theirs} == {
        name for name in ours if re.fullmatch(r"train/.*\.safetensors", name)
    }
    assert [name for name in theirs if ours[name] != theirs[name]] == []
    assert planned(other, config) == []


def test_a_mistake_in_the_config_starts_nothing(tmp_path):
    project = copy_of_project(tmp_path / "project")

    def misspell(config):
        config["models"]["vgg"]["grid"][0]["norms"] = ["bach"]

    config = with_config(project, misspell)
    done = snakemake(project, "--cores", "1", config=config)
    lines = [line for line in done.stderr.splitlines() if line.startswith("config: ")]
    assert done.returncode == 1
    assert len(lines) == 1
    assert "norms[0]: found 'bach', allowed are batch" in lines[0]
    assert "Traceback" not in done.stderr
    assert not (project / "results").exists()
