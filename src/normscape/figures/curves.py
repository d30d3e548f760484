"""Curves over seeds, and what panels share: legends, axes, notes."""

import functools
import math

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator

from normscape.claims import chance
from normscape.experiment import Experiment, Model
from normscape.figures import style
from normscape.tables import CELL

# Of more normalisers, bands hide each other, and dashes tell no rates apart.
FEW = 5
# Of the paper's steps those that ours have at least where its curves are shown; of fewer, few
# of its points would be left.
LEAST_OF_PAPER = 1 / 5


def new(height):
    """A figure of full width and the height in inches."""
    return plt.figure(figsize=(style.WIDTH, height))


def note_if_empty(ax, note="not in this\nexperiment") -> None:
    """Say so where the experiment has nothing to show in a panel."""
    if not ax.has_data() and not ax.texts:
        # Not set_yticks: other panels may share the axis.
        ax.tick_params(which="both", length=0, labelleft=False, labelbottom=False)
        ax.grid(False)
        ax.text(
            0.5,
            0.5,
            note,
            transform=ax.transAxes,
            ha="center",
            va="center",
            color="#777777",
        )


def models_in(table, experiment: Experiment) -> list[Model]:
    """The models that a table has rows of; all of them where it is empty."""
    models = list(experiment.models.values())
    return [model for model in models if (table.model == model.name).any()] or models


def outcomes(rows) -> list[str]:
    """What became of the runs that rows of a table are of, except those that have learnt.

    ``src/figure.py`` gives every table of runs a column ``outcome``.
    """
    there = set(rows.outcome) if "outcome" in rows else set()
    return [outcome for outcome in chance.SAID if outcome in there]


def run_columns(table) -> list[str]:
    """The columns by which rows of one run are summed up."""
    return [column for column in (*CELL, "outcome") if column in table]


def plot(ax, x, y, rows, **line) -> None:
    """A line that sums up runs; hollow where one of them stayed at chance or diverged.

    rows : of a table, which say which runs it sums up.
    """
    failed = outcomes(rows)
    ax.plot(x, y, **line | (style.WIDE if failed else {}))
    for outcome in failed:
        ax.plot(x, y, **line | style.WHITE, gid=outcome)


def curve(ax, table, x, y, smooth=1, band=True, **line):
    """Mean of ``y`` over seeds against ``x``, and a band from the lowest to the highest.

    smooth : steps of a moving average within each seed. Where a seed diverged, its
    curve ends with a cross.
    """
    seeds = table.pivot_table(index=x, columns="seed", values=y, dropna=False)
    seeds = seeds.replace([np.inf, -np.inf], np.nan)
    if smooth > 1:
        seeds = seeds.rolling(smooth, min_periods=1).mean().where(seeds.notna())
    mean = seeds.mean(axis=1)
    plot(ax, mean.index, mean, table, **line)
    if band and seeds.shape[1] > 1:
        ax.fill_between(
            seeds.index,
            seeds.min(axis=1),
            seeds.max(axis=1),
            color=line.get("color"),
            alpha=0.18,
            linewidth=0,
        )
    if "diverged" in table:
        for _, run in table.groupby("seed"):
            if (run.diverged == 1).any():
                last = run[np.isfinite(run[y])].tail(1)
                ax.plot(last[x], last[y], "x", color=line.get("color"), markersize=5)


def medians(ax, table, x, y, thin=True, **line):
    """Median of a positive ``y`` over seeds against ``x``, and each seed as a thin line.

    For numbers that differ by orders of magnitude: of an even number of seeds it is the
    geometric mean of the middle two, and so is that of a seed's rows at one ``x``. An empty
    or infinite value has overflowed. It counts as the largest, for the rest of a run that
    ends with it, and is a triangle at the top edge.

    thin : whether seeds are drawn besides.
    """
    with np.errstate(divide="ignore"):
        logarithms = np.log(table[y].fillna(np.inf))
    seeds = logarithms.groupby([table[x], table.seed]).mean().unstack()
    overflowed = seeds == np.inf
    seeds = seeds.mask(seeds.isna() & overflowed.cummax(), np.inf)
    middle = _finite(seeds.median(axis=1))
    plot(ax, middle.index, middle, table, **line)
    if thin and seeds.shape[1] > 1:
        for _, seed in seeds.items():
            ax.plot(seeds.index, _finite(seed), **line | style.SEED | {"marker": ""})
    tops = seeds.index[overflowed.any(axis=1)]
    if len(tops):
        ax.plot(
            *(tops, np.ones(len(tops)), "^"),
            color=line.get("color"),
            clip_on=False,
            gid="overflow",
            transform=ax.get_xaxis_transform(),
        )


def _finite(logarithms):
    return np.exp(logarithms).replace(np.inf, np.nan)


def rates(table):
    """The learning rates that a figure shows of a table: the first two of the config."""
    return list(table.lr.unique()[:2])


def progress(ax, history, model: Model | None, norms, lrs=None):
    """How a model's training goes: accuracy of a classifier, loss of a regression."""
    if model is None:
        note_if_empty(ax)
        return []
    table = history[history.model == model.name]
    draw = medians
    if model.classifies:
        draw = functools.partial(curve, smooth=model.smoothing)
    lrs = training(ax, table, norms, model.metric, lrs, draw)
    if model.classifies:
        ax.set_ylabel(f"Training accuracy\n(moving average of {model.smoothing} steps)")
    else:
        ax.set_ylabel(f"Training loss ({model.loss})")
        if ax.lines:
            log_y(ax)
    return lrs


def training(ax, table, norms, y, lrs=None, draw=None):
    """Training curves of one model: a colour a normaliser, a dash a learning rate.

    draw : ``curve`` unless given; with bands where they are few.
    """
    lrs = rates(table) if lrs is None else lrs
    draw = draw or functools.partial(curve, band=table.norm.nunique() <= FEW)
    for norm in norms:
        for lr, dash in zip(lrs, style.LINE_STYLES, strict=False):
            rows = table[(table.norm == norm.name) & (table.lr == lr)]
            if len(rows):
                draw(ax, rows, "step", y, color=norm.colour, linestyle=dash)
    ax.set_xlabel("Step")
    ax.locator_params(axis="x", nbins=5)  # labels such as 10000 need room
    note_if_empty(ax)
    return lrs


def paper(ax, rows, y, norms, steps) -> None:
    """The paper's own curves as thin dotted lines, up to the last of our ``steps``.

    Not where ours are less than ``LEAST_OF_PAPER`` of its own.

    rows : of one network and learning rate, as ``claims.paper.tables`` gives them.
    """
    rows = rows.dropna(subset=y)
    if len(steps) == 0 or not steps.max() >= LEAST_OF_PAPER * rows.step.max():
        return
    rows = rows[rows.step <= steps.max()]
    for norm in norms:
        chosen = rows[rows.norm == norm.name]
        if len(chosen):
            line = {"color": norm.colour, "linewidth": 0.7, "gid": "paper"}
            ax.plot(chosen.step, chosen[y], ":", **line)


def layers(table, model: Model | None, named: dict[str, tuple[int, ...]]):
    """The layers that a figure shows: those named for the architecture, or its own.

    table : with a row for each layer. Of a network without some of these layers, such as a
    shallower VGG, as many others as it has, evenly spread.

    >>> import pandas as pd
    >>> vgg = Model("vgg", "vgg", "VGG", "accuracy", "", layers=(5, 10), left_chance={})
    >>> for depth in (14, 9):
    ...     table = pd.DataFrame({"model": "vgg", "layer": range(1, depth + 1)})
    ...     layers(table, vgg, named={})
    (5, 10)
    (3, 7)
    """
    if model is None:
        return next(iter(named.values()))
    chosen = named.get(model.architecture, model.layers)
    there = sorted(table.layer[table.model == model.name].unique())
    if not there or {*chosen} <= {*there}:
        return chosen
    count = min(len(chosen), len(there))
    middles = (int((i + 0.5) * len(there) / count) for i in range(count))
    return tuple(int(there[middle]) for middle in middles)


def choose(experiment: Experiment, *names: str):
    """The experiment's normalisers of these names, and those that the paper has not."""
    return [
        norm
        for norm in experiment.norms.values()
        if norm.name in names or norm.name not in style.NORMS_OF_THE_PAPER
    ]


def legend(figure, norms, lrs=()):
    """One legend for the figure, above it: colours, and dashes where there are some."""
    handles = [Line2D([], [], color=norm.colour, label=norm.label) for norm in norms]
    if len(lrs) > 1:
        handles += [
            Line2D([], [], color="#555555", linestyle=dash, label=style.lr_label(lr))
            for lr, dash in zip(lrs, style.LINE_STYLES, strict=False)
        ]
    shown = _gids(figure)
    for gid, label, look in (
        ("paper", "As in the paper", {"ls": ":", "lw": 0.7}),
        ("overflow", "A seed overflowed", {"ls": "", "marker": "^"}),
        (
            "edge",
            "$\\beta$ = 2 / lr, the edge of stability",
            {"ls": style.EDGE, "lw": 0.6},
        ),
    ):
        if gid in shown:
            handles.append(Line2D([], [], color="#555555", label=label, **look))
    labels = [handle.get_label() for handle in handles]
    for label, handle in _hollow(figure).items():
        handles.append(handle)
        labels.append(label)
    if not handles:
        return
    # A line of the legend holds about 120 letters, of which a handle takes nine.
    letters = sum(9 + len(label) for label in labels)
    columns = math.ceil(len(handles) / math.ceil(letters / 120))
    figure.legend(handles, labels, loc="outside upper center", ncols=columns)


def legend_of_hollow(figure):
    """What hollow lines mean, where there are some, in a figure without ``legend``."""
    for label, handle in _hollow(figure).items():
        figure.legend([handle], [label], loc="outside upper center")


def _hollow(figure) -> dict[str, tuple]:
    """The legend's entry for hollow lines by its label; empty where there are none."""
    shown = _gids(figure)
    failed = [said for outcome, said in chance.SAID.items() if outcome in shown]
    grey = {"color": "#555555", "marker": "o"}
    lines = (grey | style.WIDE, grey | style.WHITE)
    handle = tuple(Line2D([], [], **line) for line in lines)
    return {f"A seed {' or '.join(failed)}": handle} if failed else {}


def _gids(figure) -> set:
    return {line.get_gid() for ax in figure.axes for line in ax.lines}


def log_y(ax) -> None:
    """A logarithmic y axis; over less than two decades with labels at 1, 2 and 5 times each."""
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    if high < 100 * low:
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter("")
    else:
        ax.yaxis.set_major_locator(LogLocator(numticks=6))


def log_x(ax, values, share=1 / 4) -> None:
    """A logarithmic x axis with ticks at the values, or at powers of ten over a wide span.

    share : of the axis that a label needs.
    """
    ax.set_xscale("log")
    values = sorted(set(values))
    if values and values[-1] < 100 * values[0]:
        span = values[-1] / values[0]
        shown = values[-1:]
        for value in reversed(values):
            if shown[-1] / value > span**share:
                shown.append(value)
        ax.set_xticks(values, [f"{v:g}" if v in shown else "" for v in values])
    ax.minorticks_off()


def probed_lr(table, model):
    """The learning rate at which a figure of one rate shows a model: the first."""
    rows = table[table.model == model]
    return rows.lr.iloc[0] if len(rows) else None
