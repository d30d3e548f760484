"""Figure 8: drift of activation statistics.

Mean and variance of one unit of the first classifier, for VGG-16 in layers 2, 9 and 13: the
absolute change per training step, and since the first checkpoint. Stable distributions have low
lines. Thick lines are medians over seeds, thin lines are seeds.

In the paper's Figure 8 the statistics of noisy BatchNorm drift more than those without
normalisation.
"""

from normscape.figures import curves, panels, subsets

TABLES = ("moment_drift",)

LAYERS = {"vgg": (2, 9, 13)}

COLUMNS = {
    "mean_change": "|Change of mean|\nper step",
    "variance_change": "|Change of variance|\nper step",
    "mean_drift": "|Change of mean|\nsince the start",
    "variance_drift": "|Change of variance|\nsince the start",
}


def draw(tables, experiment):
    drift = tables["moment_drift"]
    model = experiment.first_model("accuracy")
    name = model and model.name
    norms = subsets.choose_norms(experiment, "none", "batch", "noisy_batch")
    rows = drift[
        (drift.model == name)
        & (drift.scope == "unit")
        & (drift.lr == subsets.choose_lr(drift, name))
    ]
    layers = subsets.choose_layers(drift, model, LAYERS)
    figure = panels.new_figure(0.4 + 1.6 * len(layers))
    axes = figure.subplots(len(layers), len(COLUMNS), sharex=True, squeeze=False)
    for axes_row, layer in zip(axes, layers, strict=True):
        for ax, (column, label) in zip(axes_row, COLUMNS.items(), strict=True):
            # A logarithmic axis cannot show zeros; nothing has drifted at step 0.
            positive = (rows.layer == layer) & (rows[column] != 0) & (rows.step > 0)
            curves.plot_medians_of_norms(ax, rows[positive], norms, "step", column)
            if ax.has_data():
                panels.set_log_y(ax)
            panels.note_if_empty(ax)
            ax.set_title(f"Layer {layer}")
            ax.set_ylabel(label)
    for ax in axes[-1]:
        ax.set_xlabel("Step")
        ax.set_xlim(left=0)
        ax.locator_params(axis="x", nbins=2)  # numbers such as 3000 need room
    panels.add_legend(figure, norms)
    return figure
