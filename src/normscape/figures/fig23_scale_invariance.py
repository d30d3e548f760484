"""Figure 23: scale invariance of weights.

Left: the cosine between weight and gradient, which is 0 if the loss does not depend on the weight's
scale. Middle and right: the effective learning rate lr / ||W||^2 divided by its first value, and
the angle between a weight before and after a step. Lines are means over hidden layers and seeds;
bands are ranges over seeds, drawn for up to five normalisers.

Beyond the paper; van Laarhoven (2017), Arora et al. (2018).
"""

import numpy as np

from normscape.figures import curves, panels, style, subsets

TABLES = ("invariance",)

COLUMNS = {
    "cosine": "|Cosine| of weight\nand gradient",
    "effective_rate": "Effective learning rate\nlr / $\\|W\\|^2$ / its first value",
    "angle": "Angle turned\nper step (degrees)",
}


def draw(tables, experiment):
    invariance = tables["invariance"]
    norms = subsets.measured_norms(invariance, experiment)
    models = subsets.choose_models(invariance, experiment)
    figure = panels.new_figure(1.8 * len(models) + 0.5)
    axes = figure.subplots(len(models), len(COLUMNS), squeeze=False, sharex="row")
    for model, row in zip(models, axes, strict=True):
        table = invariance[invariance.model == model.name]
        lr = subsets.choose_lr(invariance, model.name)
        table = _average_hidden_layers(table[table.lr == lr])
        for ax, (column, label) in zip(row, COLUMNS.items(), strict=True):
            curves.plot_training(ax, table, norms, column)
            if column == "angle" and ax.lines:
                panels.set_log_y(ax)
            ax.set_ylabel(label)
            ax.set_title(style.runs_label(model, lr))
    panels.add_legend(figure, norms)
    return figure


def _average_hidden_layers(table):
    """One row per run and step: means over layers except the last, which is not normalised."""
    run = curves.run_columns(table)
    hidden = table[table.layer < table.layer.max()].sort_values("step")
    first = hidden.groupby([*run, "layer"]).weight_norm.transform("first")
    log_rate = 2 * np.log(first / hidden.weight_norm)
    hidden = hidden.assign(cosine=hidden.cosine.abs(), effective_rate=log_rate)
    groups = hidden.groupby([*run, "step"], sort=False, as_index=False)
    means = groups[list(COLUMNS)].mean()
    return means.assign(effective_rate=np.exp(means.effective_rate))
