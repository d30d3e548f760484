"""Figure 13: the landscape under Lp normalisation, deep linear network.

Training curve, range of the loss, range of the change of the gradient, effective beta.
Look at whether the Lp norms' bands are as narrow as BatchNorm's.

The paper's Figure 13 shows the same quantities.
"""

from normscape.figures import curves
from normscape.figures.landscapes import with_training

TABLES = ("history", "landscape_ranges")

CLAIMS_OF = "fig05_lp_norms"


def draw(tables, experiment):
    models = [m for m in experiment.models.values() if not m.classifies]
    norms = curves.choose(experiment, "none", "batch", "l1", "l2", "linf")
    figure = curves.new(4.6 * max(len(models), 1))
    axes = figure.subplots(2 * max(len(models), 1), 2).ravel()
    for i, model in enumerate(models):
        with_training(axes[4 * i : 4 * i + 4], tables, model, norms)
    for ax in axes:
        curves.note_if_empty(ax)
    curves.legend(figure, norms)
    return figure
