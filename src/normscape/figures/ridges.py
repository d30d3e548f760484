"""Histograms over training as ridges, one above another."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from normscape.claims.outcomes import FAILURES
from normscape.experiment import Model
from normscape.figures.curves import failed_outcomes
from normscape.figures.panels import note_if_empty
from normscape.figures.subsets import choose_lr

RIDGE_HEIGHT = 1.4  # in distances between ridges


def plot_ridges(ax, histograms, colour, *, hollow=False) -> None:
    """Plot one ridge per step, the first at the top.

    Each ridge is scaled to the same height. The axis spans the central 99.9% of the values
    of all steps.

    histograms : rows of one run, layer and unit. hollow : whether to draw outlines only,
        which mark a run that has not learnt.
    """
    steps = sorted(histograms.step.unique())
    histograms = histograms.dropna(subset="density")
    if histograms.empty:
        note_if_empty(ax)
        return
    low, high = _central_range(histograms)
    colours = ("white", colour) if hollow else (colour, "white")
    for i, step in enumerate(steps):
        bins = histograms[histograms.step == step]
        if bins.empty:
            ax.text((low + high) / 2, -i, "diverged", ha="center", color=colour)
            continue
        ax.stairs(
            RIDGE_HEIGHT * bins.density / bins.density.max() - i,
            np.append(bins.left.to_numpy(), bins.right.to_numpy()[-1]),
            baseline=-i,
            fill=True,
            facecolor=colours[0],
            edgecolor=colours[1],
            linewidth=0.4,
            alpha=0.75,
            zorder=i + 2,
        )
    margin = 0.04 * (high - low)
    ax.set_xlim(low - margin, high + margin)
    ax.set_ylim(-len(steps) + 0.8, 1.6)
    ax.set_yticks([-i for i in range(len(steps))], [str(step) for step in steps])
    ax.grid(False)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_locator(MaxNLocator(3))


def _central_range(histograms):
    """The quantiles between which 99.9% of all values are."""
    mass = histograms.density * (histograms.right - histograms.left)
    centre = (histograms.left + histograms.right) / 2
    order = np.argsort(centre.to_numpy())
    share = np.cumsum(mass.to_numpy()[order])
    share /= share[-1]
    return np.interp([0.0005, 0.9995], share, centre.to_numpy()[order])


def plot_ridge_grid(figure, histograms, model: Model | None, layers, norms) -> None:
    """Plot one unit's activations of the first seed: rows are layers, columns normalisers."""
    name = model.name if model else None
    rows = histograms[
        (histograms.model == name)
        & (histograms.scope == "unit")
        & (histograms.lr == choose_lr(histograms, name))
    ]
    rows = rows[rows.seed == rows.seed.min()]
    axes = figure.subplots(len(layers), max(len(norms), 1), squeeze=False)
    for axes_row, layer in zip(axes, layers, strict=True):
        for ax, norm in zip(axes_row, norms, strict=False):
            chosen = rows[(rows.layer == layer) & (rows.norm == norm.name)]
            failed = failed_outcomes(chosen)
            plot_ridges(ax, chosen, norm.colour, hollow=bool(failed))
            failures = "".join(f"\n({FAILURES[outcome]})" for outcome in failed)
            ax.set_title(f"{norm.label}, layer {layer}{failures}")
        axes_row[0].set_ylabel("Step")
    figure.supxlabel("Activation of one unit", fontsize="medium")
