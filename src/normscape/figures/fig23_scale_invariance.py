"""Figure 23: scale invariance of weights.

For each network, over training, means over hidden layers: the cosine between weight and
gradient, which is 0 where the loss does not depend on the weight's scale; the effective
learning rate lr / ||W||^2 over that at the first probe; and the angle by which a step turns a
weight. Lines are means over seeds; bands reach from the lowest to the highest, where five
normalisers or fewer are shown.

Beyond the paper; van Laarhoven (2017), Arora et al. (2018).
"""

import numpy as np

from normscape.figures import curves

TABLES = ("invariance",)

COLUMNS = {
    "cosine": "|Cosine| of weight\nand gradient",
    "effective_rate": "Effective learning rate\nlr / $\\|W\\|^2$, over its first",
    "angle": "Angle turned in\na step (degrees)",
}


def draw(tables, experiment):
    invariance = tables["invariance"]
    norms = list(experiment.norms.values())
    models = curves.models_in(invariance, experiment)
    figure = curves.new(1.8 * len(models) + 0.5)
    axes = figure.subplots(len(models), len(COLUMNS), squeeze=False, sharex="row")
    for model, row in zip(models, axes, strict=True):
        table = invariance[invariance.model == model.name]
        lr = curves.probed_lr(invariance, model.name)
        table = _over_hidden_layers(table[table.lr == lr])
        for ax, (column, label) in zip(row, COLUMNS.items(), strict=True):
            curves.training(ax, table, norms, column)
            if column == "angle" and ax.lines:
                curves.log_y(ax)
            ax.set_ylabel(label)
            ax.set_title(model.label if lr is None else f"{model.label}, lr {lr:g}")
    curves.legend(figure, norms)
    return figure


def _over_hidden_layers(table):
    """A row for each run and step; the last layer is not normalised."""
    run = curves.run_columns(table)
    hidden = table[table.layer < table.layer.max()].sort_values("step")
    first = hidden.groupby([*run, "layer"]).weight_norm.transform("first")
    logarithm = 2 * np.log(first / hidden.weight_norm)
    hidden = hidden.assign(cosine=hidden.cosine.abs(), effective_rate=logarithm)
    means = hidden.groupby([*run, "step"], sort=False, as_index=False)
    means = means[list(COLUMNS)].mean()
    return means.assign(effective_rate=np.exp(means.effective_rate))
