"""Figures and their panels: axes, legends, notes."""

import math

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator

from normscape.claims.outcomes import FAILURES
from normscape.figures import style

GREY = "#555555"
# Entries of the legend for lines that have this gid.
_ENTRIES = {
    "paper": ("As in the paper", {"ls": ":", "lw": 0.7}),
    "overflow": ("A seed overflowed", {"ls": "", "marker": "^"}),
    "edge": (
        "$\\beta$ = 2 / lr, the edge of stability",
        {"ls": style.EDGE, "lw": 0.6},
    ),
}
# One line of the legend holds about 120 letters; a handle takes the room of nine.
_LETTERS_PER_LINE, _LETTERS_PER_HANDLE = 120, 9


def new_figure(height):
    """Create a matplotlib figure of full width; ``height`` is in inches."""
    return plt.figure(figsize=(style.WIDTH, height))


def note_if_empty(ax, note="not in this\nexperiment") -> None:
    """Write the note into a panel that shows no data."""
    if not ax.has_data() and not ax.texts:
        # Not set_yticks: other panels may share the axis.
        ax.tick_params(which="both", length=0, labelleft=False, labelbottom=False)
        ax.grid(False)
        look = {"ha": "center", "va": "center", "color": "#777777"}
        ax.text(0.5, 0.5, note, transform=ax.transAxes, **look)


def set_log_y(ax) -> None:
    """Make y logarithmic; below two decades, ticks are at 1, 2 and 5 times powers of ten."""
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    if high < 100 * low:
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter("")
    else:
        ax.yaxis.set_major_locator(LogLocator(numticks=6))


def set_log_x(ax, values, share=1 / 4) -> None:
    """Make x logarithmic, with ticks at the values, or at powers of ten over a wide span.

    share : of the axis that a label needs.
    """
    ax.set_xscale("log")
    values = sorted(set(values))
    if values and values[-1] < 100 * values[0]:
        span = values[-1] / values[0]
        labelled = values[-1:]
        for value in reversed(values):
            if labelled[-1] / value > span**share:
                labelled.append(value)
        ax.set_xticks(values, [f"{v:g}" if v in labelled else "" for v in values])
    ax.minorticks_off()


def add_legend(figure, norms, lrs=()) -> None:
    """Add one legend above the figure: colours, dashes of two rates or more, other marks."""
    handles = [Line2D([], [], color=norm.colour, label=norm.label) for norm in norms]
    if len(lrs) > 1:
        handles += [
            Line2D([], [], color=GREY, linestyle=dash, label=style.lr_label(lr))
            for lr, dash in zip(lrs, style.LINE_STYLES, strict=False)
        ]
    gids = _gids(figure)
    handles += [
        Line2D([], [], color=GREY, label=label, **look)
        for gid, (label, look) in _ENTRIES.items()
        if gid in gids
    ]
    entries = {handle.get_label(): handle for handle in handles}
    entries |= outcome_entry(figure)
    if not entries:
        return
    columns = _count_columns([*entries])
    figure.legend(
        [*entries.values()], [*entries], loc="outside upper center", ncols=columns
    )


def _count_columns(labels: list[str]) -> int:
    """The columns of a legend that is as wide as the figure and has the fewest lines.

    Entries fill one column after the other, and a column is as wide as its longest label.
    """
    for lines in range(1, len(labels)):
        columns = math.ceil(len(labels) / lines)
        parts = np.array_split([len(label) for label in labels], columns)
        if sum(_LETTERS_PER_HANDLE + max(part) for part in parts) <= _LETTERS_PER_LINE:
            return columns
    return 1


def add_outcome_legend(figure) -> None:
    """Explain hollow lines, where there are any, in a figure without ``add_legend``."""
    for label, handle in outcome_entry(figure).items():
        figure.legend([handle], [label], loc="outside upper center")


def outcome_entry(figure) -> dict[str, tuple]:
    """The legend's entry for hollow lines by its label; empty where there are none."""
    gids = _gids(figure)
    failures = [text for outcome, text in FAILURES.items() if outcome in gids]
    grey = {"color": GREY, "marker": "o"}
    lines = (grey | style.WIDE, grey | style.WHITE)
    handle = tuple(Line2D([], [], **line) for line in lines)
    return {f"A seed {' or '.join(failures)}": handle} if failures else {}


def _gids(figure) -> set:
    return {line.get_gid() for ax in figure.axes for line in ax.lines}
