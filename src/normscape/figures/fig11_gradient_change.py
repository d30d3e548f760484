"""Figure 11: gradient change against the step size.

One line per checkpoint: the median over seeds, at up to six checkpoints spread over training
at which all runs were measured. Predictive gradients have low lines, also at large step sizes.

The paper's Figure 11 shows the same for both networks.
"""

import math

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

from normscape.claims.selection import shared_steps
from normscape.figures import curves, panels, style, subsets

TABLES = ("landscape",)

CLAIMS_OF = ("fig04_landscape", "fig10_dln_landscape")

CHECKPOINTS = 6


def draw(tables, experiment):
    landscape = tables["landscape"].query("direction == 'gradient'")
    norms = subsets.choose_norms(experiment, "none", "batch")
    landscape = landscape[landscape.norm.isin([norm.name for norm in norms])]
    models = list(experiment.models.values())
    figure = panels.new_figure(2.3 * len(models))
    subfigures = figure.subfigures(len(models), 1, squeeze=False)[:, 0]
    for subfigure, model in zip(subfigures, models, strict=True):
        lr = subsets.choose_lr(tables["landscape"], model.name)
        rows = landscape[(landscape.model == model.name) & (landscape.lr == lr)]
        _draw_model(subfigure, shared_steps(rows), norms)
        subfigure.suptitle(style.runs_label(model, lr), fontsize="medium")
    panels.add_outcome_legend(figure)
    return figure


def _draw_model(figure, rows, norms):
    """Draw one panel per normaliser, and the legend of the checkpoints."""
    colours = _colours_of_steps(sorted(rows.step.unique()))
    axes = figure.subplots(1, max(len(norms), 1), sharey=True, squeeze=False)[0]
    for ax, norm in zip(axes, norms, strict=False):
        for step, colour in colours.items():
            chosen = rows[(rows.norm == norm.name) & (rows.step == step)]
            line = {"color": colour, "marker": "o", "thin": False}
            curves.plot_medians(ax, chosen, "step_size", "gradient_change", **line)
        if ax.has_data():
            panels.set_log_y(ax)
            panels.set_log_x(ax, rows.step_size)
        panels.note_if_empty(ax)
        ax.set_title(norm.label)
        ax.set_xlabel("Step size $\\eta$")
    axes[0].set_ylabel("Gradient change ($\\ell_2$)")
    handles = [
        Line2D([], [], color=colour, label=str(step))
        for step, colour in colours.items()
    ]
    if handles:
        figure.legend(handles=handles, title="Step", loc="outside right upper")


def _colours_of_steps(steps) -> dict:
    """A colour for each of at most ``CHECKPOINTS`` steps, evenly chosen."""
    shown = steps[:: math.ceil(len(steps) / CHECKPOINTS) or 1]
    colours = plt.get_cmap("viridis")(np.linspace(0, 0.92, len(shown)))
    return dict(zip(shown, map(tuple, colours), strict=True))
