"""Figure 19: a band of training curves is not the landscape.

Left, a common mistake: the range of training losses over runs of the first classifier and seed, at
learning rates from 0.5 to 5 times the measured run's. Right: loss variation along the gradient at
checkpoints of one run, over the step sizes (Section 3.2). The left band shows how much whole runs
differ, the right one how much the next step changes the loss; the axis ends at three times the loss
before training.

The paper's Figure 4a corresponds to the right panel; many re-implementations draw the left.
"""

import numpy as np

from normscape.figures import curves, panels, style, subsets

TABLES = ("history", "landscape_ranges")

# Range of the band's learning rates, as multiples of the measured run's.
LOWEST, HIGHEST = 0.45, 5.5
# End of the axis, as a multiple of the loss before training; a run that diverges would fill it.
TOP = 3


def draw(tables, experiment):
    model = experiment.first_model("accuracy")
    name = model and model.name
    norms = subsets.choose_norms(experiment, "none", "batch")
    ranges = tables["landscape_ranges"]
    ranges = ranges[(ranges.model == name) & (ranges.direction == "gradient")]
    lr = subsets.choose_lr(ranges, name)
    history = tables["history"]
    history = history[history.model == name]
    figure = panels.new_figure(2.8)
    trainings, landscape = figure.subplots(1, 2, sharey=True)
    lrs = set()
    for norm in norms if lr is not None else ():
        runs = _runs_of_band(history[history.norm == norm.name], lr)
        losses = runs.pivot_table(index="step", columns="lr", values="loss")
        losses = losses.replace([np.inf, -np.inf], np.nan)
        if losses.empty:
            continue
        lrs |= set(losses)
        smooth = losses.rolling(model.smoothing, min_periods=1).mean()
        _plot_band(trainings, smooth.min(axis=1), smooth.max(axis=1), norm, runs)
        probed = ranges[(ranges.norm == norm.name) & (ranges.lr == lr)]
        probed = probed[probed.seed == probed.seed.min()].set_index("step")
        _plot_band(landscape, probed.loss_low, probed.loss_high, norm, probed)
    rates = ", ".join(f"{rate:g}" for rate in sorted(lrs))
    trainings.set_title(f"Runs at learning rates {rates}" if lrs else "Runs")
    landscape.set_title(
        f"Landscape along the gradient, {style.lr_label(lr)}" if lr else "Landscape"
    )
    trainings.set_ylabel("Training loss")
    for ax in (trainings, landscape):
        ax.set_xlabel("Step")
        panels.note_if_empty(ax)
        if ax.has_data():
            start = history.loss[history.step == 0].median()
            # Not logarithmic: the panels compare widths.
            ax.set_ylim(0, min(ax.get_ylim()[1], TOP * start))
    panels.add_legend(figure, norms)
    return figure


def _runs_of_band(history, lr):
    """Rows of the first seed among those with the most learning rates near ``lr``."""
    near = history[history.lr.between(LOWEST * lr, HIGHEST * lr)]
    counts = near.groupby("seed").lr.nunique()
    return near[near.seed == counts.idxmax()] if len(counts) else near


def _plot_band(ax, low, high, norm, rows):
    """Plot a band with edges; ``rows`` of a table say which runs it belongs to."""
    ax.fill_between(low.index, low, high, color=norm.colour, alpha=0.35, linewidth=0)
    for edge in (high, low):
        curves.plot_line(ax, edge.index, edge, rows, color=norm.colour, linewidth=0.8)
