"""Panels of the optimisation landscape."""

from normscape.experiment import Experiment, Model
from normscape.figures import style
from normscape.figures.curves import (
    choose,
    curve,
    legend,
    new,
    note_if_empty,
    paper,
    probed_lr,
    progress,
)

# By the name that a model's ``log_axes`` give it: lowest and highest column of
# landscape_ranges, the label of the axis, and the quantity of the paper's curves.
QUANTITIES = {
    "loss": ("loss_low", "loss_high", "Loss along the direction", "loss_range"),
    "gradient": (
        *("gradient_change_low", "gradient_change_high"),
        *("Change of gradient ($\\ell_2$)", "gradient_change_range"),
    ),
    "beta": (None, "effective_beta", "Effective $\\beta$", "effective_beta"),
}


def landscape(axes, ranges, model: Model, norms, direction="gradient", curves=None):
    """Up to three panels: range of the loss, of the gradient change, effective beta.

    Bands span the means over seeds (and draws) of the lowest and of the highest value;
    effective beta has a line for its mean and a band over seeds.

    curves : the paper's, to be shown where the scale is the paper's.
    """
    lr = probed_lr(ranges, model.name)
    rows = ranges[
        (ranges.model == model.name)
        & (ranges.direction == direction)
        & (ranges.lr == lr)
    ]
    for ax, (quantity, (low, high, label, in_paper)) in zip(
        axes, QUANTITIES.items(), strict=False
    ):
        for norm in norms:
            seeds = rows[rows.norm == norm.name]
            if seeds[high].notna().sum() == 0:
                continue
            colour = norm.colour
            if low is None:
                curve(ax, seeds, "step", high, color=colour, marker="o")
                continue
            means = seeds.groupby("step")[[low, high]].mean()
            ax.fill_between(
                means.index, means[low], means[high], color=colour, alpha=0.3, lw=0
            )
            ax.plot(means.index, means[high], color=colour, marker="o")
            ax.plot(means.index, means[low], color=colour, linewidth=0.6)
        if curves is not None:
            paper(ax, curves, model, in_paper, lr, norms, rows.step)
        if quantity in model.log_axes and ax.has_data():
            ax.set_yscale("log")
        ax.set_xlabel("Step")
        ax.set_ylabel(label)
        note_if_empty(ax)


def with_training(axes, tables, model: Model, norms, named: bool):
    """The training curve of a model, then the three panels of its landscape.

    named : whether the title says which model it is.
    """
    ranges = tables["landscape_ranges"]
    lr = probed_lr(ranges, model.name)
    title = [model.label] if named else []
    if lr is not None:
        title.append(style.lr_label(lr))
    axes[0].set_title(", ".join(title))
    progress(axes[0], tables["history"], model, norms, [lr])
    landscape(axes[1:], ranges, model, norms)


def rows_of_models(tables, experiment: Experiment, metric: str):
    """A figure with a row of three panels for each model with this metric."""
    models = [m for m in experiment.models.values() if m.metric == metric]
    norms = choose(experiment, "none", "batch")
    figure = new(2.4 * max(len(models), 1))
    axes = figure.subplots(max(len(models), 1), 3, squeeze=False)
    ranges, curves = tables["landscape_ranges"], tables["paper_curves"]
    for row, model in zip(axes, models, strict=False):
        landscape(row, ranges, model, norms, curves=curves)
        if len(models) > 1:
            row[0].set_title(model.label)
    return _finished(figure, norms)


def blocks_of_models(tables, experiment: Experiment, metric: str):
    """A figure of the Lp norms, with four panels for each model with this metric."""
    models = [m for m in experiment.models.values() if m.metric == metric]
    norms = choose(experiment, "none", "batch", "l1", "l2", "linf")
    figure = new(4.6 * max(len(models), 1))
    axes = figure.subplots(2 * max(len(models), 1), 2).ravel()
    for i, model in enumerate(models):
        own, named = axes[4 * i : 4 * i + 4], len(models) > 1
        with_training(own, tables, model, norms, named)
    return _finished(figure, norms)


def _finished(figure, norms):
    for ax in figure.axes:
        note_if_empty(ax)
    legend(figure, norms)
    return figure
