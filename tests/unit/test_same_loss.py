"""Two runs at the same training loss, and a second computation of it by loops."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import Run, falls, run, tables, together, verdicts

from experiments import experiment
from normscape.claims.same_loss import Course, difference, smoothed_losses

INF = math.inf


# By hand


def smoothed(losses, window) -> list[float]:
    """Means of logarithms over five steps before, the step itself and four after it."""
    logs = [math.log(loss) for loss in losses]
    found = []
    for step in range(len(logs)):
        first = max(0, step - window // 2)
        around = logs[first : step + (window + 1) // 2]
        found.append(sum(around) / len(around))
    return found


def points(one: Run, window, transform) -> list[tuple[float, float]]:
    """(logarithm of the loss, value) at each probe of a run that has a loss, sorted."""
    losses = one.losses[: one.diverges_at]
    near = smoothed(losses, window)
    found = []
    for step, value in zip(one.probed, one.values, strict=True):
        if step >= len(losses) and one.diverges_at is not None:
            continue
        found.append((near[min(step, len(near) - 1)], transform(value)))
    return sorted(found)


def at(level, of_run) -> float:
    """On the line between the two points around a level."""
    for (left, low), (right, high) in zip(of_run, of_run[1:], strict=False):
        if left <= level <= right:
            return low + (high - low) * (level - left) / (right - left)
    raise AssertionError(f"no points around {level}")


def by_hand(subject: Run, reference: Run, window, transform=math.log) -> float:
    of_runs = [points(one, window, transform) for one in (subject, reference)]
    low = max(of_run[0][0] for of_run in of_runs)
    high = min(of_run[-1][0] for of_run in of_runs)
    total = 0
    for number in range(20):
        # A hair inside, so that rounding leaves no level without points around it.
        level = low + (high - low) * min(max(number / 19, 1e-12), 1 - 1e-12)
        total += at(level, of_runs[0]) - at(level, of_runs[1])
    return total / 20


def noisy(seed, by, start=2.3, **options) -> Run:
    """A run whose loss falls with noise, in surroundings that follow it with noise."""
    draws = np.random.default_rng([seed, by])
    losses = falls(by, start)(np.arange(201)) * np.exp(0.2 * draws.normal(size=201))
    values = losses**0.7 * np.exp(0.3 * draws.normal(size=201))
    return run(lambda t: losses[t], lambda t, loss: values[t], **options)


WINDOWS = pytest.mark.parametrize(("model", "window"), [("vgg", 10), ("dln", 1)])


@WINDOWS
def test_the_effect_is_that_of_loops(model, window):
    none, batch = ([noisy(seed, by) for seed in range(4)] for by in (170, 80))
    _, row = verdicts(tables(model, none=none, batch=batch), quantity="loss_range")
    effects = [by_hand(b, n, window) for b, n in zip(batch, none, strict=True)]
    assert row.effect == pytest.approx(np.exp(np.mean(effects)), rel=1e-9)
    half = 3.182446 * np.std(effects, ddof=1) / 2  # Student's t of 3 degrees
    assert row.low == pytest.approx(np.exp(np.mean(effects) - half))
    assert row.high == pytest.approx(np.exp(np.mean(effects) + half))


@WINDOWS
def test_a_difference_is_taken_of_values_and_not_of_logarithms(model, window):
    none, batch = ([noisy(seed, by) for seed in range(3)] for by in (170, 80))
    _, row = verdicts(
        tables(model, none=none, batch=batch),
        quantity="ics_cosine",
        scale="difference",
    )
    effects = [
        by_hand(b, n, window, lambda value: value)
        for b, n in zip(batch, none, strict=True)
    ]
    assert row.effect == pytest.approx(np.mean(effects), rel=1e-9)


@WINDOWS
@pytest.mark.parametrize("diverges_at", [150, 153])
def test_a_diverged_run_counts_up_to_where_it_diverged(model, window, diverges_at):
    none = [noisy(0, 170), noisy(1, 170)]
    batch = [noisy(0, 80, diverges_at=diverges_at), noisy(1, 80)]
    _, row = verdicts(tables(model, none=none, batch=batch), quantity="gradient_change")
    effects = [by_hand(b, n, window) for b, n in zip(batch, none, strict=True)]
    assert row.effect == pytest.approx(np.exp(np.mean(effects)), rel=1e-9)
    assert row.seeds == 2


def test_a_probe_after_the_last_step_is_at_the_loss_of_that_step():
    ends = run(lambda t: np.where(t < 100, 4.0, 1.0), steps=101, probed=[0, 101])
    whole = run(falls(30, 4), lambda t, loss: 2 * loss)
    _, row = verdicts(tables(none=[ends], batch=[whole]), quantity="loss_range")
    # Both are functions of the loss from 4 to 1, one twice the other.
    assert row.effect == pytest.approx(2, rel=1e-9)


# What does not matter, and what does


def test_the_order_of_rows_is_irrelevant():
    none, batch = ([noisy(seed, by) for seed in range(4)] for by in (170, 80))
    made = tables("vgg", none=none, batch=batch)
    mixed = {name: table.sample(frac=1, random_state=3) for name, table in made.items()}
    mixed["history"] = made["history"]  # training writes step by step
    one, other = (verdicts(t, quantity="loss_range")[1] for t in (made, mixed))
    assert other.effect == pytest.approx(one.effect, rel=1e-12)
    assert other.low == pytest.approx(one.low, rel=1e-12)


def test_runs_of_one_seed_are_compared_with_each_other():
    none = [run(falls(100), lambda t, loss, s=s: 10.0**s) for s in range(4)]
    batch = [
        run(falls(100), lambda t, loss, s=s: 10.0**s * (0.5 + 0.01 * s))
        for s in range(4)
    ]
    _, row = verdicts(tables("vgg", none=none, batch=batch), quantity="loss_range")
    assert row.verdict == "reproduced"
    assert 0.49 < row.low < row.high < 0.54
    turned = tables("vgg", none=none, batch=batch[::-1])
    assert verdicts(turned, quantity="loss_range")[1].high > 100


def test_a_seed_that_only_one_of_them_has_is_left_out():
    both = [run(falls(100), lambda t, loss, v=v: v) for v in (2.0, 3.0, 1000.0)]
    runs = tables("vgg", none=both, batch=[*both[:2], None])
    _, row = verdicts(runs, quantity="loss_range")
    assert (row.seeds, row.effect) == (2, 1)


def test_runs_of_another_learning_rate_are_others():
    high = run(falls(100), lambda t, loss: 4.0)
    low = run(falls(90), lambda t, loss: 1.0)
    made = together(
        tables("vgg", 0.1, none=[high], batch=[low]),
        tables("vgg", 0.5, none=[low], batch=[high]),
    )
    for lr, effect in ((0.1, 0.25), (0.5, 4)):
        _, row = verdicts(made, quantity="loss_range", lr=lr)
        assert (row.seeds, row.effect) == (1, effect)


# Smoothing


@WINDOWS
def test_losses_are_smoothed_as_the_models_batches_need(model, window):
    made = tables(model, none=[noisy(0, 100), noisy(1, 100, diverges_at=40)])
    found = smoothed_losses(made["history"], experiment({model: model}, ["none"]))
    (whole, cut) = found.values()
    expected = smoothed(noisy(0, 100).losses, window)
    assert whole.tolist() == pytest.approx(expected)
    assert cut.tolist()[:40] == pytest.approx(
        smoothed(noisy(1, 100).losses[:40], window)
    )
    assert math.isnan(cut[40])


# Courses


def course(losses, values):
    return Course(np.array(losses, float), np.array(values, float))


def test_courses_meet_at_losses_that_both_have():
    one, other = course([0, 1, 2], [0, 1, 2]), course([1, 3], [0, 0])
    # On 1 to 2, where the first is 1 to 2 and the second 0.
    assert difference(one, other) == pytest.approx(1.5)
    assert difference(other, one) == pytest.approx(-1.5)


@pytest.mark.parametrize(
    "other",
    [
        course([3, 4], [1, 1]),  # above
        course([2, 4], [1, 1]),  # one common loss is no range
        course([1], [1]),
        course([], []),
    ],
)
def test_courses_that_do_not_meet_have_no_difference(other):
    one = course([0, 1, 2], [0, 1, 2])
    assert math.isnan(difference(one, other))
    assert math.isnan(difference(other, one))


def test_an_infinite_value_makes_the_difference_infinite():
    one, other = course([0, 1, 2], [5, INF, 5]), course([0, 2], [1, 1])
    assert difference(one, other) == INF
    assert difference(other, one) == -INF
    assert difference(course([0, 1, 2], [5, -INF, 5]), other) == -INF


def test_a_large_difference_is_not_an_infinite_one():
    one, other = course([0, 1], [3e10, 3e10]), course([0, 1], [1e10, 1e10])
    assert difference(one, other) == pytest.approx(2e10)


def test_losses_where_both_are_infinite_are_left_out():
    one = course([0, 1, 1.001, 2], [3, 3, INF, INF])
    other = course([0, 1, 1.001, 2], [1, 1, INF, INF])
    assert difference(one, other) == pytest.approx(2)
    always = course([0, 2], [INF, INF])
    assert math.isnan(difference(always, always))


def test_infinities_of_both_sides_count_by_how_many_losses_have_them():
    one = course([0, 1.2, 1.201, 2], [0, 0, INF, INF])
    other = course([0, 0.4, 0.401, 2], [INF, INF, 0, 0])
    # The first overflows at more losses (0.8 of 2) than the second (0.4 of 2).
    assert difference(one, other) == INF
    balanced = course([0, 0.8, 0.801, 2], [INF, INF, 0, 0])
    assert math.isnan(difference(one, balanced))


VALUES = st.floats(-5, 5)
COURSES = st.builds(
    lambda points: course(*zip(*sorted(points), strict=True)),
    st.lists(
        st.tuples(st.integers(0, 30), VALUES), min_size=2, unique_by=lambda p: p[0]
    ),
)


@given(COURSES, COURSES, VALUES)
def test_a_difference_turns_with_its_sides_and_shifts_with_its_values(one, other, by):
    found = difference(one, other)
    assert difference(other, one) == pytest.approx(-found, nan_ok=True)
    shifted = one._replace(values=one.values + by)
    assert difference(shifted, other) == pytest.approx(found + by, nan_ok=True)
    assert difference(one, one) == 0
