"""Curves over seeds, and what panels share: legends, axes, notes."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

from normscape.experiment import Experiment, Model
from normscape.figures import style

# Steps of the moving average of training curves, by a model's metric.
SMOOTHING = {"accuracy": 10, "loss": 1}


def new(height):
    """A figure of full width and the height in inches."""
    return plt.figure(figsize=(style.WIDTH, height))


def note_if_empty(ax) -> None:
    """Say so where the experiment has nothing to show in a panel."""
    if not ax.has_data():
        # Not set_yticks: other panels may share the axis.
        ax.tick_params(which="both", length=0, labelleft=False, labelbottom=False)
        ax.grid(False)
        ax.text(
            0.5,
            0.5,
            "not in this\nexperiment",
            transform=ax.transAxes,
            ha="center",
            va="center",
            color="#777777",
        )


def curve(ax, table, x, y, smooth=1, **line):
    """Mean of ``y`` over seeds against ``x``, and a band from the lowest to the highest.

    smooth : steps of a moving average within each seed. Where a seed diverged, its
    curve ends with a cross.
    """
    seeds = table.pivot_table(index=x, columns="seed", values=y, dropna=False)
    seeds = seeds.replace([np.inf, -np.inf], np.nan)
    if smooth > 1:
        seeds = seeds.rolling(smooth, min_periods=1).mean().where(seeds.notna())
    mean = seeds.mean(axis=1)
    ax.plot(mean.index, mean, **line)
    if seeds.shape[1] > 1:
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


def progress(ax, history, model: Model | None, norms, lrs=None):
    """How a model's training goes: accuracy of a classifier, loss of a regression."""
    if model is None:
        note_if_empty(ax)
        return []
    table = history[history.model == model.name]
    smooth = SMOOTHING[model.metric]
    lrs = training(ax, table, norms, model.metric, smooth, lrs)
    if model.classifies:
        ax.set_ylabel(f"Training accuracy\n(moving average of {smooth} steps)")
    else:
        ax.set_ylabel(f"Training loss ({model.loss})")
        if ax.lines:
            ax.set_yscale("log")
    return lrs


def training(ax, table, norms, y, smooth=1, lrs=None):
    """Training curves of one model: a colour a normaliser, a dash a learning rate."""
    lrs = list(table.lr.unique()) if lrs is None else lrs
    for norm in norms:
        for lr, dash in zip(lrs, style.LINE_STYLES, strict=False):
            rows = table[(table.norm == norm.name) & (table.lr == lr)]
            if len(rows):
                line = {"color": norm.colour, "linestyle": dash}
                curve(ax, rows, "step", y, smooth, **line)
    ax.set_xlabel("Step")
    note_if_empty(ax)
    return lrs


def paper(ax, curves, model: Model, quantity, lr, norms, steps) -> None:
    """The paper's own curves as thin dotted lines, if ``steps`` reach as far as they."""
    rows = curves[
        (curves.model == model.architecture)
        & (curves.quantity == quantity)
        & (curves.lr == lr)
    ]
    if len(steps) == 0 or not steps.max() >= 0.9 * rows.step.max():
        return
    for norm in norms:
        chosen = rows[rows.norm == norm.name]
        for end in ("low", "high") if len(chosen) else ():
            line = {"color": norm.colour, "linewidth": 0.7, "gid": "paper"}
            ax.plot(chosen.step, chosen[end], ":", **line)


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
    if any(line.get_gid() == "paper" for ax in figure.axes for line in ax.lines):
        handles.append(
            Line2D([], [], color="#555555", ls=":", lw=0.7, label="As in the paper")
        )
    figure.legend(
        handles=handles, loc="outside upper center", ncols=min(len(handles), 7)
    )


def log_x(ax, values) -> None:
    """A logarithmic x axis with ticks at the values, or at powers of ten over a wide span."""
    ax.set_xscale("log")
    values = sorted(set(values))
    if values and values[-1] < 100 * values[0]:
        span = values[-1] / values[0]
        # A label needs up to a quarter of the axis; the last value keeps its own.
        shown = [
            value
            for value, after in zip(values, values[1:], strict=False)
            if after / value > span ** (1 / 4)
        ]
        ax.set_xticks(
            values, [f"{v:g}" if v in (*shown, values[-1]) else "" for v in values]
        )
    ax.minorticks_off()


def probed_lr(table, model):
    """The learning rate at which a figure of one rate shows a model: the first."""
    rows = table[table.model == model]
    return rows.lr.iloc[0] if len(rows) else None


def mark_diverged(ax, runs, experiment: Experiment):
    """Crosses at the bottom of a panel for runs that diverged, by learning rate."""
    diverged = runs[runs.diverged_at.notna()]
    for name, lr in diverged.groupby(["norm", "lr"]).groups:
        at_bottom = ax.get_xaxis_transform()
        ax.plot(lr, 0.03, "x", color=experiment.norms[name].colour, transform=at_bottom)
