"""Numbers of runs: of made-up runs and tables, worked out by hand."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from made_up import ends_at, run, tables
from scipy import stats

from normscape.claims.outcomes import AT_CHANCE, LEARNT
from normscape.claims.quantities import (
    QUANTITIES,
    STEP,
    quantity,
    similarity_loss_correlation,
)
from normscape.claims.values import is_finished, values_per_run
from normscape.tables import CELL, frames

CELLS = pd.DataFrame([("vgg", "none", 0.1, s) for s in (0, 1)], columns=CELL)


# Of training


def test_accuracy_of_a_run_that_diverged():
    history = CELLS.iloc[[0, 0, 0, 0, 1, 1]].assign(
        step=[0, 1, 2, 3, 0, 1],
        accuracy=[0.2, 0.4, 0.6, 0.8, 0.2, 0.3],
        diverged=[0, 0, 0, 0, 0, 1],
    )
    assert values_per_run("mean_accuracy", {"history": history}).tolist() == [0.5, 0.05]
    runs = CELLS.assign(final_accuracy=[0.8, None], diverged_at=[None, 1])
    assert values_per_run("final_accuracy", {"runs": runs}).tolist() == [0.8, 0]


def test_mean_loss_is_the_area_under_the_logarithm():
    falling = run(lambda step: 8.0 * 0.25**step, steps=4)  # 8, 2, 1/2, 1/8
    actual = values_per_run("mean_loss", tables(none=[falling, math.inf, 5]))
    assert actual.tolist()[:2] == pytest.approx([1, math.inf])
    assert actual.tolist()[2] == pytest.approx((100 * 5**50) ** (1 / 51))
    done = tables(none=[run(lambda step: np.where(step == 3, 0.0, 1.0), steps=9)])
    assert values_per_run("mean_loss", done).tolist() == [0]


def test_final_loss_of_a_run_that_diverged_is_infinite():
    actual = values_per_run("final_loss", tables(none=[3, math.inf]))
    assert actual.tolist() == [3, math.inf]


# The largest learning rate


def largest(quantity="largest_learning_rate", **accuracies) -> dict:
    """Of norms with accuracies by learning rate, for each seed: {(norm, seed): rate}."""
    rows = [
        ("vgg", norm, lr, seed, accuracy, 7.0 if accuracy is None else None)
        for norm, by_seed in accuracies.items()
        for seed, by_rate in enumerate(by_seed)
        for lr, accuracy in by_rate.items()
    ]
    runs = pd.DataFrame(rows, columns=[*CELL, "final_accuracy", "diverged_at"])
    runs = runs.astype({"final_accuracy": float})
    learnt = np.where(runs.final_accuracy > 0.2, LEARNT, AT_CHANCE)
    made = {"runs": runs, "outcomes": runs[CELL].assign(outcome=learnt)}
    actual = values_per_run(quantity, made).groupby(["norm", "seed"])
    assert (actual.nunique() == 1).all()  # each run of a norm and seed carries it
    return actual.first().to_dict()


def test_the_largest_learning_rate_lies_where_accuracy_falls_below_nine_tenths():
    # 0.9 of the best is 0.9: half of the way from 1 to 0.8, and of that from 0.1 to 10.
    assert largest(none=[{0.01: 0.5, 0.1: 1.0, 10: 0.8}]) == {
        ("none", 0): pytest.approx(1)
    }
    # A third of the way from 0.96 to 0.78, where 0.9 is.
    actual = largest(none=[{0.1: 1.0, 0.2: 0.96, 1.6: 0.78}])
    assert actual == {("none", 0): pytest.approx(0.4)}


def test_the_largest_learning_rate_of_the_grid_is_a_lower_bound():
    actual = largest(none=[{0.1: 0.6, 0.5: 0.7, 2.0: 0.7}])
    assert actual == {("none", 0): pytest.approx(2)}


def test_where_nothing_is_learnt_the_smallest_rate_of_the_grid_is_an_upper_bound():
    """Of chance, 0.9 times the best is reached anywhere."""
    chance, none = {0.1: 0.1, 0.5: 0.11, 2.0: 0.1}, dict.fromkeys((0.1, 0.5, 2.0))
    assert largest(none=[chance, none]) == {("none", 0): 0.1, ("none", 1): 0.1}


def test_the_range_of_learning_rates_ends_where_accuracy_falls_below_nine_tenths():
    """At both ends half of the way, over logarithms, from 1 to 0.8."""
    rates = {1e-4: 0.3, 1e-3: 0.8, 1e-1: 1.0, 10: 0.8}
    actual = largest("learning_rate_range", none=[rates], batch=[{0.1: 0.9, 0.4: 0.9}])
    assert actual == {
        ("none", 0): pytest.approx(1 / 1e-2),
        ("batch", 0): pytest.approx(4),
    }
    assert largest("learning_rate_range", none=[{0.1: 0.1, 0.5: 0.1}]) == {
        ("none", 0): 1
    }


def test_a_single_rate_has_no_largest():
    actual = largest(none=[{0.1: 0.6, 0.5: 0.7}], batch=[{0.1: 0.5}])
    assert list(actual) == [("none", 0)]


def test_the_last_rate_that_trains_well_counts_also_above_one_that_does_not():
    actual = largest(none=[{0.1: 1.0, 0.2: 0.3, 0.4: 0.95, 0.8: 0.85}])
    assert actual == {("none", 0): pytest.approx(0.4 * math.sqrt(2))}


def test_a_rate_at_which_a_run_diverged_has_accuracy_0():
    # 0.9 is a tenth of the way from 1 to 0.
    actual = largest(none=[{0.1: 1.0, 1.0: None}])
    assert actual == {("none", 0): pytest.approx(10**-0.9)}


def test_seeds_that_lack_a_rate_of_their_norm_are_left_out():
    both, one = {0.1: 1.0, 0.5: 1.0}, {0.1: 1.0}
    actual = largest(none=[both, one, both], batch=[both, one])
    assert set(actual) == {("none", 0), ("none", 2), ("batch", 0)}


def test_each_seed_has_a_largest_rate_of_its_own():
    actual = largest(none=[{0.1: 1.0, 0.4: 0.8}, {0.1: 0.5, 0.4: 0.5}])
    assert actual == {("none", 0): pytest.approx(0.2), ("none", 1): pytest.approx(0.4)}


def test_the_effective_rate_changes_by_the_square_of_the_weights_growth():
    """Hidden layers grow by 2 and 8, so by 4 on average; the last layer does not count."""
    rows = [
        (step, layer, norm)
        for step, norms in ((0, (1, 2, 5)), (7, (9, 9, 9)), (9, (2, 16, 50)))
        for layer, norm in enumerate(norms, start=1)
    ]
    table = pd.DataFrame(rows[::-1], columns=["step", "layer", "weight_norm"])
    table = table.assign(**CELLS.iloc[0])
    actual = values_per_run("effective_rate_change", {"invariance": table})
    assert actual.tolist() == pytest.approx([1 / 16])


# Of probes: within a step, and over the steps of a run


def ranges(*values, step=None, **columns):
    """landscape_ranges of one run with these ranges of the loss, a step each."""
    step = list(range(len(values))) if step is None else step
    return CELLS.iloc[[0] * len(values)].assign(
        direction="gradient", step=step, loss_low=1.0, loss_high=values, **columns
    )


def values_of_probes(name, **result_tables):
    """The quantity's numbers, of runs that are not finished."""
    history = tables("vgg", none=[run(lambda step: 1.0)] * 2)["history"]
    return values_per_run(name, {"history": history} | result_tables).tolist()


def test_landscape_medians_count_overflow_as_large():
    rows = ranges(3.0, 6.0, math.nan)
    assert values_of_probes("loss_range", landscape_ranges=rows) == [5]
    rows = ranges(3.0, math.nan, math.nan)
    assert values_of_probes("loss_range", landscape_ranges=rows) == [math.inf]


@pytest.mark.parametrize(("overflows", "expected"), [(0, 10), (1, 10), (2, math.inf)])
def test_of_eleven_probes_the_90th_percentile_is_the_tenth(overflows, expected):
    finite = [1.0 + v for v in range(1, 12 - overflows)]
    rows = ranges(*[math.nan] * overflows, *finite)
    assert values_of_probes("loss_range_excursions", landscape_ranges=rows) == [
        expected
    ]


def test_the_90th_percentile_is_a_value_that_is_there():
    rows = ranges(1.0, 2.0, 31.0)  # of which linear interpolation makes 25.2 - 1
    assert values_of_probes("loss_range_excursions", landscape_ranges=rows) == [30]
    rows = ranges(*range(1, 22))
    assert values_of_probes("loss_range_excursions", landscape_ranges=rows) == [18]


def test_ics_leaves_the_first_layer_out():
    ics = CELLS.iloc[[0, 0, 0]].assign(
        step=0, layer=[1, 2, 3], cosine=[1.0, 0.5, 0.3], l2_difference=[0.0, 2.0, 8.0]
    )
    assert values_of_probes("ics_cosine", ics=ics) == [pytest.approx(0.4)]
    assert values_of_probes("ics_l2", ics=ics) == [pytest.approx(4)]


def test_layers_are_averaged_within_a_step_and_steps_by_their_median():
    ics = CELLS.iloc[[0] * 6].assign(
        step=[0, 0, 1, 1, 2, 2],
        layer=[2, 3] * 3,
        cosine=[0.0, 0.2, 0.4, 0.6, 0.9, 0.9],
        l2_difference=[1.0, 4.0, 2.0, 32.0, 100.0, 1.0],
    )
    assert values_of_probes("ics_cosine", ics=ics) == [
        pytest.approx(0.5)
    ]  # 0.1, 0.5, 0.9
    assert values_of_probes("ics_l2", ics=ics) == [pytest.approx(8)]  # 2, 8, 10
    ics["cosine"] = [0.0, 0.2, 0.4, 0.6, 0.9, math.nan]  # it diverged
    assert math.isnan(values_of_probes("ics_cosine", ics=ics)[0])


def test_of_random_directions_a_step_has_the_median():
    columns = {"direction": "random", "draw": [0, 1, 2, 0, 1, 2]}
    rows = ranges(2.0, 3.0, 99.0, 5.0, 6.0, 7.0, step=[0, 0, 0, 8, 8, 8])
    rows = rows.assign(**columns)
    assert values_of_probes("random_loss_range", landscape_ranges=rows) == [
        3.5
    ]  # 2 and 5
    assert values_of_probes("loss_range", landscape_ranges=rows) == []


def test_drift_is_of_hidden_units():
    drift = CELLS.iloc[[0] * 6].assign(
        step=[9, 9, 9, 0, 9, 9],
        layer=[1, 1, 2, 2, 3, 1],
        scope=["unit", "layer", "unit", "unit", "unit", "input"],
        mean_change=[1.0, 50.0, 3.0, 5.0, 99.0, 70.0],
    )
    # Of step 9 the median of layers 1 and 2 is 2.
    assert values_of_probes("mean_change", moment_drift=drift) == [3.5]
    assert values_of_probes("input_mean_change", moment_drift=drift) == [70]
    drift.iloc[0, drift.columns.get_loc("mean_change")] = math.nan  # it diverged
    assert math.isnan(values_of_probes("mean_change", moment_drift=drift)[0])


def test_the_learnt_rank_is_that_of_the_last_probe():
    rank = CELLS.iloc[[0, 0, 0]].assign(step=[0, 5, 9], learnt_rank=[0, 4, 3])
    assert values_of_probes("learnt_rank", rank=rank) == [3]


def test_similarity_is_ranked_against_the_loss_at_the_best_rate():
    """Against SciPy, with one of two rates per normaliser much worse."""
    draws = np.random.default_rng(0)
    norms, seeds = [f"norm{number}" for number in range(6)], (0, 1, 2)
    runs = pd.MultiIndex.from_product(
        [["vgg"], norms, [0.1, 0.5], seeds], names=CELL
    ).to_frame(index=False)
    best = runs.norm.map(dict(zip(norms, [0.1, 0.5] * 3, strict=True)))
    loss = draws.uniform(1, 2, len(runs)) + 10 * (runs.lr != best)
    history = runs.assign(step=0, loss=loss, diverged=0)
    similarity = pd.concat([runs.assign(step=0), runs.assign(step=5)])
    alike = dict(
        zip(itertools.product(norms, seeds), draws.uniform(size=18), strict=True)
    )
    keys = zip(similarity.norm, similarity.seed, strict=True)
    similarity["similarity"] = [alike[key] for key in keys]
    similarity.loc[similarity.step == 5, "similarity"] = 0.5
    values = similarity_loss_correlation(similarity, history)
    for seed in seeds:
        fast = history[(history.seed == seed) & (history.lr == best)]
        expected = stats.spearmanr([alike[norm, seed] for norm in fast.norm], fast.loss)
        of_seed = values[values.index.get_level_values("seed") == seed]
        assert of_seed.to_numpy() == pytest.approx([expected.statistic] * 12)


def test_two_normalisers_have_no_rank_correlation():
    runs = CELLS.iloc[:2].assign(norm=["none", "batch"], seed=0, step=0)
    tables = (
        runs.assign(similarity=[0.1, 0.9]),
        runs.assign(loss=[1.0, 2.0], diverged=0),
    )
    assert similarity_loss_correlation(*tables).isna().all()


def test_a_quantity_has_a_name_of_its_own():
    before = dict(QUANTITIES)
    with pytest.raises(ValueError, match="ics_l2"):

        @quantity(tables=["ics"], label="Another")
        def ics_l2(ics): ...

    assert before == QUANTITIES


def test_a_quantity_of_steps_takes_tables_with_steps():
    for one in QUANTITIES.values():
        assert one.same_loss <= (one.over_steps is not None), one.name
        assert all("step" in frames.columns(name) for name in one.tables) or (
            one.over_steps is None
        ), one.name


@pytest.mark.parametrize("name", QUANTITIES)
def test_without_rows_or_tables_a_quantity_has_no_runs(name):
    columns = {n: [*CELL, *frames.columns(n)] for n in QUANTITIES[name].tables}
    made = {n: pd.DataFrame(columns=c, dtype=float) for n, c in columns.items()}
    made |= {"history": tables(none=[2])["history"][:0]}
    for result_tables in (made, {"history": made["history"]}):
        actual = values_per_run(name, result_tables)
        assert len(actual) == 0
        assert actual.index.names == CELL
        assert actual.dtype == float


# Finished runs


def test_a_probe_sees_a_finished_run_by_the_loss_of_its_own_step():
    losses = np.array([50.0, 1.0, 0.5, 0.49, 0.51, 0.4, 0.6])
    result_tables = tables(none=[run(lambda t: losses[np.minimum(t, 6)], steps=7)])
    steps = CELLS.iloc[[0] * 8].assign(model="dln", step=range(8), value=1.0)
    actual = is_finished(steps.set_index(STEP).value, result_tables)
    # Below 0.5; step 7 is after the last one, whose loss was 0.6.
    assert actual.tolist() == [False] * 3 + [True, False, True, False, False]


def test_after_its_last_step_a_run_is_as_far_as_it_was():
    result_tables = tables(none=[run(lambda t: 0.5**t, steps=20), math.inf])
    last = CELLS.assign(model="dln", step=20, value=1.0).set_index(STEP).value
    assert is_finished(last, result_tables).tolist() == [True, False]  # one diverged
    unknown = last.rename({"none": "batch"}, level="norm")
    assert is_finished(unknown, result_tables).tolist() == [False, False]


def test_a_run_that_is_finished_throughout_has_no_number():
    early = ends_at(0.5)._replace(probed=np.array([10, 20]), values=np.array([1.0, 1]))
    actual = values_per_run("loss_range", tables("vgg", none=[early, 2]))
    assert math.isnan(actual.iloc[0])
    assert actual.iloc[1] == 2


def test_an_eigenvalue_that_did_not_converge_is_unknown_and_one_that_overflowed_infinite():
    """A run that diverged has neither an eigenvalue nor the flag."""
    curvature = CELLS.iloc[[0] * 5].assign(
        step=range(5),
        largest_eigenvalue=[2.0, math.nan, 4.0, 6.0, 8.0],
        converged=[1, 0, 1, 1, 1],
    )
    assert values_of_probes("largest_eigenvalue", curvature=curvature) == [5]
    curvature["largest_eigenvalue"] = [2.0, math.nan, math.nan, math.nan, 8.0]
    curvature["converged"] = [1, 0, 1, math.nan, 1]
    assert values_of_probes("largest_eigenvalue", curvature=curvature) == [math.inf]
