"""Figure 11: change of the gradient against the step size.

A line a checkpoint. Look at how the change grows with the step size: gradients that stay
predictive lie low for large steps, too.

The paper's Figure 11 shows the same for both networks.
"""

import matplotlib.pyplot as plt
from matplotlib.lines import Line2D

from figures import panels

TABLES = ("landscape",)

MODELS = ("vgg", "dln")


def draw(tables, norms):
    landscape = tables["landscape"].query("direction == 'gradient'")
    names = norms.choose("none", "batch")
    figure = panels.new(4.6)
    rows = figure.subfigures(len(MODELS), 1)
    for row, model in zip(rows, MODELS, strict=True):
        table = landscape[
            (landscape.model == model)
            & (landscape.lr == panels.probed_lr(landscape, model))
        ]
        steps = sorted(table.step.unique())
        colours = [
            plt.get_cmap("viridis")(0.92 * i / max(len(steps) - 1, 1))
            for i in range(len(steps))
        ]
        axes = row.subplots(1, max(len(names), 1), sharey=True, squeeze=False)[0]
        for ax, name in zip(axes, names, strict=False):
            for step, colour in zip(steps, colours, strict=True):
                seeds = table[(table.norm == name) & (table.step == step)]
                if seeds.gradient_change.gt(0).any():
                    panels.curve(
                        ax,
                        seeds,
                        "step_size",
                        "gradient_change",
                        color=colour,
                        marker="o",
                    )
            if ax.has_data():
                ax.set_yscale("log")
                panels.log_x(ax, table.step_size)
            panels.note_if_empty(ax)
            ax.set_title(f"{model.upper()}, {norms.label(name)}")
            ax.set_xlabel("Step size $\\eta$")
        axes[0].set_ylabel("Change of gradient ($\\ell_2$)")
        handles = [
            Line2D([], [], color=colour, label=str(step))
            for step, colour in zip(steps, colours, strict=True)
        ]
        if handles:
            row.legend(handles=handles, title="Step", loc="outside right upper")
    return figure
