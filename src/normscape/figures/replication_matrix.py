"""The replication matrix: the primary claims in several experiments.

One row per primary claim, one column per experiment, network and comparison. A cell holds the
effect and its 95% interval over runs, as the ratio or difference that the claim is about. Its
colour and sign are the verdict.
"""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.patches import Patch

from normscape import components
from normscape.claims import comparisons
from normscape.claims.decision import (
    AS_CLAIMED,
    OPEN,
    OPPOSITE,
    SIZE_OPEN,
    SMALLER,
)
from normscape.figures import style

# Background and sign of a verdict's cell.
LOOKS = {
    AS_CLAIMED: ("#9CC9E6", "✓"),
    SIZE_OPEN: ("#DCECF7", "(✓)"),
    SMALLER: ("#F8E0C8", "<"),
    OPPOSITE: ("#EFA77B", "✗"),
    OPEN: ("#EEEEEE", "?"),
}
# The comparisons in the order of their columns, and their heads.
READINGS = {
    comparisons.SAME_STEP: "same step",
    comparisons.SAME_LOSS: "same training\nloss",
    comparisons.SAME_FUNCTION: "same function",
}
# In inches: the column of claims, a column of cells, a line of a cell, a head.
CLAIMS, COLUMN, LINE, HEAD = 1.7, 0.95, 0.13, 0.7
TEXT = 6.5  # points
LETTERS, LETTERS_PER_COLUMN = 26, 15  # of a claim's line, and of a head's


def draw(verdicts: dict[str, pd.DataFrame]):
    """The figure of the verdicts of experiments, by the label of each."""
    rows_of = _primary(verdicts)
    # In the order of the claims about trained networks, which come first in the paper.
    rows = dict.fromkeys([*rows_of.primary[rows_of.place.isna()], *rows_of.primary])
    keys = ["primary", "experiment", "architecture", "reading"]
    cells = dict(list(rows_of.groupby(keys)))
    columns = sorted({key[1:] for key in cells}, key=_order(verdicts))
    heights = [
        LINE * (1 + 2 * max(len(cells.get((row, *column), ())) for column in columns))
        for row in rows
    ]
    width = CLAIMS + COLUMN * len(columns)
    figure = style.plt.figure(figsize=(width, sum(heights) + HEAD + 0.3))
    ax = figure.subplots()
    ax.set_axis_off()
    ax.set_xlim(0, width)
    ax.set_ylim(sum(heights), -HEAD)
    _head(ax, columns)
    top = 0.0
    for row, height in zip(rows, heights, strict=True):
        middle = top + height / 2
        ax.text(0, middle, textwrap.fill(row, LETTERS), va="center", fontsize=TEXT)
        for number, column in enumerate(columns):
            if (cell := (row, *column)) in cells:
                _draw_cell(ax, CLAIMS + number * COLUMN, top, height, cells[cell])
        top += height
    handles = [
        Patch(color=colour, label=f"{sign} {verdict}")
        for verdict, (colour, sign) in LOOKS.items()
        if verdict in {*rows_of.verdict}
    ]
    figure.legend(
        handles=handles, loc="outside lower center", ncols=len(handles), fontsize=TEXT
    )
    return figure


def _primary(verdicts):
    """The verdicts on primary claims that have runs, each with its column."""
    tables = []
    for label, table in verdicts.items():
        rows = table[table.primary.notna() & (table.seeds > 0)]
        # Runs that go on from a checkpoint begin at the same function.
        reading = rows.comparison.where(rows.place.isna(), comparisons.SAME_FUNCTION)
        tables.append(rows.assign(experiment=label, reading=reading))
    rows = pd.concat(tables)
    if rows.empty:
        raise ValueError(
            "verdicts.csv: expected runs for a primary claim in some experiment, got none; add "
            "the folder of one that has"
        )
    return rows


def _order(verdicts):
    """The key by which columns (experiment, architecture, comparison) are sorted."""
    labels = list(verdicts)
    return lambda column: (
        labels.index(column[0]),
        column[1] != "vgg",
        column[1],
        [*READINGS].index(column[2]),
    )


def _head(ax, columns):
    """Each column's comparison, and above it the experiment and network once."""
    runs = [column[:2] for column in columns]
    for number, (*_, reading) in enumerate(columns):
        x = CLAIMS + (number + 0.5) * COLUMN
        ax.text(x, -0.06, READINGS[reading], ha="center", va="bottom", fontsize=TEXT)
    look = {"fontsize": TEXT + 0.5, "fontweight": "bold"}
    for run in dict.fromkeys(runs):
        places = [number for number, other in enumerate(runs) if other == run]
        x = CLAIMS + (np.mean(places) + 0.5) * COLUMN
        label = components.declaration("models", run[1])["label"]
        text = textwrap.fill(f"{run[0]}, {label}", LETTERS_PER_COLUMN * len(places))
        ax.text(x, -0.34, text, ha="center", va="bottom", **look)


def _draw_cell(ax, left, top, height, rows):
    verdicts = {*rows.verdict}
    colour = LOOKS[verdicts.pop()][0] if len(verdicts) == 1 else LOOKS[OPEN][0]
    gap = 0.02
    ax.fill_between(
        [left + gap, left + COLUMN - gap],
        top + gap,
        top + height - gap,
        color=colour,
        linewidth=0,
        gid="cell",
    )
    lines = [
        f"{LOOKS[row.verdict][1]} {_number(row.effect)}\n"
        f"[{_number(row.low)}, {_number(row.high)}]"
        for row in rows.itertuples()
    ]
    ax.text(
        left + COLUMN / 2,
        top + height / 2,
        "\n".join(lines),
        ha="center",
        va="center",
        fontsize=TEXT,
        linespacing=1.1,
    )


def _number(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.2g}"
