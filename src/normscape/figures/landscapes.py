"""Panels of the optimisation landscape."""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

from matplotlib.ticker import MaxNLocator

from normscape.claims import paper_curves
from normscape.experiment import Experiment, Model
from normscape.figures import curves, panels, style, subsets


class Quantity(NamedTuple):
    """What a panel shows: values from rows of landscape_ranges, and their label."""

    values: Callable
    label: str


RANGE = Quantity(lambda rows: rows.loss_high - rows.loss_low, "Range of the loss")
CHANGE = Quantity(
    lambda rows: rows.gradient_change_high,
    "Largest change\nof the gradient ($\\ell_2$)",
)
RELATIVE_CHANGE = Quantity(
    lambda rows: rows.gradient_change_high / rows.gradient_norm,
    "Largest change of the\ngradient over its norm",
)
BETA = Quantity(lambda rows: rows.effective_beta * rows.lr, "Effective $\\beta$ × lr")

REFERENCE = "#999999"


def landscape(
    axes,
    ranges,
    model: Model,
    norms,
    lr,
    *,
    direction="gradient",
    quantities=(RANGE, CHANGE, BETA),
    papers=None,
):
    """A panel for each quantity over the step: medians over seeds, and the seeds.

    Axes are logarithmic: equal distances are equal ratios, which is what claims are about.
    papers : the paper's ranges, to be shown up to our last step (``curves.paper``).
    """
    rows = ranges[
        (ranges.model == model.name)
        & (ranges.direction == direction)
        & (ranges.lr == lr)
    ]
    for ax, quantity in zip(axes, quantities, strict=True):
        values = rows.assign(value=quantity.values)
        for norm in norms:
            of_norm = values[values.norm == norm.name]
            if len(of_norm):
                line = {"color": norm.colour, "marker": "o"}
                curves.plot_medians(ax, of_norm, "step", "value", **line)
        if papers is not None:
            theirs = papers[(papers.model == model.architecture) & (papers.lr == lr)]
            theirs = theirs.assign(value=quantity.values)
            curves.plot_paper_curves(ax, theirs, "value", norms, rows.step)
        if ax.has_data():
            panels.set_log_y(ax)
            if quantity is BETA:
                edge(ax)
        ax.set_xlabel("Step")
        ax.set_ylabel(quantity.label)
        panels.note_if_empty(ax)


def edge(ax) -> None:
    """The edge of stability in a panel of ``BETA``."""
    if ax.has_data():
        line = {"color": "#555555", "linewidth": 0.6, "linestyle": style.EDGE}
        ax.axhline(2, gid="edge", zorder=3, **line)


def rows_of_models(tables, experiment: Experiment, metric: str):
    """A figure with a row of three panels for each model with this metric and each rate."""
    norms = subsets.choose_norms(experiment, "none", "batch")
    ranges = tables["landscape_ranges"]
    along = ranges[ranges.direction == "gradient"]
    papers = paper_curves.tables(tables["paper_curves"])["landscape_ranges"]
    rows = [
        (model, lr)
        for model in experiment.models.values()
        if model.metric == metric
        for lr in subsets.choose_lrs(along[along.model == model.name])
    ]
    figure = panels.new_figure(0.4 + 2.0 * max(len(rows), 1))
    axes = figure.subplots(max(len(rows), 1), 3, squeeze=False)
    for row, (model, lr) in zip(axes, rows, strict=False):
        landscape(row, ranges, model, norms, lr, papers=papers)
        row[0].set_title(style.runs_label(model, lr), loc="left")
    return _finished(figure, norms)


def blocks_of_models(tables, experiment: Experiment, metric: str):
    """A figure of the Lp norms: a row each, with the standard net beside it in grey."""
    models = [m for m in experiment.models.values() if m.metric == metric]
    norms = subsets.choose_norms(experiment, "none", "batch", "l1", "l2", "linf")
    standard = [
        dataclasses.replace(norm, colour=REFERENCE)
        for norm in norms
        if norm.name == "none"
    ]
    others = [norm for norm in norms if norm.name != "none"]
    height = 0.7 + 1.15 * max(len(others), 1)
    figure = panels.new_figure(height * max(len(models), 1))
    blocks = figure.subfigures(max(len(models), 1), 1, squeeze=False)[:, 0]
    for block, model in zip(blocks, models or [None], strict=True):
        axes = block.subplots(
            max(len(others), 1), 4, sharex=True, sharey="col", squeeze=False
        )
        if model:
            _draw_block(block, axes, tables, model, standard, others)
    return _finished(figure, standard)


def _draw_block(block, axes, tables, model, standard, others):
    ranges = tables["landscape_ranges"]
    lr = subsets.choose_lr(ranges, model.name)
    for row, norm in zip(axes, others or [None], strict=True):
        both = [*standard, norm] if norm else standard
        curves.plot_progress(row[0], tables["history"], model, both, [lr])
        landscape(row[1:], ranges, model, both, lr)
    for ax in axes[0]:
        ax.set_title(ax.get_ylabel())
    for ax in axes.ravel():
        ax.set_ylabel("")
    for ax in axes[:-1].ravel():
        ax.set_xlabel("")
    for ax in axes[-1]:
        # Four panels are narrow, and steps have up to five digits.
        ax.xaxis.set_major_locator(MaxNLocator(nbins=3))
    for ax, norm in zip(axes[:, 0], others, strict=False):
        ax.set_ylabel(norm.label, color=norm.colour, fontweight="bold")
    block.suptitle(style.runs_label(model, lr), fontsize="medium")


def _finished(figure, norms):
    for ax in figure.axes:
        panels.note_if_empty(ax)
    panels.add_legend(figure, norms)
    return figure
