"""Runs at the same training loss, and a second computation of it by loops."""

import math

import numpy as np
import pandas as pd
import pytest
from made_up import (
    CONSTANT_LOSS,
    Run,
    claim,
    falls,
    run,
    tables,
    together,
    verdicts,
    with_outcomes,
)

from experiments import experiment
from normscape.claims.judge import compare_at_levels
from normscape.claims.same_loss import (
    COMPARED,
    LEVELS,
    Course,
    count_levels,
    smoothed_losses,
    values_at_levels,
)

INF = math.inf


# By hand


def smoothed(losses, window) -> list[float]:
    """Means of logarithms over five steps before, the step itself and four after it."""
    logs = [math.log(loss) for loss in losses]
    actual = []
    for step in range(len(logs)):
        first = max(0, step - window // 2)
        around = logs[first : step + (window + 1) // 2]
        actual.append(sum(around) / len(around))
    return actual


def points(one: Run, window, transform) -> list[tuple[float, float]]:
    """(logarithm of the loss, value) at each probe of a run that has a loss, sorted."""
    losses = one.losses[: one.diverges_at]
    near = smoothed(losses, window)
    actual = []
    for step, value in zip(one.probed, one.values, strict=True):
        if step >= len(losses) and one.diverges_at is not None:
            continue
        actual.append((near[min(step, len(near) - 1)], transform(value)))
    return sorted(actual)


def at(level, run_points) -> float:
    """On the line between the two points around a level."""
    for (left, low), (right, high) in zip(run_points, run_points[1:], strict=False):
        if left <= level <= right:
            return low + (high - low) * (level - left) / (right - left)
    raise AssertionError(f"no points around {level}")


def by_hand(runs: list[Run], window, transform=math.log) -> list[float]:
    """Of each run the mean over the four lower levels, which all of them reach."""
    actual = []
    for one in runs:
        run_points = points(one, window, transform)
        levels = [math.log(share * CONSTANT_LOSS) for share in (0.65, 0.55, 0.48, 0.42)]
        actual.append(sum(at(level, run_points) for level in levels) / 4)
    return actual


def noisy(seed, by, start=2.3, **options) -> Run:
    """A run whose loss falls with noise, in surroundings that follow it with noise."""
    draws = np.random.default_rng([seed, by])
    losses = falls(by, start)(np.arange(201)) * np.exp(0.2 * draws.normal(size=201))
    values = losses**0.7 * np.exp(0.3 * draws.normal(size=201))
    return run(lambda t: losses[t], lambda t, loss: values[t], **options)


WINDOWS = pytest.mark.parametrize(("model", "window"), [("vgg", 10), ("dln", 1)])


@WINDOWS
def test_the_effect_is_that_of_loops(model, window):
    none, batch = ([noisy(seed, by) for seed in range(6)] for by in (170, 80))
    _, row = verdicts(tables(model, none=none, batch=batch), quantity="loss_range")
    batch_values, none_values = by_hand(batch, window), by_hand(none, window)
    effect = np.mean(batch_values) - np.mean(none_values)
    assert row.effect == pytest.approx(np.exp(effect), rel=1e-9)
    if model == "dln":  # paired: Student's t of 5 degrees
        pairs = np.subtract(batch_values, none_values)
        half = 2.570582 * np.std(pairs, ddof=1) / math.sqrt(6)
        assert row.low == pytest.approx(np.exp(effect - half))
        assert row.high == pytest.approx(np.exp(effect + half))


@WINDOWS
def test_a_difference_is_taken_of_values_and_not_of_logarithms(model, window):
    none, batch = ([noisy(seed, by) for seed in range(6)] for by in (170, 80))
    _, row = verdicts(
        tables(model, none=none, batch=batch),
        quantity="ics_cosine",
        scale="difference",
    )
    values_by_runs = [
        by_hand(runs, window, lambda value: value) for runs in (batch, none)
    ]
    assert row.effect == pytest.approx(
        np.mean(values_by_runs[0]) - np.mean(values_by_runs[1])
    )


@WINDOWS
@pytest.mark.parametrize("diverges_at", [150, 153])
def test_a_diverged_run_counts_up_to_where_it_diverged(model, window, diverges_at):
    none = [noisy(s, 100) for s in range(6)]
    batch = [noisy(s, 60) for s in range(6)]
    batch[0] = noisy(0, 60, diverges_at=diverges_at)
    _, row = verdicts(tables(model, none=none, batch=batch), quantity="gradient_change")
    effect = np.mean(by_hand(batch, window)) - np.mean(by_hand(none, window))
    assert row.effect == pytest.approx(np.exp(effect), rel=1e-9)
    assert row.seeds == 6


def test_a_probe_after_the_last_step_is_at_the_loss_of_that_step():
    ends = run(lambda t: np.where(t < 100, 4.0, 0.5), steps=101, probed=[0, 101])
    whole = run(falls(30, 4), lambda t, loss: 2 * loss)
    _, row = verdicts(tables(none=[ends], batch=[whole]), quantity="loss_range")
    # Both are functions of the loss from 4 to 0.5, one twice the other.
    assert row.effect == pytest.approx(2, rel=0.02)


def test_the_penalty_is_no_part_of_the_loss():
    none, batch = ([noisy(seed, by) for seed in range(6)] for by in (170, 80))
    made = tables("vgg", none=none, batch=batch)
    _, without = verdicts(made, quantity="loss_range")
    history = made["history"]
    penalty = 2 - history.step / 400
    penalised = made | {
        "history": history.assign(penalty=penalty, loss=history.loss + penalty)
    }
    _, row = verdicts(penalised, quantity="loss_range")
    assert row.effect == pytest.approx(without.effect)


# Which runs and levels count


def test_the_order_of_rows_is_irrelevant():
    none, batch = ([noisy(seed, by) for seed in range(6)] for by in (170, 80))
    made = tables("vgg", none=none, batch=batch)
    mixed = {name: table.sample(frac=1, random_state=3) for name, table in made.items()}
    mixed["history"] = made["history"]  # training writes step by step
    one, other = (verdicts(t, quantity="loss_range")[1] for t in (made, mixed))
    assert other.effect == pytest.approx(one.effect, rel=1e-12)
    assert other.low == pytest.approx(one.low, rel=1e-12)


def test_runs_of_another_learning_rate_are_others():
    high = run(falls(100), lambda t, loss: 4.0)
    low = run(falls(90), lambda t, loss: 1.0)
    made = together(
        tables("vgg", 0.1, none=[high], batch=[low]),
        tables("vgg", 0.5, none=[low], batch=[high]),
    )
    for lr, effect in ((0.1, 0.25), (0.5, 4)):
        _, row = verdicts(made, quantity="loss_range", lr=lr)
        assert (row.seeds, row.effect) == (1, pytest.approx(effect))


def ends_at(share) -> Run:
    """A run whose loss falls to a share of the constant loss; its value is constant."""
    end = share * CONSTANT_LOSS
    by = 200 / math.log(1.05 * CONSTANT_LOSS / end)
    return run(falls(by, 1.05 * CONSTANT_LOSS), lambda t, loss: 1.0)


@pytest.mark.parametrize(
    ("ends", "levels"),
    [
        ([0.3] * 7, [0.65, 0.55, 0.48, 0.42]),
        ([0.3] * 6 + [0.5], [0.65, 0.55, 0.48, 0.42]),  # all but one reach them
        ([0.3] * 5 + [0.5] * 2, [0.65, 0.55]),
        ([0.3] * 5 + [0.5], [0.65, 0.55]),  # else five would be left
        ([0.3] * 5 + [0.7], []),
        ([0.3] * 5 + [0.5, 0.6], [0.65, 0.55]),
        ([0.3] * 6 + [0.7], [0.65, 0.55, 0.48, 0.42]),
    ],
)
def test_levels_count_that_all_but_one_run_of_each_network_reach(ends, levels):
    made = tables("vgg", none=[ends_at(e) for e in ends], batch=[ends_at(0.3)] * 8)
    described = experiment({"vgg": "vgg"}, ["none", "batch"])
    losses = smoothed_losses(made["history"], described)
    steps = made["landscape_ranges"].set_index(["model", "norm", "lr", "seed", "step"])
    courses = {
        cell: Course(np.sort(losses[cell].reindex(np.arange(0, 200, 10))), np.ones(20))
        for cell, _ in steps.groupby(level=[0, 1, 2, 3])
    }
    actual = values_at_levels(courses, {"vgg": CONSTANT_LOSS})
    runs = [actual.xs(norm, level="norm") for norm in ("none", "batch")]
    assert count_levels(runs, 6) == levels
    _, row = verdicts(made, quantity="loss_range")
    reached = sum(e < min(levels, default=0) for e in ends)
    assert row.seeds == (8 if levels else 0)
    assert row.reference_seeds == (reached if levels else 0)


def test_a_level_that_would_leave_out_another_run_does_not_count():
    """Of seven runs one begins below the first level, and another ends above the last."""
    actual = pd.DataFrame(1.0, range(7), LEVELS)
    actual.loc[0, 0.65] = actual.loc[1, 0.42] = math.nan
    assert count_levels([actual, actual], 6) == [0.65, 0.55, 0.48]
    actual.loc[2, 0.65] = math.nan
    assert count_levels([actual, actual], 6) == [0.55, 0.48, 0.42]


def test_no_runs_count_no_level():
    empty = values_at_levels({}, {})
    assert empty.columns.tolist() == list(LEVELS)
    assert count_levels([empty, empty], 6) == []


def test_each_level_has_an_effect_of_its_own():
    """The value is a power of the loss, so that the ratio is known at each level."""
    powers = {"none": 1.0, "batch": 2.0}
    made = tables(
        "vgg",
        **{
            norm: [run(falls(90), lambda t, loss, p=p: loss**p)] * 6
            for norm, p in powers.items()
        },
    )
    described = experiment({"vgg": "vgg"}, ["none", "batch"])
    about = claim(model="vgg", quantity="loss_range")
    actual = compare_at_levels([about], with_outcomes(made, described), described)
    assert actual.level.tolist() == list(LEVELS)
    expected = [level * CONSTANT_LOSS for level in LEVELS]
    assert actual.effect.tolist() == pytest.approx(expected, rel=0.01)
    assert actual.seeds.tolist() == [6] * 5
    (_, row) = verdicts(made, quantity="loss_range")
    mean = np.log(
        [e for e, at in zip(actual.effect, LEVELS, strict=True) if at in COMPARED]
    )
    assert row.effect == pytest.approx(np.exp(mean.mean()))


# Smoothing


@WINDOWS
def test_losses_are_smoothed_as_the_models_batches_need(model, window):
    made = tables(model, none=[noisy(0, 100), noisy(1, 100, diverges_at=40)])
    actual = smoothed_losses(made["history"], experiment({model: model}, ["none"]))
    (whole, cut) = actual.values()
    expected = smoothed(noisy(0, 100).losses, window)
    assert whole.tolist() == pytest.approx(expected)
    assert cut.tolist()[:40] == pytest.approx(
        smoothed(noisy(1, 100).losses[:40], window)
    )
    assert math.isnan(cut[40])


# Values at levels


def at_levels(losses, values) -> pd.Series:
    """The values of one course, at shares of a constant loss of 1."""
    one = Course(np.log(losses), np.array(values, float))
    actual = values_at_levels({("vgg", "none", 0.1, 0): one}, {"vgg": 1.0})
    return actual.iloc[0]


def test_between_probes_values_are_on_lines_over_the_logarithm_of_the_loss():
    actual = at_levels([0.4, 0.5, 0.9], [1, 3, 2])
    for level in LEVELS:
        low, high, ends = (0.4, 0.5, (1, 3)) if level < 0.5 else (0.5, 0.9, (3, 2))
        share = math.log(level / low) / math.log(high / low)
        assert actual[level] == pytest.approx(ends[0] + share * (ends[1] - ends[0]))


def test_levels_without_probes_around_them_are_unknown():
    assert at_levels([0.5, 0.7], [1, 1]).isna().tolist() == [True, 0, 0, True, True]
    assert at_levels([0.6], [1]).isna().all()
    assert at_levels([], []).isna().all()


def test_next_to_an_infinite_value_all_is_infinite():
    actual = at_levels([0.4, 0.5, 0.9], [INF, 3, 2])
    assert np.isinf(actual).tolist() == [False, False, False, True, True]
    assert (at_levels([0.4, 0.9], [INF, INF]) == INF).all()
    assert (at_levels([0.4, 0.9], [-INF, -INF]) == -INF).all()
