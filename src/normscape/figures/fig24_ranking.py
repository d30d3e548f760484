"""Figure 24: normalisers ranked, each at its own best learning rate.

One row per network and normaliser at its best learning rate, the fastest on top. The middle panel
compares networks at the same training loss; a missing mark is a network that does not reach it.
Marks are geometric means over seeds with 95% intervals, arrowheads are runs that diverged, and the
dashed line at 2 is the edge of stability of gradient descent.

The paper has no such figure; its claims are about one learning rate for both networks.
"""

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from normscape.claims import same_loss
from normscape.claims.decision import RUNS
from normscape.claims.intervals import OneSample, TwoSamples
from normscape.claims.quantities import best_rates
from normscape.claims.selection import select_runs
from normscape.claims.values import values_per_run, values_per_step
from normscape.figures import curves, panels, style

TABLES = ("history", "curvature", "constant_losses")

REFERENCE = "none"
TITLES = (
    "Loss, mean over all steps",
    "Largest eigenvalue at the same\nloss / no normalisation",
    "Learning rate x largest\neigenvalue, last checkpoint",
)
LINE = 0.14  # inches, of a normaliser
AROUND = 0.95  # inches, of the title and the labels of a network's panels
# An interval ends where it is so many times as large or small as all means, as a logarithm;
# there a mean that is infinite, of runs that diverged, is an arrowhead.
BEYOND = np.log(10)


def draw(tables, experiment):
    tables = {n: t[t.model.isin(experiment.models)] for n, t in tables.items()}
    models = list(experiment.models.values())
    rates = best_rates(tables["history"])
    ranked = {model.name: _ranked(tables, model, experiment, rates) for model in models}
    heights = [AROUND + LINE * max(len(norms), 4) for norms in ranked.values()]
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
            [at_same_loss.get(key) for key in keys],
            [_of(edge, key, rates) for key in keys],
        )
        trained = [histories[key] for key in keys]
        trained = [
            table[table.lr == rates[key]]
            for key, table in zip(keys, trained, strict=True)
        ]
        for ax, samples, title in zip(row, numbers, TITLES, strict=True):
            _draw(ax, samples, [norm.colour for norm in norms], trained)
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
    """The logarithms of the seeds' numbers of a model and norm at its best rate, or None."""
    model, norm = key
    per_seed = select_runs(values, model=model, norm=norm, lr=rates[key]).dropna()
    with np.errstate(divide="ignore", invalid="ignore"):
        return OneSample(np.log(per_seed.to_numpy(float))) if len(per_seed) else None


def _ranked(tables, model, experiment, rates):
    """The model's normalisers, the fastest first."""
    loss = values_per_run("mean_loss", tables)
    norms = [n for n in experiment.norms.values() if (model.name, n.name) in rates]

    def mean(norm):
        return _of(loss, (model.name, norm.name), rates).effects.mean()

    return sorted(norms, key=mean)


def _ratios_at_same_loss(tables, experiment, rates):
    """By (model, norm) its runs and the reference's, as logarithms at the compared levels."""
    steps = values_per_step("largest_eigenvalue", tables)
    losses = same_loss.smoothed_losses(tables["history"], experiment)
    constant = tables["constant_losses"].set_index("model").loss.to_dict()
    courses = same_loss.courses(steps, losses, logarithms=True)
    values = same_loss.values_at_levels(courses, constant)

    def runs_of(model, norm):
        lr = rates.get((model, norm))
        return select_runs(values, model=model, norm=norm, lr=lr)

    ratios = {}
    for model, norm in rates:
        runs = [runs_of(model, norm), runs_of(model, REFERENCE)]
        levels = same_loss.count_levels(runs, RUNS)
        if norm != REFERENCE and levels:
            means = (same_loss.level_means(some, levels) for some in runs)
            ratios[model, norm] = TwoSamples(*(m.to_numpy() for m in means))
    return ratios


def _draw(ax, samples, colours, trained):
    """A line for each normaliser's sample, None without one, from the top down.

    trained : rows of the runs that each normaliser's numbers are of.
    """
    rows = [
        sample.interval()[:3] if sample is not None else [np.nan] * 3
        for sample in samples
    ]
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
    ax.set_ylim(len(samples) - 0.5, -0.5)
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
