"""Figure 3: internal covariate shift (ICS).

ℓ2 difference and cosine between a layer's gradient before and after the update of the preceding
layers (Definition 2.1), for two layers per network. Less ICS means a smaller difference and a
cosine closer to 1. Differences are medians over seeds (thick) and seeds (thin); cosines are means
over seeds with bands over their range.

In the paper's Figure 3 BatchNorm does not reduce ICS. In the deep linear network (DLN) at
learning rate 1e-7 it increases ICS: without normalisation the cosine stays at about 1.
"""

from normscape.figures import curves, ics_panels, panels, style, subsets

TABLES = ("ics",)


def draw(tables, experiment):
    ics = tables["ics"]
    norms = subsets.choose_norms(experiment, "none", "batch")
    figure, grid = ics_panels.new_figure(experiment, ics, height=1.6)
    for model, lr, rows, axes in grid:
        rows = rows[rows.norm.isin([norm.name for norm in norms])]
        for i, layer in enumerate(subsets.choose_layers(rows, model, {})):
            pair = axes[2 * i : 2 * i + 2]
            layer_rows = rows[rows.layer == layer]
            _plot_layer(*pair, layer_rows, norms)
            for ax in pair:
                if len(layer_rows):
                    # A logarithmic axis cannot show zeros.
                    why = "by definition" if layer == 1 else "in all runs"
                    panels.note_if_empty(ax, f"layer {layer}: shift\nis zero {why}")
                ax.set_title(f"{model.label}, layer {layer}\n{style.lr_label(lr)}")
    ics_panels.finish_figure(figure, norms, "Step")
    return figure


def _plot_layer(difference, cosine, ics, norms):
    for norm in norms:
        rows = ics[ics.norm == norm.name]
        line = {"color": norm.colour, "marker": "o"}
        if rows.l2_difference.ne(0).any():
            curves.plot_medians(difference, rows, "step", "l2_difference", **line)
        # No layer precedes the first one, so its gradient has no shift.
        if (rows.layer > 1).any():
            curves.plot_mean(cosine, rows, "step", "cosine", **line)
    ics_panels.format_pair(difference, cosine)
