"""Figure 1: training with and without BatchNorm.

(a) training and (b) test accuracy of the VGG; (c) activations of one unit over training,
layers 3 and 11. Look at how early each curve rises, and whether it still rises at the
largest learning rate.

In the paper's Figure 1 the standard net stays at chance at learning rate 0.5, where
BatchNorm ends near 80 % test accuracy.
"""

from figures import panels

TABLES = ("history", "evaluation", "histograms")


def draw(tables, norms):
    names = norms.choose("none", "batch")
    evaluation = tables["evaluation"].query("model == 'vgg'")
    figure = panels.new(5.6)
    top, bottom = figure.subfigures(2, 1, height_ratios=[1, 1.5])
    train, test = top.subplots(1, 2, sharey=True)
    lrs = panels.progress(train, tables["history"], "vgg", names, norms)
    panels.training(test, evaluation, names, norms, "test_accuracy", lrs=lrs)
    test.set_ylabel("Test accuracy")
    train.set_ylim(0, 1.02)
    panels.legend(top, names, norms, lrs)
    panels.ridge_grid(bottom, tables["histograms"], "vgg", (3, 11), names, norms)
    return figure
