"""Figure 25: the landscape along the gradient at the same training loss.

The quantities of Figures 4 and 10 against the training loss (moving average, without the L2
penalty) instead of the step, at the first learning rate. A network that trains faster is ahead at
the same step; here networks are compared at the same loss. Thin lines are seeds with one dot per
checkpoint; thick lines are geometric means over seeds at fixed losses, the grey lines, of which
verdicts use the last four.

The paper compares networks only at the same step.
"""

from normscape.claims import same_loss
from normscape.figures import panels, style, subsets
from normscape.figures.landscapes import BETA, CHANGE, VARIATION, plot_edge
from normscape.figures.over_loss import plot_over_loss

TABLES = ("history", "landscape_ranges", "constant_losses")

CLAIMS_OF = ("fig04_landscape", "fig10_dln_landscape")


def draw(tables, experiment):
    history, ranges, constant = (tables[name] for name in TABLES)
    ranges = ranges[ranges.direction == "gradient"]
    norms = subsets.choose_norms(experiment, "none", "batch")
    models = subsets.choose_models(ranges, experiment)
    figure = panels.new_figure(0.4 + 2.0 * len(models))
    axes = figure.subplots(len(models), 3, squeeze=False)
    for model, row in zip(models, axes, strict=True):
        lr = subsets.choose_lr(ranges, model.name)
        probes = ranges[(ranges.model == model.name) & (ranges.lr == lr)]
        steps = history[(history.model == model.name) & (history.lr == lr)]
        losses = same_loss.smoothed_losses(steps, experiment)
        for ax, panel in zip(row, (VARIATION, CHANGE, BETA), strict=True):
            values = probes.assign(value=panel.values)
            plot_over_loss(ax, values, losses, norms, constant, logarithms=True)
            ax.set_ylabel(panel.label)
        plot_edge(row[-1])
        row[0].set_title(style.runs_label(model, lr), loc="left")
    panels.add_legend(figure, norms)
    return figure
