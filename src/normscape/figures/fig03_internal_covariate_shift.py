"""Figure 3: internal covariate shift.

L2 difference and cosine between a layer's gradient before and after the layers below have
taken their step (Definition 2.1), for two layers of each network. Less shift would be a
smaller difference and a cosine nearer to 1. Of the difference, thick lines are medians over
seeds and thin ones the seeds; of the cosine, lines are means and bands the seeds' range.

In the paper's Figure 3 BatchNorm does not shift less, and in the deep linear network at
1e-7 far more: the standard net's cosine stays at about 1.
"""

from normscape.figures import curves, shifts, style

TABLES = ("ics",)


def draw(tables, experiment):
    ics = tables["ics"]
    norms = curves.choose(experiment, "none", "batch")
    figure, rows = shifts.new(experiment, ics, height=1.6)
    for model, lr, of_rate, row in rows:
        of_rate = of_rate[of_rate.norm.isin([norm.name for norm in norms])]
        for i, layer in enumerate(curves.layers(of_rate, model, {})):
            panels = row[2 * i], row[2 * i + 1]
            of_layer = of_rate[of_rate.layer == layer]
            _draw_layer(*panels, of_layer, norms)
            for ax in panels:
                if len(of_layer):
                    # Zeros have no place on a logarithmic axis.
                    why = "by definition" if layer == 1 else "in all runs"
                    curves.note_if_empty(ax, f"layer {layer}: shift\nis zero {why}")
                ax.set_title(f"{model.label}, layer {layer}\n{style.lr_label(lr)}")
    shifts.finish(figure, norms, "Step")
    return figure


def _draw_layer(difference, cosine, ics, norms):
    for norm in norms:
        seeds = ics[ics.norm == norm.name]
        line = {"color": norm.colour, "marker": "o"}
        if seeds.l2_difference.ne(0).any():
            curves.medians(difference, seeds, "step", "l2_difference", **line)
        # The first layer has none below it, and so no shift whose direction could turn.
        if (seeds.layer > 1).any():
            curves.curve(cosine, seeds, "step", "cosine", **line)
    shifts.finish_pair(difference, cosine)
