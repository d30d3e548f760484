"""Figure 24: normalisers ranked, each at its own best learning rate.

A row a network, a line a normaliser with the learning rate of its smallest loss over all
steps, the fastest on top. Left, that loss, a geometric mean: which trains fastest. Middle, the
largest eigenvalue of the Hessian over that of the standard net, where both have the same
training loss: whose landscape is smoothest; empty where they never have. Right, the learning
rate times the largest eigenvalue at the last probe: at 2, the dashed line, gradient descent is
at the edge of stability; Adam's lies elsewhere. Marks are geometric means over seeds, lines
their 95 % intervals, of two seeds or more; an arrowhead is of runs that diverged.

The paper has no such figure; its claims are about one learning rate for both networks.
"""

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from normscape.claims import intervals, same_loss
from normscape.claims.selection import select_runs
from normscape.claims.values import best_rates, values_per_run, values_per_step
from normscape.figures import curves, panels, style

TABLES = ("history", "curvature")

REFERENCE = "none"
TITLES = (
    "Loss, mean over all steps",
    "Largest eigenvalue at equal\nloss, ratio to the standard net",
    "Learning rate x largest\neigenvalue, last probe",
)
LINE = 0.14  # inches, of a normaliser
# An interval ends where it is so many times as large or small as all means, as a logarithm;
# there a mean that is infinite, of runs that diverged, is an arrowhead.
BEYOND = np.log(10)


def draw(tables, experiment):
    tables = {n: t[t.model.isin(experiment.models)] for n, t in tables.items()}
    models = list(experiment.models.values())
    rates = best_rates(tables)
    ranked = {model.name: _ranked(tables, model, experiment, rates) for model in models}
    heights = [0.55 + LINE * max(len(norms), 4) for norms in ranked.values()]
    figure = panels.new_figure(sum(heights) + 0.2)
    axes = figure.subplots(len(models), 3, squeeze=False, height_ratios=heights)
    at_same_loss = _ratios_at_same_loss(tables, experiment, rates)
    edge = values_per_run("final_largest_eigenvalue_times_lr", tables)
    loss = values_per_run("mean_loss", tables)
    histories = dict(list(tables["history"].groupby(["model", "norm"])))
    for row, model in zip(axes, models, strict=True):
        norms = ranked[model.name]
        keys = [(model.name, norm.name) for norm in norms]
        numbers = (
            [_of(loss, key, rates) for key in keys],
            [at_same_loss.get(key, np.array([])) for key in keys],
            [_of(edge, key, rates) for key in keys],
        )
        trained = [histories[key] for key in keys]
        trained = [
            table[table.lr == rates[key]]
            for key, table in zip(keys, trained, strict=True)
        ]
        for ax, norm_values, title in zip(row, numbers, TITLES, strict=True):
            _draw(ax, norm_values, [norm.colour for norm in norms], trained)
            ax.set_xlabel(title)
            ax.set_yticks(range(len(norms)), [""] * len(norms))
        labels = [f"{n.label}, {rates[model.name, n.name]:g}" for n in norms]
        row[0].set_yticks(range(len(norms)), labels)
        row[0].set_title(model.label, loc="left", fontweight="bold")
        if row[1].has_data():
            row[1].axvline(1, color="#555555", lw=0.6)
        if row[2].has_data():
            row[2].axvline(2, color="#555555", linestyle=style.EDGE, lw=0.6, gid="edge")
        for ax in row:
            _set_ticks(ax)
            panels.note_if_empty(ax)
    panels.add_outcome_legend(figure)
    return figure


def _of(values, key, rates):
    """The seeds' numbers of a model and norm at its best rate."""
    model, norm = key
    return select_runs(values, model=model, norm=norm, lr=rates[key]).to_numpy(float)


def _ranked(tables, model, experiment, rates):
    """The model's normalisers, the fastest first."""
    loss = values_per_run("mean_loss", tables)
    norms = [n for n in experiment.norms.values() if (model.name, n.name) in rates]

    def mean(norm):
        return np.log(_of(loss, (model.name, norm.name), rates)).mean()

    return sorted(norms, key=mean)


def _ratios_at_same_loss(tables, experiment, rates):
    """By (model, norm) for each seed the ratio to the standard net's, where they meet."""
    steps = values_per_step("largest_eigenvalue", tables)
    if steps.empty:
        return {}
    losses = same_loss.smoothed_losses(tables["history"], experiment)
    courses = {
        (model, norm, seed): course
        for (model, norm, lr, seed), course in same_loss.courses(
            steps, losses, logarithms=True
        ).items()
        if lr == rates.get((model, norm))
    }
    ratios = {}
    for (model, norm, seed), course in courses.items():
        reference = courses.get((model, REFERENCE, seed))
        if norm != REFERENCE and reference is not None:
            ratio = np.exp(same_loss.difference(course, reference))
            ratios.setdefault((model, norm), []).append(ratio)
    return {key: np.array(seeds) for key, seeds in ratios.items()}


def _draw(ax, norm_values, colours, trained):
    """A line for each normaliser's numbers, from the top down.

    trained : rows of the runs that each normaliser's numbers are of.
    """
    rows = []
    for values in norm_values:
        with np.errstate(divide="ignore", invalid="ignore"):
            logarithms = np.log(values[~np.isnan(values)])
        some = len(logarithms) > 0
        rows.append(intervals.interval(logarithms)[:3] if some else [np.nan] * 3)
    rows = np.array(rows).reshape(-1, 3)
    finite = rows[np.isfinite(rows[:, 0]), 0]
    if not len(finite):
        return
    limits = finite.min() - BEYOND, finite.max() + BEYOND
    for place, (effect, *ends) in enumerate(rows):
        if np.isnan(effect):
            continue
        shape = "<" if effect < limits[0] else ">" if effect > limits[1] else "o"
        effect = np.exp(np.clip(effect, *limits))
        if not np.isnan(ends).any():
            ends = np.exp(np.clip(ends, *limits))
            ax.plot(ends, [place, place], color=colours[place], lw=1, gid="interval")
        ax.plot(effect, place, shape, color=colours[place], gid="effect")
        for outcome in curves.failed_outcomes(trained[place]):
            ax.plot(effect, place, shape, color="white", markersize=1.6, gid=outcome)
    ax.set_xscale("log")
    ax.set_ylim(len(norm_values) - 0.5, -0.5)
    ax.grid(visible=False, axis="y")


def _set_ticks(ax):
    if not ax.has_data():
        return
    low, high = ax.get_xlim()
    if high < 3 * low:
        ticks = MaxNLocator(nbins=3)
    else:
        ticks = LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,), numticks=6)
    ax.xaxis.set_major_locator(ticks)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.minorticks_off()
