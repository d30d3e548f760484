"""Figure 26: the same function, with and without BatchNorm.

Lines of one dash start from the same functions: solid from networks trained without normalisation,
dashed from networks with BatchNorm. Left: change of the loss along the gradient / (LR ||g||²), the
decrease that the gradient predicts for a step of one learning rate (LR; dotted diagonal); below 0
the step lowers the loss. Middle and right: training continues on the same batches with BatchNorm,
without it, or with its gamma and beta alone (thin: seeds; thick: medians). All begin at one loss.

The paper says that such functions exist (Observation 4.3) and does not compare them.
"""

import numpy as np
from matplotlib.lines import Line2D

from normscape.claims import same_loss
from normscape.figures import curves, panels, style
from normscape.figures.downhill import plot_downhill
from normscape.parametrisations import AS_TRAINED

TABLES = ("same_function", "history")

WITH, WITHOUT, CONTROL = "#D55E00", "#000000", "#777700"
COLOURS = {"none": WITHOUT, "batch": WITH, "affine": CONTROL}
# By the normaliser of the networks that lines start from.
DASHES = {"none": "-", "batch": "--"}
LARGER_RATE = ":"
# Place, parametrisation, and whether the network then has BatchNorm.
AT_CHECKPOINTS = (
    ("none", AS_TRAINED, WITHOUT),
    ("none", "batch", WITH),
    ("batch", AS_TRAINED, WITH),
    ("batch", "folded", WITHOUT),
)


def draw(tables, experiment):
    same_function, history = (tables[name] for name in TABLES)
    measured = {*same_function.model}
    models = [m for m in experiment.models.values() if m.name in measured] or [None]
    figure = panels.new_figure(0.5 + 2.3 * len(models))
    rows = figure.subplots(len(models), 3, squeeze=False)
    rates = set()
    for model, (downhill, *switches) in zip(models, rows, strict=True):
        if model:
            _plot_checkpoints(
                downhill, same_function[same_function.model == model.name]
            )
            downhill.set_title(f"{model.label}: along the gradient")
        for ax, place, name in zip(switches, DASHES, ("without", "with"), strict=True):
            ax.set_title(f"From networks {name} BatchNorm")
            if model:
                rates |= _plot_training(ax, history, model, place, experiment)
        for ax in (downhill, *switches):
            panels.note_if_empty(ax)
    _add_legend(figure, rates)
    return figure


def _plot_checkpoints(ax, rows):
    for place, name, colour in AT_CHECKPOINTS:
        chosen = rows[(rows.norm == place) & (rows.parametrisation == name)]
        if len(chosen):
            plot_downhill(ax, chosen, color=colour, linestyle=DASHES[place])


def _plot_training(ax, history, model, place, experiment) -> set[float]:
    """Plot runs that start at the first checkpoint; return the rates that are not its own."""
    continuations = experiment.continuations_of(model.architecture, place)
    continuations = [m for m in continuations if m.start["model"] == model.name]
    if not continuations:
        return set()
    start = continuations[0].start
    runs = history[history.model == continuations[0].name]
    for (norm, lr), rows in runs.groupby(["norm", "lr"]):
        dash = DASHES[place] if lr == start["lr"] else LARGER_RATE
        line = {"color": COLOURS.get(norm, panels.GREY), "linestyle": dash}
        _plot_losses(ax, rows, model.smoothing, **line)
    diverged = runs[runs.diverged == 1].groupby("norm").seed.nunique()
    for norm, count in diverged.items():
        text = f"{count} of {runs[runs.norm == norm].seed.nunique()} diverged"
        look = {"color": COLOURS.get(norm, panels.GREY), "ha": "right", "va": "top"}
        ax.text(0.98, 0.98, text, transform=ax.transAxes, **look)
    panels.set_log_y(ax)
    # A network that diverges would hide the others.
    first = runs[runs.step == start["step"]].loss.max()
    ax.set_ylim(top=min(ax.get_ylim()[1], 30 * first))
    ax.set_xlabel("Step")
    ax.set_ylabel(f"Training loss\n(average of the last {model.smoothing} steps)")
    return {*runs.lr} - {start["lr"]}


def _plot_losses(ax, rows, window, **line):
    """Plot losses as moving averages of their logarithms: seeds, and their median.

    Averages are over the steps up to each, so that all lines begin at the loss of the function
    that they start from. The loss of a run that has diverged counts as infinite.
    """
    losses = rows.pivot_table("loss", "step", "seed", dropna=False)
    losses = losses.replace(np.inf, np.nan)
    seeds = same_loss.smooth_logarithms(losses, window, centred=False).fillna(np.inf)
    for _, seed in seeds.items():
        ax.plot(seeds.index, _finite(seed), **line | style.SEED)
    curves.plot_line(ax, seeds.index, _finite(seeds.median(axis=1)), rows, **line)


def _finite(logarithms):
    return np.exp(logarithms).replace(np.inf, np.nan)


def _add_legend(figure, rates):
    looks = {
        "Without normalisation": {"color": WITHOUT},
        "With BatchNorm": {"color": WITH},
        "With gamma and beta alone": {"color": CONTROL},
        "Trained without": {"color": panels.GREY},
        "Trained with BatchNorm": {"color": panels.GREY, "linestyle": DASHES["batch"]},
    }
    for lr in sorted(rates):
        looks[style.lr_label(lr)] = {"color": panels.GREY, "linestyle": LARGER_RATE}
    entries = {label: Line2D([], [], **look) for label, look in looks.items()}
    entries |= panels.outcome_entry(figure)
    figure.legend([*entries.values()], [*entries], loc="outside upper center", ncols=3)
