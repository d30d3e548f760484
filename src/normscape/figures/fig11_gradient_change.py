"""Figure 11: change of the gradient against the step size.

A line a checkpoint, up to six spread over training, of those at which all were probed: the
median over seeds. Look at how the change grows with the step size: gradients that stay
predictive lie low for large steps, too.

The paper's Figure 11 shows the same for both networks.
"""

import math

import matplotlib.pyplot as plt
from matplotlib.lines import Line2D

from normscape.claims.quantities import shared_steps
from normscape.figures import curves, style

TABLES = ("landscape",)

CLAIMS_OF = ("fig04_landscape", "fig10_dln_landscape")

CHECKPOINTS = 6


def draw(tables, experiment):
    landscape = tables["landscape"].query("direction == 'gradient'")
    norms = curves.choose(experiment, "none", "batch")
    models = list(experiment.models.values())
    figure = curves.new(2.3 * len(models))
    rows = figure.subfigures(len(models), 1, squeeze=False)[:, 0]
    for row, model in zip(rows, models, strict=True):
        lr = curves.probed_lr(landscape, model.name)
        table = shared_steps(
            landscape[
                (landscape.model == model.name)
                & (landscape.lr == lr)
                & landscape.norm.isin([norm.name for norm in norms])
            ]
        )
        steps = sorted(table.step.unique())
        steps = steps[:: math.ceil(len(steps) / CHECKPOINTS) or 1]
        colours = [
            plt.get_cmap("viridis")(0.92 * i / max(len(steps) - 1, 1))
            for i in range(len(steps))
        ]
        axes = row.subplots(1, max(len(norms), 1), sharey=True, squeeze=False)[0]
        for ax, norm in zip(axes, norms, strict=False):
            for step, colour in zip(steps, colours, strict=True):
                seeds = table[(table.norm == norm.name) & (table.step == step)]
                line = {"color": colour, "marker": "o", "thin": False}
                if len(seeds):
                    curves.medians(ax, seeds, "step_size", "gradient_change", **line)
            if ax.has_data():
                curves.log_y(ax)
                curves.log_x(ax, table.step_size)
            curves.note_if_empty(ax)
            ax.set_title(norm.label)
            ax.set_xlabel("Step size $\\eta$")
        axes[0].set_ylabel("Change of gradient ($\\ell_2$)")
        row.suptitle(style.runs_label(model, lr), fontsize="medium")
        handles = [
            Line2D([], [], color=colour, label=str(step))
            for step, colour in zip(steps, colours, strict=True)
        ]
        if handles:
            row.legend(handles=handles, title="Step", loc="outside right upper")
    curves.legend_of_hollow(figure)
    return figure
