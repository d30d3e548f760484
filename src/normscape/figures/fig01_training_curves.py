"""Figure 1: training with and without BatchNorm.

(a) Training and (b) test accuracy of the first classifier, at the first two learning rates of
the config; bands are ranges over seeds. (c) Distribution of one unit's activations over training, for a VGG in layers 3
and 11. A network that trains better has a curve that rises earlier, also at the larger
learning rate.

In the paper's Figure 1 the network without normalisation stays at chance accuracy at
learning rate 0.5. BatchNorm ends near 80% test accuracy there.
"""

from normscape.figures import curves, panels, subsets
from normscape.figures.ridges import plot_ridge_grid

TABLES = ("history", "evaluation", "histograms")

LAYERS = {"vgg": (3, 11)}


def draw(tables, experiment):
    model = experiment.first_model("accuracy")
    norms = subsets.choose_norms(experiment, "none", "batch")
    evaluation = tables["evaluation"]
    evaluation = evaluation[evaluation.model == (model and model.name)]
    figure = panels.new_figure(5.6)
    top, bottom = figure.subfigures(2, 1, height_ratios=[1, 1.5])
    train, test = top.subplots(1, 2, sharey=True)
    lrs = curves.plot_progress(train, tables["history"], model, norms)
    curves.plot_training(test, evaluation, norms, "test_accuracy", lrs=lrs)
    test.set_ylabel("Test accuracy")
    train.set_ylim(0, 1.02)
    panels.add_legend(top, norms, lrs)
    layers = subsets.choose_layers(tables["histograms"], model, LAYERS)
    plot_ridge_grid(bottom, tables["histograms"], model, layers, norms)
    return figure
