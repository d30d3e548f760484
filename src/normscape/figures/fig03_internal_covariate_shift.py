"""Figure 3: internal covariate shift.

L2 difference and cosine between a layer's gradient before and after the layers below have
taken their step (Definition 2.1), for two layers of each network. Less shift would be a
smaller difference and a cosine nearer to 1. Of the difference, thick lines are medians over
seeds and thin ones the seeds; of the cosine, lines are means and bands the seeds' range.

In the paper's Figure 3 BatchNorm does not shift less, and in the deep linear network at
1e-7 far more: the standard net's cosine stays at about 1.
"""

from normscape.figures import curves, style

TABLES = ("ics",)


def draw(tables, experiment):
    ics = tables["ics"]
    norms = curves.choose(experiment, "none", "batch")
    rows = [
        (model, lr)
        for model in experiment.models.values()
        for lr in curves.rates(ics[ics.model == model.name])
    ]
    figure = curves.new(1.6 * max(len(rows), 1) + 0.4)
    axes = figure.subplots(max(len(rows), 1), 4, squeeze=False, sharex="row")
    for (model, lr), row in zip(rows, axes, strict=False):
        for i, layer in enumerate(model.layers):
            of_layer = ics[
                (ics.model == model.name) & (ics.lr == lr) & (ics.layer == layer)
            ]
            panels = row[2 * i], row[2 * i + 1]
            _draw_layer(*panels, of_layer, norms)
            for ax in panels:
                ax.set_title(f"{model.label}, layer {layer}\n{style.lr_label(lr)}")
    for ax in axes.ravel():
        curves.note_if_empty(ax)
    for ax in axes[-1]:
        ax.set_xlabel("Step")
    curves.legend(figure, norms)
    return figure


def _draw_layer(difference, cosine, ics, norms):
    for norm in norms:
        seeds = ics[ics.norm == norm.name]
        line = {"color": norm.colour, "marker": "o"}
        if seeds.l2_difference.ne(0).any():
            curves.medians(difference, seeds, "step", "l2_difference", **line)
            curves.curve(cosine, seeds, "step", "cosine", **line)
    if difference.has_data():
        curves.log_y(difference)
        cosine.set_ylim(-1.05, 1.05)
    difference.set_ylabel("$\\ell_2$ difference")
    cosine.set_ylabel("Cosine")
