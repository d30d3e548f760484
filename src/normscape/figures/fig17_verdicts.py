"""Figure 17: all verdicts.

One row per claim and normaliser, by topic: large marks are effects at the same step or function
with 95% intervals over runs, small marks below are at the same training loss. An effect is as
claimed if the whole interval is in the shaded range, and opposite if it is on the other side of no
effect, the grey line. A ring marks primary claims, and secondary claims that stay as claimed with
Holm's correction.

A diamond is the paper's own number, from its digitised curves. If it is outside the shaded range,
the paper's figure does not show what its text claims.
"""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from normscape.claims import intervals
from normscape.claims.decision import (
    AS_CLAIMED,
    OPEN,
    OPPOSITE,
    SIZE_OPEN,
    SMALLER,
)
from normscape.claims.wording import first_readings, paired
from normscape.figures import panels

TABLES = ("verdicts",)

# Colour, shape and filling of a mark; shapes tell them apart without colours, too.
LOOKS = {
    AS_CLAIMED: ("#0072B2", "o", "full"),
    SIZE_OPEN: ("#0072B2", "o", "left"),
    SMALLER: ("#D55E00", "s", "none"),
    OPPOSITE: ("#D55E00", "X", "full"),
    OPEN: ("#666666", "o", "none"),
}
CLAIMED = "#DCE6EE"
# By scale the label of the axis, and the value of no effect, or NaN.
SCALES = {
    "ratio": ("Ratio to the reference", 1),
    "difference": ("Difference from the reference", 0),
    "value": ("Value", np.nan),
}
# Ratios beyond are arrowheads at the edge.
RATIOS = (1 / 100, 100)

# In inches: a line of text, the space between rows, the column of statements, and what
# a block of rows needs besides, for its axis and for a topic's heading.
LINE, SPACE, STATEMENTS, AXIS, HEADING = 0.1, 0.075, 2.9, 0.36, 0.2
LETTERS = 60  # of a statement's line
TEXT = 6.5  # points
# Points, of marks at the same step and at the same loss.
LARGE, SMALL = 4.5, 2.8
HOLM = {"marker": "o", "markersize": 8, "markeredgewidth": 0.6, "fillstyle": "none"}
PAPER = {
    "color": "black",
    "markersize": 5.5,
    "markeredgewidth": 0.7,
    "fillstyle": "none",
}


def draw(tables, experiment):
    verdicts = first_readings(tables["verdicts"])
    blocks = [
        (topic, scale, _labelled(rows))
        for topic, topic_rows in tables["verdicts"].groupby("topic", sort=False)
        for scale, rows in topic_rows.groupby("scale", sort=False)
        if len(first_readings(rows))
    ]
    if not blocks:
        figure = panels.new_figure(1.0)
        panels.note_if_empty(figure.subplots())
        return figure
    heights = [sum(_height(label) for label, *_ in rows) for *_, rows in blocks]
    topics = verdicts.topic.nunique()
    figure = panels.new_figure(
        sum(heights) + AXIS * len(blocks) + HEADING * topics + 0.5
    )
    axes = figure.subplots(len(blocks), 1, squeeze=False, height_ratios=heights)[:, 0]
    headed = set()
    for ax, (topic, scale, rows) in zip(axes, blocks, strict=True):
        _draw_block(ax, scale, rows)
        if topic not in headed:
            headed.add(topic)
            _head(ax, topic.replace("_", " ").capitalize())
    _draw_legend(figure)
    return figure


def _labelled(verdicts) -> list[tuple]:
    """For each row at the same step its label, itself, and that at the same loss or None."""
    return [
        (
            row.statement
            + (f" ({row.not_learnt})" if pd.notna(row.not_learnt) else ""),
            row,
            other if other is not None and other.seeds else None,
        )
        for row, other in paired(verdicts)
    ]


def _lines(label):
    return textwrap.wrap(label, LETTERS)


def _height(label):
    return LINE * len(_lines(label)) + SPACE


def _draw_block(ax, scale, rows):
    """Rows of one axis, whose y is in inches from the top."""
    label, no_effect = SCALES[scale]
    limits = RATIOS if scale == "ratio" else _limits(rows, no_effect)
    ends = np.cumsum([_height(label) for label, *_ in rows])
    starts = np.concatenate([[0], ends[:-1]])
    if np.isfinite(no_effect):
        ax.axvline(no_effect, color="#888888", linewidth=0.6, zorder=1)
    for (_, row, other), start, end in zip(rows, starts, ends, strict=True):
        _draw_row(ax, row, other, start, end, limits)
    ax.set_ylim(ends[-1], 0)
    ax.set_xlim(limits)
    if scale == "ratio":
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        ax.minorticks_off()
    labels = ["\n".join(_lines(label)) for label, *_ in rows]
    ax.set_yticks((starts + ends) / 2, labels, ha="left", linespacing=1.0)
    ax.tick_params(axis="y", length=0, pad=72 * STATEMENTS, labelsize=TEXT)
    ax.tick_params(axis="x", labelsize=TEXT)
    ax.grid(visible=False, axis="y")
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(label, fontsize=TEXT, labelpad=1)


def _limits(rows, no_effect):
    """Of a linear axis: all finite numbers, no effect where there is one, and a little more."""
    numbers = [no_effect]
    for _, row, other in rows:
        numbers += [row.above, row.below, row.paper_effect, *_interval(row)]
        numbers += [] if other is None else _interval(other)
    numbers = np.array(numbers, float)
    numbers = numbers[np.isfinite(numbers)]
    margin = 0.05 * np.ptp(numbers) or 1.0
    return numbers.min() - margin, numbers.max() + margin


def _interval(row):
    return [row.effect, row.low, row.high]


def _draw_row(ax, row, other, start, end, limits):
    claimed = np.clip([_or(row.above, -np.inf), _or(row.below, np.inf)], *limits)
    inside = [start + SPACE / 6, end - SPACE / 6]
    shade = {"color": CLAIMED, "linewidth": 0, "zorder": 0.4}  # below the grid
    ax.fill_betweenx(inside, *claimed, gid="claimed", **shade)
    middle = (start + end) / 2
    place = middle if other is None else middle - 0.03
    _draw_effect(ax, place, row, limits, LARGE)
    if row.verdict == AS_CLAIMED and row.holm <= intervals.LEVEL:
        ring = {"color": LOOKS[row.verdict][0], "gid": "holm"}
        ax.plot(np.clip(row.effect, *limits), place, clip_on=False, **HOLM, **ring)
    if other is not None:
        _draw_effect(ax, middle + 0.045, other, limits, SMALL)
    if pd.notna(row.paper_effect):
        _draw_mark(ax, place, row.paper_effect, "D", limits, gid="paper", **PAPER)


def _draw_mark(ax, y, effect, shape, limits, **look):
    """A mark where an effect is, or an arrowhead at the edge of the axis."""
    if effect < limits[0]:
        shape = "<"
    elif effect > limits[1]:
        shape = ">"
    ax.plot(np.clip(effect, *limits), y, shape, clip_on=False, **look)


def _or(number, otherwise):
    return otherwise if pd.isna(number) else number


def _draw_effect(ax, y, row, limits, size):
    """An effect and its interval; an arrowhead where one leaves the axis."""
    effect, low, high = _interval(row)
    colour, shape, filling = LOOKS[row.verdict]
    look = {"color": colour, "alpha": 1 if size == LARGE else 0.65}
    if np.isnan([effect, low, high]).all():
        ax.text(limits[0], y, " not measured", fontsize=TEXT, va="center", **look)
    if not np.isnan(low):
        ends = np.clip([low, high], *limits)
        ax.plot(ends, [y, y], linewidth=size / 4, gid="interval", **look)
        for end in (low, high):
            if not limits[0] <= end <= limits[1]:
                arrow = {"markersize": size * 0.8, "gid": "beyond"}
                _draw_mark(ax, y, end, "", limits, **arrow, **look)
    if not np.isnan(effect):
        mark = {"fillstyle": filling, "markerfacecoloralt": "white", "gid": "effect"}
        mark |= {"markersize": size, "markeredgewidth": size / 6}
        _draw_mark(ax, y, effect, shape, limits, **mark, **look)


def _head(ax, text):
    """A topic's heading, at the left end of the statements."""
    ax.annotate(
        text,
        (0, 1),
        (-72 * STATEMENTS - 3, 5),
        xycoords="axes fraction",
        textcoords="offset points",
        fontweight="bold",
        fontsize=TEXT + 1,
        va="bottom",
    )


def _draw_legend(figure):
    handles = [
        Line2D(
            *([], []),
            color=colour,
            marker=shape,
            markersize=LARGE,
            fillstyle=filling,
            markerfacecoloralt="white",
            label=verdict,
        )
        for verdict, (colour, shape, filling) in LOOKS.items()
    ]
    grey = {"color": LOOKS[OPEN][0], "markersize": SMALL}
    handles += [
        Line2D(
            [], [], label="also after Holm", color=LOOKS[AS_CLAIMED][0], lw=0, **HOLM
        ),
        Line2D([], [], label="at the same loss", marker="o", linewidth=0.7, **grey),
        Patch(color=CLAIMED, label="claimed range"),
        Line2D([], [], label="the paper's figure", marker="D", linewidth=0, **PAPER),
        Line2D([], [], label="beyond the axis", marker=">", linewidth=0.7, **grey),
    ]
    figure.legend(
        handles=handles, loc="outside upper center", ncols=4, fontsize=TEXT + 0.5
    )
