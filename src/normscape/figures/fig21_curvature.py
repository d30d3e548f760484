"""Figure 21: curvature times the learning rate.

For each network, over training: the largest eigenvalue of the Hessian of the step's own loss,
and the curvature along its gradient. Lines are means over seeds; bands reach from the lowest to
the highest, where five normalisers or fewer are shown. Above 2, gradient descent is unstable in
that direction: Cohen et al. (2021) find that it works at that edge.

Beyond the paper; Cohen et al. (2021), Ghorbani et al. (2019).
"""

from normscape.figures import curves, style

TABLES = ("curvature",)

COLUMNS = {
    "largest_eigenvalue": "Largest eigenvalue\n$\\lambda$ $\\times$ lr",
    "gradient_curvature": "Along the gradient,\n$g^\\top H g / \\|g\\|^2$ $\\times$ lr",
}


def draw(tables, experiment):
    curvature = tables["curvature"]
    norms = list(experiment.norms.values())
    models = curves.models_in(curvature, experiment)
    figure = curves.new(1.9 * len(models) + 0.5)
    axes = figure.subplots(len(models), len(COLUMNS), squeeze=False)
    lrs = []
    for model, row in zip(models, axes, strict=True):
        table = curvature[curvature.model == model.name]
        if table.norm.nunique() > curves.FEW:
            table = table[table.lr == curves.probed_lr(curvature, model.name)]
        of_one_rate = table.lr.nunique() == 1
        title = (
            f"{model.label}, lr {table.lr.iloc[0]:g}" if of_one_rate else model.label
        )
        for ax, (column, label) in zip(row, COLUMNS.items(), strict=True):
            of_rate = table.assign(value=table[column] * table.lr)
            lrs = max(lrs, curves.training(ax, of_rate, norms, "value"), key=len)
            if ax.lines:
                # Curvature along the gradient may be negative.
                ax.set_yscale("symlog", linthresh=0.1)
                line = {"color": "#555555", "linewidth": 0.6, "linestyle": style.EDGE}
                ax.axhline(2, gid="edge", zorder=1, **line)
            ax.set_ylabel(label)
            ax.set_title(title)
    curves.legend(figure, norms, lrs)
    return figure
