"""The paper's own digitised curves through the judge, and once more in plain numpy."""

import csv

import numpy as np
import pandas as pd
import pytest
from made_up import CURVES, claim, judge, tables, together, verdict

from normscape.claims import paper_curves
from normscape.claims.claim import read_papers
from normscape.claims.quantities import QUANTITIES
from normscape.claims.selection import select_runs
from normscape.claims.values import paper_values_per_run
from normscape.pipeline import paths
from normscape.tables import CELL, frames

# Of each claim and subject the effect in the paper's curves, and whether it lies in the
# range that the claim's text says.
SHOWN = {
    ("loss_range_vgg", "batch"): (0.211, "yes"),
    ("gradient_change_vgg", "batch"): (0.462, "yes"),
    ("effective_beta_vgg", "batch"): (0.997, "no"),
    ("loss_range_excursions_vgg", "batch"): (0.139, "yes"),
    ("gradient_change_excursions_vgg", "batch"): (0.228, "yes"),
    ("loss_range_excursions_dln", "batch"): (0.00224, "yes"),
    ("gradient_change_excursions_dln", "batch"): (0.00102, "yes"),
    ("effective_beta_excursions_dln", "batch"): (0.00422, "yes"),
    ("dln_trains_faster", "batch"): (0.294, "yes"),
    ("lp_dln_like_batch", "l1"): (0.642, "yes"),
    ("lp_dln_like_batch", "l2"): (1.19, "yes"),
    ("lp_dln_like_batch", "linf"): (1.92, "no"),
    ("l1_dln_faster_than_l2", "l1"): (0.541, "yes"),
}


@pytest.fixture(scope="module")
def judged():
    """The project's claims, judged from runs of no interest."""
    made = together(tables("vgg", none=[2]), tables("dln", none=[2]))
    empty = pd.DataFrame(columns=[*CELL, *frames.columns("moment_drift")])
    claims = [one for paper in read_papers(paths.claims()) for one in paper.claims]
    judged = judge(claims, made | {"moment_drift": empty})
    return judged[judged.comparison == "same step"]


def test_what_the_papers_curves_say_of_its_claims(judged):
    shown = judged[judged.paper_effect.notna()]
    actual = {
        (row.claim, row.subject): (row.paper_effect, row.paper_shows)
        for row in shown.itertuples()
    }
    assert actual.keys() == SHOWN.keys()
    for key, (effect, shows) in SHOWN.items():
        assert actual[key] == (pytest.approx(effect, rel=0.01), shows), key
    assert (judged.paper_shows.notna() == judged.paper_effect.notna()).all()


def test_the_papers_number_is_its_text_or_its_curves(judged):
    by_claim = judged.drop_duplicates("claim").set_index("claim").paper
    assert by_claim["standard_fails_at_large_lr"] == "stays at 0.10"
    assert by_claim["loss_range_vgg"] == "0.211"
    assert by_claim["gradient_change_excursions_dln"] == "0.00102"
    assert pd.isna(by_claim["trains_faster"])


# Once more, from the file


def column(model, norm, quantity, name) -> np.ndarray:
    """A column of a curve, in the file's order."""
    with open("workflow/resources/paper_curves.csv", encoding="utf-8") as file:
        return np.array(
            [
                float(row[name])
                for row in csv.DictReader(file)
                if (row["model"], row["norm"], row["quantity"])
                == (model, norm, quantity)
            ]
        )


def ranges(model, norm):
    return column(model, norm, "loss_range", "high") - column(
        model, norm, "loss_range", "low"
    )


def changes(model, norm):
    return column(model, norm, "gradient_change_range", "high")


def betas(model, norm):
    """At the cadence of the other curves: points on a line are not in the file."""
    at = column(model, norm, "gradient_change_range", "step")
    steps, values = (
        column(model, norm, "effective_beta", name) for name in ("step", "high")
    )
    return np.exp(np.interp(at, steps, np.log(values)))


def smallest_changes(model, norm):
    return column(model, norm, "gradient_change_range", "low")


def tenth_largest(values):
    """The smallest value that at most a tenth of the others exceed."""
    largest_first = np.sort(values)[::-1]
    return largest_first[int((len(values) - 1) * 0.1 + 1e-9)]


def loss(norm):
    """Geometric mean over the steps between a curve's ends."""
    steps, losses = (
        column("dln", norm, "train_loss", name) for name in ("step", "low")
    )
    each = np.arange(steps[0], steps[-1] + 1)
    return np.exp(np.mean(np.interp(each, steps, np.log(losses))))


@pytest.mark.parametrize(
    ("name", "values", "average", "model"),
    [
        ("loss_range", ranges, np.median, "vgg"),
        ("gradient_change", changes, np.median, "vgg"),
        ("effective_beta", betas, np.median, "vgg"),
        ("loss_range_excursions", ranges, tenth_largest, "vgg"),
        ("gradient_change_excursions", changes, tenth_largest, "vgg"),
        ("loss_range_excursions", ranges, tenth_largest, "dln"),
        ("gradient_change_excursions", changes, tenth_largest, "dln"),
        ("effective_beta_excursions", betas, tenth_largest, "dln"),
    ],
)
def test_landscapes_in_plain_numpy(name, values, average, model):
    expected = average(values(model, "batch")) / average(values(model, "none"))
    actual = SHOWN[f"{name}_{model}", "batch"][0]
    assert actual == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(
    ("name", "values", "average"),
    [
        ("smallest_gradient_change", smallest_changes, np.median),
        ("effective_beta_excursions", betas, tenth_largest),
    ],
)
@pytest.mark.parametrize("model", ["vgg", "dln"])
@pytest.mark.parametrize("norm", ["none", "batch"])
def test_numbers_without_a_claim_in_plain_numpy(name, values, average, model, norm):
    assert QUANTITIES[name].listed
    shown = paper_values_per_run(name, paper_curves.tables(CURVES))
    (number,) = select_runs(shown, model=model, norm=norm).dropna()
    assert number == pytest.approx(average(values(model, norm)), rel=0.01)


@pytest.mark.parametrize(
    ("claim_", "subject", "reference"),
    [
        ("dln_trains_faster", "batch", "none"),
        ("lp_dln_like_batch", "l1", "batch"),
        ("lp_dln_like_batch", "l2", "batch"),
        ("lp_dln_like_batch", "linf", "batch"),
        ("l1_dln_faster_than_l2", "l1", "l2"),
    ],
)
def test_training_in_plain_numpy(claim_, subject, reference):
    expected = loss(subject) / loss(reference)
    assert SHOWN[claim_, subject][0] == pytest.approx(expected, rel=0.01)


# The curves as tables


def test_curves_are_tables_of_one_seed():
    made = paper_curves.tables(CURVES)
    assert made.keys() == {"history", "runs", "outcomes", "landscape_ranges"}
    for table in made.values():
        assert set(table.seed) == {0}
    history = made["history"].groupby(["model", "norm"])
    assert set(history.groups) == {
        ("dln", norm) for norm in ("none", "batch", "l1", "l2", "linf")
    }
    for _, run in history:
        assert (np.diff(run.step) == 1).all()
    last = made["runs"].set_index("norm").final_loss
    assert last["batch"] == pytest.approx(479.528)


def test_a_claim_at_another_learning_rate_has_no_number_of_the_paper():
    at_the_papers = tables("dln", 1e-6, none=[10], batch=[5])
    row = verdict(at_the_papers, lr=1e-6)
    assert row.paper_effect == pytest.approx(479.528 / 1661.39)
    assert float(row.paper) == pytest.approx(row.paper_effect, rel=1e-2)
    assert row.paper_shows == "yes"
    row = verdict(at_the_papers, lr=1e-6, below=0.2, paper="five times")
    assert (row.paper, row.paper_shows) == ("five times", "no")
    row = verdict(tables("dln", 1e-7, none=[10], batch=[5]), lr=1e-7)
    assert (row.paper, row.paper_effect, row.paper_shows) == (None, None, None)


def test_a_difference_of_the_papers_numbers():
    made = tables("dln", 1e-6, none=[10], batch=[5])
    (row,) = judge([claim(lr=1e-6, scale="difference")], made).itertuples()
    assert row.paper_effect == pytest.approx(479.528 - 1661.39)


def test_points_that_a_curve_does_not_show_are_no_overflow():
    made = paper_curves.tables(CURVES)
    assert made["landscape_ranges"].effective_beta.isna().any()
    assert np.isfinite(paper_values_per_run("effective_beta", made)).all()
    assert paper_values_per_run("relative_gradient_change", made).empty
