"""Figure 17: marks, intervals and order of the verdicts."""

import itertools
import math

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from figure_tables import (
    draw,
    lines_with_gid,
    make_verdict,
    make_verdicts,
    texts,
    visible_axes,
)

from normscape.claims.decision import OPEN, SMALLER, VERDICTS
from normscape.figures import fig17_verdicts
from normscape.pipeline import paths


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def forest(*rows):
    """The axes of the figure of these verdicts."""
    return visible_axes(draw("fig17_verdicts", {"verdicts": pd.DataFrame(rows)}))


def x_of(mark):
    (x,) = mark.get_xdata()
    return x


def test_a_verdict_is_an_effect_with_its_interval_in_the_claimed_range():
    (ax,) = forest(make_verdict(paper_effect=0.2))
    assert ax.get_xscale() == "log"
    assert [t.get_text() for t in ax.get_yticklabels()] == [make_verdict()["statement"]]
    (effect,) = lines_with_gid(ax, "effect")
    (interval,) = lines_with_gid(ax, "interval")
    (paper,) = lines_with_gid(ax, "paper")
    assert x_of(effect) == 0.3
    assert list(interval.get_xdata()) == [0.2, 0.4]
    assert x_of(paper) == 0.2
    assert paper.get_marker() == "D"
    assert not lines_with_gid(ax, "beyond")
    (claimed,) = ax.collections
    x, y = claimed.get_paths()[0].vertices.T
    assert (x.min(), x.max()) == (fig17_verdicts.RATIOS[0], 0.8)
    bottom, top = ax.get_ylim()
    assert top <= y.min() < effect.get_ydata() < y.max() <= bottom


def test_a_range_between_two_limits_is_shaded_between_them():
    (ax,) = forest(make_verdict(scale="difference", above=-0.05, below=0.05))
    assert ax.get_xscale() == "linear"
    x = ax.collections[0].get_paths()[0].vertices[:, 0]
    assert (x.min(), x.max()) == (-0.05, 0.05)


def test_an_axis_of_differences_shows_where_there_is_none():
    gain = {"scale": "difference", "effect": 0.3, "low": 0.2, "high": 0.4}
    (ax,) = forest(make_verdict(**gain, above=math.nan, below=0.05))
    left, right = ax.get_xlim()
    assert left < 0 < 0.4 < right


def test_verdicts_differ_in_colour_and_in_grey():
    (ax,) = forest(*(make_verdict(verdict=name) for name in VERDICTS))
    marks = lines_with_gid(ax, "effect")
    shapes = {(mark.get_marker(), mark.get_fillstyle()) for mark in marks}
    assert len(shapes) == len(VERDICTS)
    supports, speaks_against = (
        {m.get_color() for m in some} for some in (marks[:2], marks[2:4])
    )
    assert len(supports) == len(speaks_against) == 1
    assert supports.isdisjoint(speaks_against)


def test_a_ring_is_around_what_stays_as_claimed_with_holms_correction():
    (ax,) = forest(
        make_verdict(effect=0.1, holm=0.02),
        make_verdict(effect=0.2, holm=0.03),
        make_verdict(effect=0.3, holm=0.02, verdict=OPEN),
        make_verdict(effect=1e-6, holm=0.001),
    )
    rings = [x_of(mark) for mark in lines_with_gid(ax, "holm")]
    assert rings == [0.1, fig17_verdicts.RATIOS[0]]


def test_the_effect_at_the_same_loss_lies_below_the_other_smaller():
    other = {"effect": 1.2, "low": 0.9, "high": 1.6, "verdict": SMALLER}
    other |= {"comparison": "same loss"}
    (ax,) = forest(make_verdict(), make_verdict(**other), make_verdict(claim="alone"))
    first, second, alone = lines_with_gid(ax, "effect")
    assert x_of(second) == 1.2
    assert second.get_fillstyle() == "none"
    assert second.get_markersize() < first.get_markersize() == alone.get_markersize()
    assert first.get_ydata() < second.get_ydata() < alone.get_ydata()  # downwards
    assert list(lines_with_gid(ax, "interval")[1].get_xdata()) == [0.9, 1.6]


def test_what_leaves_the_axis_is_an_arrowhead_at_its_edge():
    low, high = fig17_verdicts.RATIOS
    (ax,) = forest(
        make_verdict(low=0.0, high=math.inf, paper_effect=1e-5),
        make_verdict(effect=1e6, low=1e5, high=1e7),
    )
    beyond = [(m.get_marker(), x_of(m)) for m in lines_with_gid(ax, "beyond")]
    assert beyond == [("<", low), (">", high), (">", high), (">", high)]
    assert [mark.get_marker() for mark in lines_with_gid(ax, "effect")] == ["o", ">"]
    (paper,) = lines_with_gid(ax, "paper")
    assert (paper.get_marker(), x_of(paper)) == ("<", low)
    first, second = lines_with_gid(ax, "interval")
    assert list(first.get_xdata()) == [low, high]
    assert list(second.get_xdata()) == [high, high]


def test_one_seed_has_no_interval_and_a_run_that_diverged_no_effect():
    nothing = {"low": math.nan, "high": math.nan, "seeds": 1}
    (ax,) = forest(make_verdict(**nothing), make_verdict(effect=math.nan, **nothing))
    assert len(lines_with_gid(ax, "effect")) == 1
    assert not lines_with_gid(ax, "interval")
    assert [text.get_text().strip() for text in ax.texts[:1]] == ["not measured"]


def test_verdicts_stand_by_topic_and_scale():
    accuracy = {"scale": "value", "above": 0.2, "below": math.nan, "effect": 0.5}
    axes = forest(
        make_verdict(topic="training", statement="a"),
        make_verdict(topic="shift", statement="b", verdict=OPEN),
        make_verdict(topic="training", statement="c", **accuracy),
        make_verdict(topic="training", statement="d"),
        make_verdict(topic="larger_rates", statement="e"),
        make_verdict(
            topic="shift", statement="absent", reason="not in this experiment"
        ),
    )
    statements = [[t.get_text() for t in ax.get_yticklabels()] for ax in axes]
    assert statements == [["a", "d"], ["c"], ["b"], ["e"]]
    labels = [ax.get_xlabel().split()[0] for ax in axes]
    assert labels == ["Ratio", "Value", "Ratio", "Ratio"]
    headings = [[text.get_text() for text in ax.texts] for ax in axes]
    assert headings == [["Training"], [], ["Shift"], ["Larger rates"]]


def test_long_statements_are_wrapped_and_rows_do_not_overlap():
    figure = draw("fig17_verdicts", {"verdicts": make_verdicts()})
    for ax in visible_axes(figure):
        boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
        for above, below in itertools.pairwise(boxes):
            assert above.y0 >= below.y1
        left = ax.get_window_extent().x0
        assert all(box.x0 >= 0 and box.x1 <= left for box in boxes)
    for text in figure.findobj(plt.Text):
        assert text.get_fontsize() >= 6 or not text.get_text()


def test_no_verdict_is_said_to_be_missing():
    (ax,) = forest(make_verdict(reason="not in this experiment"))
    assert "not in this" in ax.texts[0].get_text()


def test_the_verdicts_are_a_table_of_their_own():
    config = {"name": "mine"}
    assert paths.figure_tables(config, "fig17_verdicts") == [
        "results/mine/verdicts.csv",
        "results/mine/tables/outcomes.csv",
    ]


def test_verdicts_say_which_runs_have_not_learnt():
    row = make_verdict(not_learnt="3 of 3 runs of none stayed at chance")
    figure = draw("fig17_verdicts", {"verdicts": pd.DataFrame([row])})
    words = " ".join(" ".join(texts(figure)).split())
    assert f"({row['not_learnt']})" in words
