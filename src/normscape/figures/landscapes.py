"""Panels of the optimisation landscape."""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

from matplotlib.ticker import MaxNLocator

from normscape.claims import paper_curves, quantities
from normscape.experiment import Experiment, Model
from normscape.figures import curves, panels, style, subsets


class Panel(NamedTuple):
    """What a panel shows: the values of rows of landscape_ranges, and their label."""

    values: Callable
    label: str


VARIATION = Panel(quantities.loss_variation, "Loss variation")
CHANGE = Panel(
    quantities.largest_gradient_change, "Gradient change\n(largest, $\\ell_2$)"
)
RELATIVE_CHANGE = Panel(
    quantities.largest_relative_gradient_change, "Gradient change\n/ gradient norm"
)
BETA = Panel(quantities.smoothness_times_lr, "Effective\n$\\beta$-smoothness × lr")

REFERENCE = "#999999"


def plot_landscape(
    axes,
    ranges,
    model: Model,
    norms,
    lr,
    *,
    direction="gradient",
    shown=(VARIATION, CHANGE, BETA),
    paper=None,
) -> None:
    """Plot the values of each panel over steps: medians over seeds, and the seeds.

    Axes are logarithmic, so that equal ratios, which claims are about, are equal distances.
    paper : the paper's ranges, for ``curves.plot_paper_curves``.
    """
    rows = ranges[
        (ranges.model == model.name)
        & (ranges.direction == direction)
        & (ranges.lr == lr)
    ]
    for ax, panel in zip(axes, shown, strict=True):
        values = rows.assign(value=panel.values)
        curves.plot_medians_of_norms(ax, values, norms, "step", "value")
        if paper is not None:
            same = paper[(paper.model == model.architecture) & (paper.lr == lr)]
            same = same.assign(value=panel.values)
            curves.plot_paper_curves(ax, same, "value", norms, rows.step)
        if ax.has_data():
            panels.set_log_y(ax)
            if panel is BETA:
                plot_edge(ax)
        ax.set_xlabel("Step")
        ax.set_ylabel(panel.label)
        panels.note_if_empty(ax)


def plot_edge(ax) -> None:
    """Plot the edge of stability in a panel of ``BETA``."""
    if ax.has_data():
        line = {"color": "#555555", "linewidth": 0.6, "linestyle": style.EDGE}
        ax.axhline(2, gid="edge", zorder=3, **line)


def draw_models(tables, experiment: Experiment, metric: str):
    """Draw three panels per model with this metric and learning rate."""
    norms = subsets.choose_norms(experiment, "none", "batch")
    ranges = tables["landscape_ranges"]
    along = ranges[ranges.direction == "gradient"]
    paper = paper_curves.tables(tables["paper_curves"])["landscape_ranges"]
    rows = [
        (model, lr)
        for model in experiment.models.values()
        if model.metric == metric
        for lr in subsets.choose_lrs(along[along.model == model.name])
    ]
    figure = panels.new_figure(0.4 + 2.0 * max(len(rows), 1))
    axes = figure.subplots(max(len(rows), 1), 3, squeeze=False)
    for row, (model, lr) in zip(axes, rows, strict=False):
        plot_landscape(row, ranges, model, norms, lr, paper=paper)
        row[0].set_title(style.runs_label(model, lr), loc="left")
    return _finish(figure, norms)


def draw_models_by_norm(tables, experiment: Experiment, metric: str):
    """Draw one row per Lp norm, with the network without normalisation in grey."""
    models = [m for m in experiment.models.values() if m.metric == metric]
    norms = subsets.choose_norms(experiment, "none", "batch", "l1", "l2", "linf")
    reference = [
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
            _draw_block(block, axes, tables, model, reference, others)
    return _finish(figure, reference)


def _draw_block(block, axes, tables, model, reference, others):
    ranges = tables["landscape_ranges"]
    lr = subsets.choose_lr(ranges, model.name)
    for row, norm in zip(axes, others or [None], strict=True):
        shown = [*reference, norm] if norm else reference
        curves.plot_progress(row[0], tables["history"], model, shown, [lr])
        plot_landscape(row[1:], ranges, model, shown, lr)
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


def _finish(figure, norms):
    for ax in figure.axes:
        panels.note_if_empty(ax)
    panels.add_legend(figure, norms)
    return figure
