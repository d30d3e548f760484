"""Figure 10: the landscape along the gradient, deep linear network.

(a) range of the loss, (b) range of the change of the gradient, (c) effective beta, over
the step sizes; all axes are logarithmic. A smoother landscape has narrower bands and a
smaller effective beta.

In the paper's Figure 10 BatchNorm's effective beta is about a sixth of the standard net's
in the median; ranges of the loss are alike.
"""

from normscape.figures import curves
from normscape.figures.landscapes import landscape

TABLES = ("landscape_ranges", "paper_curves")


def draw(tables, experiment):
    models = [m for m in experiment.models.values() if not m.classifies]
    norms = curves.choose(experiment, "none", "batch")
    figure = curves.new(2.4 * max(len(models), 1))
    axes = figure.subplots(max(len(models), 1), 3, squeeze=False)
    ranges, of_paper = tables["landscape_ranges"], tables["paper_curves"]
    for row, model in zip(axes, models, strict=False):
        landscape(row, ranges, model, norms, curves=of_paper)
        if len(models) > 1:
            row[0].set_title(model.label)
    for ax in axes.ravel():
        curves.note_if_empty(ax)
    curves.legend(figure, norms)
    return figure
