"""Figure 19: the band between trainings is not the landscape.

The first network that classifies. Left, a common short cut: the band from the lowest to the
highest loss of several trainings of the first seed, at learning rates from half to five times
the probed one. Right: the range of the loss along the gradient at one training's own
checkpoints, over the probe's step sizes (Section 3.2). The band says how differently whole
trainings go, and is as wide as the slowest of them is far behind; the landscape says what
the next step meets. What exceeds three times the loss before training leaves the axis.

The paper's Figure 4a is the right one; many re-implementations of it draw the left one.
"""

import numpy as np

from normscape.figures import curves, style

TABLES = ("history", "landscape_ranges")

# Learning rates of the band, as multiples of the probed one.
LOWEST, HIGHEST = 0.45, 5.5
# End of the axis, in losses before training: a training that diverges would fill it.
TOP = 3


def draw(tables, experiment):
    model = experiment.first("accuracy")
    name = model and model.name
    norms = curves.choose(experiment, "none", "batch")
    ranges = tables["landscape_ranges"]
    ranges = ranges[(ranges.model == name) & (ranges.direction == "gradient")]
    lr = curves.probed_lr(ranges, name)
    history = tables["history"]
    history = history[history.model == name]
    figure = curves.new(2.8)
    trainings, landscape = figure.subplots(1, 2, sharey=True)
    lrs = set()
    for norm in norms if lr is not None else ():
        trained = _trainings(history[history.norm == norm.name], lr)
        band = trained.pivot_table(index="step", columns="lr", values="loss")
        band = band.replace([np.inf, -np.inf], np.nan)
        if band.empty:
            continue
        lrs |= set(band)
        smooth = band.rolling(model.smoothing, min_periods=1).mean()
        _fill(trainings, smooth.min(axis=1), smooth.max(axis=1), norm, trained)
        own = ranges[(ranges.norm == norm.name) & (ranges.lr == lr)]
        own = own[own.seed == own.seed.min()].set_index("step")
        _fill(landscape, own.loss_low, own.loss_high, norm, own)
    rates = ", ".join(f"{rate:g}" for rate in sorted(lrs))
    trainings.set_title(f"Trainings at learning rates {rates}" if lrs else "Trainings")
    landscape.set_title(
        f"Landscape along the gradient, {style.lr_label(lr)}" if lr else "Landscape"
    )
    trainings.set_ylabel("Training loss")
    for ax in (trainings, landscape):
        ax.set_xlabel("Step")
        curves.note_if_empty(ax)
        if ax.has_data():
            start = history.loss[history.step == 0].median()
            # Not logarithmic: widths are what is compared.
            ax.set_ylim(0, min(ax.get_ylim()[1], TOP * start))
    curves.legend(figure, norms)
    return figure


def _trainings(history, lr):
    """The first seed that has the most of the rates."""
    near = history[history.lr.between(LOWEST * lr, HIGHEST * lr)]
    rates = near.groupby("seed").lr.nunique()
    return near[near.seed == rates.idxmax()] if len(rates) else near


def _fill(ax, low, high, norm, rows):
    """A band of runs, which rows of a table are of; its edges as ``curves.plot`` draws them."""
    ax.fill_between(low.index, low, high, color=norm.colour, alpha=0.35, linewidth=0)
    for edge in (high, low):
        curves.plot(ax, edge.index, edge, rows, color=norm.colour, linewidth=0.8)
