"""Figure 22: gradients over depth, before training and at its end.

For each network the norm of the loss's gradient with respect to what each layer's linear map
puts out, at the first and the last checkpoint that are probed. Thick lines are medians over
seeds, thin ones the seeds. A line that rises to the left is a gradient that grows on its way
back: Yang et al. (2019) derive that under BatchNorm it does so by a factor a layer when
training starts.

Beyond the paper; Yang et al. (2019).
"""

from normscape.figures import curves

TABLES = ("depth",)


def draw(tables, experiment):
    depth = tables["depth"]
    norms = list(experiment.norms.values())
    models = curves.models_in(depth, experiment)
    figure = curves.new(1.9 * len(models) + 0.5)
    columns = min(2, max(1, depth.step.nunique()))
    axes = figure.subplots(len(models), columns, squeeze=False, sharey="row")
    for model, row in zip(models, axes, strict=True):
        table = depth[depth.model == model.name]
        table = table[table.lr == curves.probed_lr(depth, model.name)]
        for ax, step in zip(row, (table.step.min(), table.step.max()), strict=False):
            for norm in norms:
                seeds = table[(table.step == step) & (table.norm == norm.name)]
                line = {"color": norm.colour, "marker": "o"}
                if len(seeds):
                    curves.medians(ax, seeds, "layer", "gradient_norm", **line)
            ax.set_title(model.label)
            if ax.has_data():
                curves.log_y(ax)
                ax.set_title(f"{model.label}, step {step}")
            curves.note_if_empty(ax)
            ax.set_xlabel("Layer")
        row[0].set_ylabel("Norm of $dL/dh$")
    curves.legend(figure, norms)
    return figure
