"""Figure 3: internal covariate shift.

L2 difference and cosine between a layer's gradient before and after the layers below have
taken their step (Definition 2.1), for two layers of each network. Less shift would be a
smaller difference and a cosine nearer to 1.

In the paper's Figure 3 BatchNorm does not shift less, and in the deep linear network at
1e-7 far more: the standard net's cosine stays at about 1.
"""

from figures import panels, style

TABLES = ("ics",)

LAYERS = {"vgg": (5, 10), "dln": (9, 17)}


def draw(tables, norms):
    ics = tables["ics"]
    names = norms.choose("none", "batch")
    rows = [
        (model, lr) for model in LAYERS for lr in ics[ics.model == model].lr.unique()
    ]
    figure = panels.new(1.6 * max(len(rows), 1) + 0.4)
    axes = figure.subplots(max(len(rows), 1), 4, squeeze=False, sharex="row")
    for (model, lr), row in zip(rows, axes, strict=False):
        for i, layer in enumerate(LAYERS[model]):
            chosen = ics[(ics.model == model) & (ics.lr == lr) & (ics.layer == layer)]
            difference, cosine = row[2 * i], row[2 * i + 1]
            for name in names:
                seeds = chosen[chosen.norm == name]
                line = {"color": norms.colour(name), "marker": "o"}
                if seeds.l2_difference.gt(0).any():
                    panels.curve(difference, seeds, "step", "l2_difference", **line)
                    panels.curve(cosine, seeds, "step", "cosine", **line)
            if difference.has_data():
                difference.set_yscale("log")
                cosine.set_ylim(-1.05, 1.05)
            for ax, what in (
                (difference, "$\\ell_2$ difference"),
                (cosine, "Cosine"),
            ):
                ax.set_title(f"{model.upper()} layer {layer}, {style.lr_label(lr)}")
                ax.set_ylabel(what)
                panels.note_if_empty(ax)
    for ax in axes[-1]:
        ax.set_xlabel("Step")
    panels.legend(figure, names, norms)
    return figure
