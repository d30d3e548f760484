"""Figure 24: normalisers ranked, each at its own best learning rate.

A row a network, a line a normaliser with the learning rate of its smallest loss over all
steps, the fastest on top. Left, that loss, a geometric mean: which trains fastest. Middle, the
largest eigenvalue of the Hessian over that of the standard net, where both have the same
training loss: whose landscape is smoothest. Right, the learning rate times the largest
eigenvalue at the last probe: gradient descent is at the edge of stability at 2, the dashed
line. Marks are means over seeds, lines their 95 % intervals; an arrowhead leaves the axis.

The paper has no such figure; its claims are about one learning rate for both networks.
"""

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from normscape.claims import equal_loss, intervals
from normscape.claims.declarations import quantities
from normscape.claims.quantities import best_rates, is_rate, of_runs, of_steps, select
from normscape.figures import curves, style

TABLES = ("history", "curvature")

REFERENCE = "none"
TITLES = (
    "Loss, mean over all steps",
    "Largest eigenvalue at equal\nloss, ratio to the standard net",
    "Learning rate x largest\neigenvalue, last probe",
)
LINE = 0.14  # inches, of a normaliser
# Beyond these, a number is an arrowhead at the edge.
SPAN = 1e-3, 1e3


def draw(tables, experiment):
    models = list(experiment.models.values())
    tables = {n: t[t.model.isin(experiment.models)] for n, t in tables.items()}
    rates = best_rates(tables)
    ranked = {model.name: _ranked(tables, model, experiment, rates) for model in models}
    heights = [0.55 + LINE * max(len(norms), 4) for norms in ranked.values()]
    figure = curves.new(sum(heights) + 0.2)
    axes = figure.subplots(len(models), 3, squeeze=False, height_ratios=heights)
    at_equal_loss = _at_equal_loss(tables, experiment, rates)
    edge = of_runs("final_largest_eigenvalue_times_lr", tables)
    loss = of_runs("mean_loss", tables)
    for row, model in zip(axes, models, strict=True):
        norms = ranked[model.name]
        for place, norm in enumerate(norms):
            key = model.name, norm.name
            for ax, values in (
                (row[0], _of(loss, key, rates)),
                (row[1], at_equal_loss.get(key, np.array([]))),
                (row[2], _of(edge, key, rates)),
            ):
                _draw(ax, place, values, norm.colour)
        for ax, title in zip(row, TITLES, strict=True):
            _finish(ax, title, len(norms))
        labels = [f"{n.label}, {rates[model.name, n.name]:g}" for n in norms]
        row[0].set_yticks(range(len(norms)), labels)
        row[0].set_title(model.label, loc="left", fontweight="bold")
        for ax in row[1:]:
            ax.set_yticks(range(len(norms)), [""] * len(norms))
        if row[2].has_data():
            row[2].axvline(2, color="#555555", linestyle=style.EDGE, lw=0.6, gid="edge")
        if row[1].has_data():
            row[1].axvline(1, color="#555555", lw=0.6)
        for ax in row:
            curves.note_if_empty(ax)
    return figure


def _of(values, key, rates):
    """The seeds' numbers of a model and norm at its best rate."""
    model, norm = key
    return select(values, model=model, norm=norm, lr=rates[key]).to_numpy(float)


def _ranked(tables, model, experiment, rates):
    """The model's normalisers, the fastest first."""
    loss = of_runs("mean_loss", tables)
    norms = [n for n in experiment.norms.values() if (model.name, n.name) in rates]

    def mean(norm):
        return np.log(_of(loss, (model.name, norm.name), rates)).mean()

    return sorted(norms, key=mean)


def _at_equal_loss(tables, experiment, rates):
    """By (model, norm) for each seed the ratio to the standard net's, where they meet."""
    steps = of_steps(quantities()["largest_eigenvalue"], tables)
    if steps.empty:
        return {}
    losses = equal_loss.smoothed_losses(tables["history"], experiment)
    courses = {
        (model, norm, seed): course
        for (model, norm, lr, seed), course in equal_loss.courses(
            steps, losses, logarithms=True
        ).items()
        if is_rate(lr, rates.get((model, norm), np.nan))
    }
    found = {}
    for (model, norm, seed), course in courses.items():
        reference = courses.get((model, REFERENCE, seed))
        if norm != REFERENCE and reference is not None:
            ratio = np.exp(equal_loss.difference(course, reference))
            found.setdefault((model, norm), []).append(ratio)
    return {key: np.array(ratios) for key, ratios in found.items()}


def _draw(ax, place, values, colour):
    values = values[~np.isnan(values)]
    if not len(values):
        return
    with np.errstate(divide="ignore", invalid="ignore"):
        effect, low, high, _ = intervals.interval(np.log(values))
    low, high = np.clip(np.nan_to_num(np.exp([low, high]), nan=np.exp(effect)), *SPAN)
    effect = np.exp(effect)
    shape = "<" if effect < SPAN[0] else ">" if effect > SPAN[1] else "o"
    ax.plot([low, high], [place, place], color=colour, linewidth=1, gid="interval")
    ax.plot(np.clip(effect, *SPAN), place, shape, color=colour, gid="effect")


def _finish(ax, title, count):
    ax.set_ylim(max(count, 1) - 0.5, -0.5)
    ax.set_xlabel(title)
    ax.grid(visible=False, axis="y")
    if not ax.has_data():
        return
    ax.set_xscale("log")
    low, high = ax.get_xlim()
    few = MaxNLocator(nbins=4) if high < 8 * low else LogLocator(numticks=5)
    ax.xaxis.set_major_locator(few)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.minorticks_off()
