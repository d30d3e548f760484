"""Figure 2: BatchNorm with noise that makes its distributions unstable.

Training accuracy of the first network that classifies at the first two learning rates of
the config, and activations of one unit, for VGG-16 in layers 2, 9 and 13. Look at whether
noisy BatchNorm trains like BatchNorm although its ridges wander, and what the same noise
does to the standard net.

In the paper's Figure 2 noisy BatchNorm trains nearly like BatchNorm; of the same noise
without normalisation its text says that it stops training.
"""

from normscape.figures import curves, style
from normscape.figures.ridges import ridge_grid

TABLES = ("history", "histograms")

LAYERS = {"vgg": (2, 9, 13)}


def draw(tables, experiment):
    model = experiment.first("accuracy")
    norms = curves.choose(experiment, "none", "batch", "noisy_batch", "noise")
    with_ridges = curves.choose(experiment, "none", "batch", "noisy_batch")
    history = tables["history"]
    history = history[history.model == (model and model.name)]
    figure = curves.new(6.8)
    top, bottom = figure.subfigures(2, 1, height_ratios=[1, 2.2])
    lrs = curves.rates(history)
    axes = top.subplots(1, max(len(lrs), 1), sharey=True, squeeze=False)[0]
    for ax, lr in zip(axes, lrs, strict=False):
        curves.progress(ax, history, model, norms, [lr])
        ax.set_title(style.lr_label(lr))
    if not lrs:
        curves.note_if_empty(axes[0])
    for ax in axes[1:]:
        ax.set_ylabel("")
    axes[0].set_ylim(0, 1.02)
    curves.legend(top, norms)
    layers = curves.layers(tables["histograms"], model, LAYERS)
    ridge_grid(bottom, tables["histograms"], model, layers, with_ridges)
    return figure
