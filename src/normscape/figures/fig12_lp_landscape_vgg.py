"""Figure 12: the landscape under Lp normalisation, networks that classify.

Training curve, range of the loss, range of the change of the gradient, effective beta.
Look at whether the Lp norms' bands are as narrow as BatchNorm's.

In the paper's Figure 12 all norms smooth the landscape.
"""

from normscape.figures import curves
from normscape.figures.landscapes import with_training

TABLES = ("history", "landscape_ranges")


def draw(tables, experiment):
    models = [m for m in experiment.models.values() if m.classifies]
    norms = curves.choose(experiment, "none", "batch", "l1", "l2", "linf")
    figure = curves.new(4.6 * max(len(models), 1))
    axes = figure.subplots(2 * max(len(models), 1), 2).ravel()
    for i, model in enumerate(models):
        with_training(axes[4 * i : 4 * i + 4], tables, model, norms)
    for ax in axes:
        curves.note_if_empty(ax)
    curves.legend(figure, norms)
    return figure
