"""Figure 25: the landscape along the gradient at equal training loss.

Figure 4's and Figure 10's quantities over the training loss in place of the step, at the first
learning rate. A network that learns faster is further along at each step; here both are compared
where they have learnt as much. Losses fall to the right; each is averaged over the steps around
the probe, and has the penalty of the weights where training has one. Thin lines are seeds, with a
dot for each probe, in the order of their losses; thick ones are geometric means over seeds at
losses that all of them have. A verdict at equal loss takes the two networks' thin lines of a
seed: the mean distance between them over the losses that both have. Where they cross, it depends
on which losses those are; where dots are far apart, on the line between them.

The paper compares at equal steps alone.
"""

from normscape.claims import equal_loss
from normscape.figures import curves, style
from normscape.figures.landscapes import BETA, CHANGE, RANGE, edge
from normscape.figures.over_loss import over_loss

TABLES = ("history", "landscape_ranges")

CLAIMS_OF = ("fig04_landscape", "fig10_dln_landscape")


def draw(tables, experiment):
    history, ranges = (tables[name] for name in TABLES)
    ranges = ranges[ranges.direction == "gradient"]
    norms = curves.choose(experiment, "none", "batch")
    models = curves.models_in(ranges, experiment)
    figure = curves.new(0.4 + 2.0 * len(models))
    axes = figure.subplots(len(models), 3, squeeze=False)
    for model, row in zip(models, axes, strict=True):
        lr = curves.probed_lr(ranges, model.name)
        of_rate = ranges[(ranges.model == model.name) & (ranges.lr == lr)]
        trained = history[(history.model == model.name) & (history.lr == lr)]
        losses = equal_loss.smoothed_losses(trained, experiment)
        for ax, quantity in zip(row, (RANGE, CHANGE, BETA), strict=True):
            values = of_rate.assign(value=of_rate.eval(quantity.value))
            over_loss(ax, values, losses, norms, logarithms=True)
            ax.set_ylabel(quantity.label)
        edge(row[-1])
        row[0].set_title(style.runs_label(model, lr), loc="left")
    curves.legend(figure, norms)
    return figure
