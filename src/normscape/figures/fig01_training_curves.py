"""Figure 1: training with and without BatchNorm.

(a) training and (b) test accuracy of the first network that classifies, at the first two
learning rates of the config; (c) activations of one unit over training, for a VGG in layers
3 and 11. Look at how early each curve rises, and whether it still rises at the larger
learning rate.

In the paper's Figure 1 the standard net stays at chance at learning rate 0.5, where
BatchNorm ends near 80 % test accuracy.
"""

from normscape.figures import curves
from normscape.figures.ridges import ridge_grid

TABLES = ("history", "evaluation", "histograms")

LAYERS = {"vgg": (3, 11)}


def draw(tables, experiment):
    model = experiment.first("accuracy")
    norms = curves.choose(experiment, "none", "batch")
    evaluation = tables["evaluation"]
    evaluation = evaluation[evaluation.model == (model and model.name)]
    figure = curves.new(5.6)
    top, bottom = figure.subfigures(2, 1, height_ratios=[1, 1.5])
    train, test = top.subplots(1, 2, sharey=True)
    lrs = curves.progress(train, tables["history"], model, norms)
    curves.training(test, evaluation, norms, "test_accuracy", lrs=lrs)
    test.set_ylabel("Test accuracy")
    train.set_ylim(0, 1.02)
    curves.legend(top, norms, lrs)
    layers = curves.layers(tables["histograms"], model, LAYERS)
    ridge_grid(bottom, tables["histograms"], model, layers, norms)
    return figure
