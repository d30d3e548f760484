"""Figure 4: the landscape along the gradient, networks that classify.

(a) range of the loss, (b) range of the change of the gradient, (c) effective beta, over
the step sizes, at checkpoints during training. A smoother landscape has narrower bands
and a smaller effective beta.

In the paper's Figure 4 the median change of the gradient is about twice as large without
BatchNorm, with spikes far above, and the median effective beta is 20 for both.
"""

from normscape.figures import curves
from normscape.figures.landscapes import landscape

TABLES = ("landscape_ranges", "paper_curves")


def draw(tables, experiment):
    models = [m for m in experiment.models.values() if m.classifies]
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
