"""Figure 8: how mean and variance of activations move.

One unit of the first network that classifies, for VGG-16 in layers 2, 9 and 13: absolute
change in one training step, and since the first checkpoint. Thick lines are medians over
seeds, thin ones the seeds. Stable distributions would lie low.

In the paper's Figure 8 noisy BatchNorm's moments move more than the standard net's.
"""

from normscape.figures import curves

TABLES = ("moment_drift",)

LAYERS = {"vgg": (2, 9, 13)}

COLUMNS = {
    "mean_change": "|Change of mean|\nin a step",
    "variance_change": "|Change of variance|\nin a step",
    "mean_drift": "|Change of mean|\nsince the start",
    "variance_drift": "|Change of variance|\nsince the start",
}


def draw(tables, experiment):
    drift = tables["moment_drift"]
    model = experiment.first("accuracy")
    name = model and model.name
    norms = curves.choose(experiment, "none", "batch", "noisy_batch")
    rows = drift[
        (drift.model == name)
        & (drift.scope == "unit")
        & (drift.lr == curves.probed_lr(drift, name))
    ]
    layers = curves.layers(drift, model, LAYERS)
    figure = curves.new(0.4 + 1.6 * len(layers))
    axes = figure.subplots(len(layers), len(COLUMNS), sharex=True, squeeze=False)
    for axes_row, layer in zip(axes, layers, strict=True):
        for ax, (column, label) in zip(axes_row, COLUMNS.items(), strict=True):
            for norm in norms:
                seeds = rows[(rows.layer == layer) & (rows.norm == norm.name)]
                seeds = seeds[(seeds[column] != 0) & (seeds.step > 0)]
                line = {"color": norm.colour, "marker": "o"}
                if len(seeds):
                    curves.medians(ax, seeds, "step", column, **line)
            if ax.has_data():
                curves.log_y(ax)
            curves.note_if_empty(ax)
            ax.set_title(f"Layer {layer}")
            ax.set_ylabel(label)
    for ax in axes[-1]:
        ax.set_xlabel("Step")
        ax.set_xlim(left=0)
        ax.locator_params(axis="x", nbins=2)  # numbers such as 3000 need room
    curves.legend(figure, norms)
    return figure
