"""Figure 2: BatchNorm with noise that makes its distributions unstable.

Top: training accuracy of the first classifier, at the first two learning rates of the config
("Noise only" is the noise without normalisation). Bottom: distribution of one unit's activations
over training, for VGG-16 in layers 2, 9 and 13. If stable distributions do not matter, noisy
BatchNorm trains like BatchNorm although its distributions drift.

In the paper's Figure 2 noisy BatchNorm trains nearly as fast as BatchNorm. The paper's text
says that the same noise without normalisation stops training.
"""

from normscape.figures import curves, panels, style, subsets
from normscape.figures.ridges import plot_ridge_grid

TABLES = ("history", "histograms")

LAYERS = {"vgg": (2, 9, 13)}


def draw(tables, experiment):
    model = experiment.first_model("accuracy")
    norms = subsets.choose_norms(experiment, "none", "batch", "noisy_batch", "noise")
    with_ridges = subsets.choose_norms(experiment, "none", "batch", "noisy_batch")
    history = tables["history"]
    history = history[history.model == (model and model.name)]
    figure = panels.new_figure(6.8)
    top, bottom = figure.subfigures(2, 1, height_ratios=[1, 2.2])
    lrs = subsets.choose_lrs(history)
    axes = top.subplots(1, max(len(lrs), 1), sharey=True, squeeze=False)[0]
    for ax, lr in zip(axes, lrs, strict=False):
        curves.plot_progress(ax, history, model, norms, [lr])
        ax.set_title(style.lr_label(lr))
    if not lrs:
        panels.note_if_empty(axes[0])
    for ax in axes[1:]:
        ax.set_ylabel("")
    axes[0].set_ylim(0, 1.02)
    panels.add_legend(top, norms)
    layers = subsets.choose_layers(tables["histograms"], model, LAYERS)
    plot_ridge_grid(bottom, tables["histograms"], model, layers, with_ridges)
    return figure
