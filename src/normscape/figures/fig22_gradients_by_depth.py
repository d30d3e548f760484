"""Figure 22: gradients by depth, at the first and the last checkpoint.

Norm of the gradient of the loss with respect to the output of each layer's linear map. A line that
rises to the left is a gradient that grows towards the input, as Yang et al. (2019) derive for
BatchNorm at the start of training. Thick lines are medians over seeds, thin lines are seeds.

Beyond the paper; Yang et al. (2019).
"""

from normscape.figures import curves, panels, subsets

TABLES = ("depth",)


def draw(tables, experiment):
    depth = tables["depth"]
    norms = subsets.measured_norms(depth, experiment)
    models = subsets.choose_models(depth, experiment)
    figure = panels.new_figure(1.9 * len(models) + 0.5)
    columns = min(2, max(1, depth.step.nunique()))
    axes = figure.subplots(len(models), columns, squeeze=False, sharey="row")
    for model, axes_row in zip(models, axes, strict=True):
        table = depth[depth.model == model.name]
        table = table[table.lr == subsets.choose_lr(depth, model.name)]
        for ax, step in zip(
            axes_row, (table.step.min(), table.step.max()), strict=False
        ):
            rows = table[table.step == step]
            curves.plot_medians_of_norms(ax, rows, norms, "layer", "gradient_norm")
            ax.set_title(model.label)
            if ax.has_data():
                panels.set_log_y(ax)
                ax.set_title(f"{model.label}, step {step}")
            panels.note_if_empty(ax)
            ax.set_xlabel("Layer")
        axes_row[0].set_ylabel("Norm of $dL/dh$")
    panels.add_legend(figure, norms)
    return figure
