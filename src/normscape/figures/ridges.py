"""Histograms over training as ridges, one above another."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from normscape.claims import chance
from normscape.experiment import Model
from normscape.figures.curves import note_if_empty, outcomes, probed_lr


def ridges(ax, histograms, colour, *, hollow=False):
    """Histograms of one run, layer and unit: a ridge a step, the first at the top.

    Each ridge is scaled to the same height; the axis spans the central 99.9 % of the
    values of all steps. hollow : as of a run that has not learnt.
    """
    steps = sorted(histograms.step.unique())
    histograms = histograms.dropna(subset="density")
    if histograms.empty:
        note_if_empty(ax)
        return
    mass = histograms.density * (histograms.right - histograms.left)
    centre = (histograms.left + histograms.right) / 2
    order = np.argsort(centre.to_numpy())
    share = np.cumsum(mass.to_numpy()[order])
    share /= share[-1]
    low, high = np.interp([0.0005, 0.9995], share, centre.to_numpy()[order])
    for i, step in enumerate(steps):
        bins = histograms[histograms.step == step]
        offset = -i
        if bins.empty:
            ax.text((low + high) / 2, offset, "diverged", ha="center", color=colour)
            continue
        height = 1.4 * bins.density / bins.density.max()
        edges = np.append(bins.left.to_numpy(), bins.right.to_numpy()[-1])
        ax.stairs(
            height + offset,
            edges,
            baseline=offset,
            fill=True,
            facecolor="white" if hollow else colour,
            edgecolor=colour if hollow else "white",
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


def ridge_grid(figure, histograms, model: Model | None, layers, norms):
    """A row a layer, a column a normaliser: one unit's activations, first seed."""
    name = model.name if model else None
    rows = histograms[
        (histograms.model == name)
        & (histograms.scope == "unit")
        & (histograms.lr == probed_lr(histograms, name))
    ]
    rows = rows[rows.seed == rows.seed.min()]
    axes = figure.subplots(len(layers), max(len(norms), 1), squeeze=False)
    for axes_row, layer in zip(axes, layers, strict=True):
        for ax, norm in zip(axes_row, norms, strict=False):
            chosen = rows[(rows.layer == layer) & (rows.norm == norm.name)]
            failed = outcomes(chosen)
            ridges(ax, chosen, norm.colour, hollow=bool(failed))
            said = "".join(f"\n({chance.SAID[outcome]})" for outcome in failed)
            ax.set_title(f"{norm.label}, layer {layer}{said}")
        axes_row[0].set_ylabel("Step")
    figure.supxlabel("Activation of one unit", fontsize="medium")
