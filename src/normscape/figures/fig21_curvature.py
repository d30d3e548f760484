"""Figure 21: curvature times the learning rate.

The largest eigenvalue of the Hessian of the step's own loss (left) and the curvature along its
gradient (right). Lines are means over seeds; bands are ranges, drawn for up to five normalisers.
Above 2 gradient descent is unstable in that direction; Cohen et al. (2021) find that it trains at
this edge of stability.

Beyond the paper; Cohen et al. (2021), Ghorbani et al. (2019).
"""

from normscape.figures import curves, panels, style, subsets

TABLES = ("curvature",)

COLUMNS = {
    "largest_eigenvalue": "Largest eigenvalue\n$\\lambda$ $\\times$ lr",
    "gradient_curvature": "Along the gradient,\n$g^\\top H g / \\|g\\|^2$ $\\times$ lr",
}


def draw(tables, experiment):
    curvature = tables["curvature"]
    norms = subsets.measured_norms(curvature, experiment)
    models = subsets.choose_models(curvature, experiment)
    figure = panels.new_figure(1.9 * len(models) + 0.5)
    axes = figure.subplots(len(models), len(COLUMNS), squeeze=False)
    for model, row in zip(models, axes, strict=True):
        table = curvature[curvature.model == model.name]
        if table.norm.nunique() > curves.MAX_BANDS:
            table = table[table.lr == subsets.choose_lr(curvature, model.name)]
        for ax, (column, label) in zip(row, COLUMNS.items(), strict=True):
            scaled = table.assign(value=table[column] * table.lr)
            lrs = curves.plot_training(ax, scaled, norms, "value")
            if ax.lines:
                # Curvature along the gradient may be negative.
                ax.set_yscale("symlog", linthresh=0.1)
                line = {"color": "#555555", "linewidth": 0.6, "linestyle": style.EDGE}
                ax.axhline(2, gid="edge", zorder=1, **line)
            ax.set_ylabel(label)
            ax.set_title(_title(model, lrs))
    panels.add_legend(figure, norms)
    return figure


def _title(model, lrs):
    """The model and its learning rates, of which the second has dashed lines."""
    first, *second = lrs or [None]
    dashed = "".join(f", dashed: {lr:g}" for lr in second)
    return style.runs_label(model, first) + dashed
