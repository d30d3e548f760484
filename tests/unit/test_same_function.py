"""Claims at the same function: which rows are compared, and by which numbers."""

import math

import numpy as np
import pandas as pd
import pytest
from made_up import CURVES, claim, falls, run, tables, together, with_outcomes

from experiments import experiment
from normscape.claims import judge as judge_
from normscape.claims.quantities import QUANTITIES
from normscape.summaries import same_function_ranges
from normscape.tables import CELL

START = {"model": "vgg", "norm": "none", "lr": 0.1, "step": 100}
SEEDS = 6
AT_PLACE = {
    "model": "vgg",
    "place": "none",
    "quantity": "effective_beta",
    "subjects": ("batch",),
    "reference": "as_trained",
}


def at_checkpoints(value, steps=(100, 200, 300)) -> pd.DataFrame:
    """same_function_ranges whose effective beta is value(place, seed, step, parametrisation)."""
    rows = [
        ("vgg", place, 0.1, seed, step, name, value(place, seed, step, name))
        for place in ("none", "batch")
        for seed in range(SEEDS)
        for step in steps
        for name in ("as_trained", "batch", "frozen")
    ]
    columns = [*CELL, "step", "parametrisation", "effective_beta"]
    return pd.DataFrame(rows, columns=columns)


def judge(claims, result_tables, starts=()):
    described = experiment({"vgg": "vgg"}, ["none", "batch"], starts)
    result_tables = with_outcomes(result_tables, described)
    compared = judge_.compare_all(claims, result_tables, described)
    return judge_.judge(compared, result_tables, CURVES)


def trained(accuracy=0.9, **more):
    """Runs of both normalisers that are places."""
    places = [run(falls(100), steps=400, accuracy=accuracy)] * SEEDS
    return tables(model="vgg", none=places, batch=places) | more


def test_a_verdict_is_about_the_parametrisations_at_the_places_of_one_normaliser():
    """The runs of the other normaliser do not count, nor does their history."""
    rng = np.random.default_rng(0)
    noise = rng.uniform(0.9, 1.1, (SEEDS, 4))

    def beta(place, seed, step, name):
        if place == "batch":
            return 100.0
        return (0.5 if name == "batch" else 1.0) * noise[seed, step // 100]

    result_tables = trained(same_function_ranges=at_checkpoints(beta))
    (verdict,) = judge([claim(**AT_PLACE)], result_tables).itertuples()
    assert verdict.comparison == "same function"
    assert verdict.verdict == "as claimed"
    assert verdict.seeds == SEEDS
    assert verdict.effect == pytest.approx(0.5)
    assert (verdict.low, verdict.high) == pytest.approx((0.5, 0.5))


def test_a_seed_has_the_ratio_of_medians_over_its_checkpoints():
    values = {
        "batch": [1.0, 2.0, 40.0],
        "as_trained": [4.0, 8.0, 6.0],
        "frozen": [1] * 3,
    }
    actual = at_checkpoints(
        lambda place, seed, step, name: values[name][step // 100 - 1]
    )
    (verdict,) = judge(
        [claim(**AT_PLACE)], trained(same_function_ranges=actual)
    ).itertuples()
    assert verdict.effect == pytest.approx(2 / 6)


def test_places_at_chance_are_not_compared():
    actual = at_checkpoints(lambda *at: 0.5 if at[-1] == "batch" else 1.0)
    result_tables = trained(accuracy=0.1, same_function_ranges=actual)
    about = claim(**AT_PLACE, trained=("none",))
    (verdict,) = judge([about], result_tables).itertuples()
    assert verdict.verdict == "open"
    assert verdict.not_learnt == "6 of 6 runs of none stayed at chance, left out"


def test_without_the_probe_there_is_nothing_to_compare():
    (verdict,) = judge([claim(**AT_PLACE)], trained()).itertuples()
    assert (verdict.seeds, verdict.reason) == (0, "not in this experiment")


def continuations(folded, **others) -> dict:
    """Runs from a place: without normalisation at these final losses, and others."""
    there = trained()
    after = tables(model="vgg_from_100", none=folded, **others)
    return together(*({k: t[k] for k in after} for t in (there, after)))


def test_runs_that_start_at_a_checkpoint_are_compared_with_each_other_alone():
    """They count for no claim about their architecture, and its runs not for theirs."""
    result_tables = continuations([4.0] * SEEDS, batch=[1.0] * SEEDS)
    starts = {"vgg_from_100": START}
    switch = claim(model="vgg", place="none", quantity="final_loss")
    ordinary = claim(id="ordinary", model="vgg", quantity="final_loss")
    table = judge([switch, ordinary], result_tables, starts).set_index("claim")
    rows = table.loc[["claim"]]
    assert rows.model.to_list() == ["vgg_from_100"]
    assert rows.comparison.to_list() == ["same step"]
    assert rows.effect.to_list() == pytest.approx([0.25])
    ordinary = table.loc[["ordinary"]]
    assert ordinary.model.to_list() == ["vgg"]
    assert ordinary.effect.to_list() == pytest.approx([1.0])


def test_runs_that_start_at_another_normalisers_checkpoint_do_not_count():
    result_tables = continuations([4.0] * SEEDS, batch=[1.0] * SEEDS)
    starts = {"vgg_from_100": START | {"norm": "batch"}}
    about = claim(model="vgg", place="none", quantity="final_loss")
    (verdict,) = judge([about], result_tables, starts).itertuples()
    assert (verdict.model, verdict.seeds) == ("vgg_from_none", 0)


def test_folded_runs_that_diverge_are_infinitely_worse():
    result_tables = continuations([math.inf] * SEEDS, batch=[1.0] * SEEDS)
    about = claim(
        model="vgg",
        place="batch",
        quantity="mean_loss",
        subjects=("none",),
        reference="batch",
        below=math.inf,
        above=1.25,
    )
    starts = {"vgg_from_100": START | {"norm": "batch"}}
    (verdict,) = judge([about], result_tables, starts).itertuples()
    assert verdict.verdict == "as claimed"
    assert verdict.method == "ranks"


# Quantities along the gradient


def parabola(curvature, sizes, lr=0.1) -> pd.DataFrame:
    """The loss c x² / 2 along its gradient from x = 1, of which beta is c."""
    sizes = np.array(sizes)
    loss = curvature * (1 - sizes * curvature) ** 2 / 2
    cell = dict(zip([*CELL, "step"], ("vgg", "none", lr, 0, 100), strict=True))
    return pd.DataFrame(
        {
            **cell,
            "parametrisation": "as_trained",
            "direction": "gradient",
            "step_size": sizes,
            "loss": loss,
            "gradient_change": sizes * curvature**2,
            "distance": sizes * curvature,
            "start_loss": curvature / 2,
            "gradient_norm": curvature,
        }
    )


def reach(landscape) -> float:
    return QUANTITIES["reach"].compute(landscape).item()


def test_the_reach_of_a_parabola_is_twice_its_minimum():
    """A step of 2 / c ends as high as it began; the chord to the next step size is near."""
    sizes = np.arange(1, 100) / 100
    assert reach(parabola(5.0, sizes)) == pytest.approx(0.4 / 0.1)
    assert reach(parabola(4.9, sizes)) == pytest.approx(2 / 4.9 / 0.1, abs=0.01)


def test_the_reach_is_at_most_the_largest_step_and_at_least_the_smallest():
    sizes = [0.2, 0.05, 0.1]
    assert reach(parabola(1.0, sizes)) == pytest.approx(2.0)
    assert reach(parabola(1000.0, sizes)) == pytest.approx(0.5)


def test_a_loss_that_overflows_ends_the_reach():
    rows = parabola(1.0, [0.1, 0.2, 0.4])
    rows.loc[rows.step_size == 0.4, "loss"] = math.nan
    assert reach(rows) == pytest.approx(2.0)


def test_the_relative_range_of_a_parabola():
    """Of (1 - eta c)² / 2 / (lr c) between step sizes of 1/2 and 4 learning rates."""
    c = 2.0
    ranges = same_function_ranges.summarise(parabola(c, [0.05, 0.1, 0.2, 0.4, 0.8]))
    ranges = ranges.assign(direction="gradient")
    expected = ((1 - 0.05 * c) ** 2 - (1 - 0.4 * c) ** 2) / (2 * 0.1 * c)
    value = QUANTITIES["relative_loss_range"].compute(ranges).item()
    assert value == pytest.approx(expected)


@pytest.mark.parametrize("lr", [0.1, 0.3, 1e-6, 0.07])
def test_ranges_are_those_of_step_sizes_up_to_four_learning_rates(lr):
    sizes = [lr / 2, float(f"{4 * lr:.9g}"), 6 * lr]
    (row,) = same_function_ranges.summarise(parabola(1.0, sizes, lr)).itertuples()
    assert row.gradient_change_high == pytest.approx(4 * lr)
    assert row.effective_beta == pytest.approx(1.0)


def test_shift_relative_to_the_gradient():
    cell = dict(zip([*CELL, "step"], ("vgg", "none", 0.1, 0, 100), strict=True))
    layers = pd.DataFrame(
        {
            **cell,
            "layer": [1, 2, 3],
            "l2_difference": [0.0, 2.0, 8.0],
            "gradient_norm": [1.0, 4.0, 1.0],
        }
    )
    value = QUANTITIES["ics_relative_l2"].compute(layers).item()
    assert value == pytest.approx(math.sqrt(0.5 * 8))
