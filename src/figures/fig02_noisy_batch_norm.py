"""Figure 2: BatchNorm with noise that makes its distributions unstable.

Training accuracy of the VGG, and activations of one unit in layers 2, 9 and 13. Look at
whether noisy BatchNorm trains like BatchNorm although its ridges wander, and what the
same noise does to the standard net.

In the paper's Figure 2 noisy BatchNorm trains nearly like BatchNorm; of the same noise
without normalisation its text says that it stops training.
"""

from figures import panels, style

TABLES = ("history", "histograms")


def draw(tables, norms):
    names = norms.choose("none", "batch", "noisy_batch", "noise")
    with_ridges = norms.choose("none", "batch", "noisy_batch")
    history = tables["history"].query("model == 'vgg'")
    figure = panels.new(6.8)
    top, bottom = figure.subfigures(2, 1, height_ratios=[1, 2.2])
    lrs = list(history.lr.unique())
    axes = top.subplots(1, max(len(lrs), 1), sharey=True, squeeze=False)[0]
    for ax, lr in zip(axes, lrs, strict=False):
        panels.progress(ax, history, "vgg", names, norms, [lr])
        ax.set_title(style.lr_label(lr))
    for ax in axes[1:]:
        ax.set_ylabel("")
    axes[0].set_ylim(0, 1.02)
    panels.legend(top, names, norms)
    panels.ridge_grid(
        bottom, tables["histograms"], "vgg", (2, 9, 13), with_ridges, norms
    )
    return figure
