"""Figure 0: the answer in three panels, VGG.

Left: BatchNorm helps if its curves rise earlier, and at the larger learning rate, too.
Middle: it would reduce internal covariate shift if its cosine between a layer's gradient
before and after the update of the layers below (mean over layers) lay nearer to 1.
Right: it smooths the landscape if the loss varies less along the gradient.

The paper answers with its Figures 1, 3 and 4: yes, no, yes.
"""

from figures import panels

TABLES = ("history", "ics", "landscape_ranges")


def draw(tables, norms):
    names = norms.choose("none", "batch")
    figure = panels.new(2.6)
    training, shift, smoothness = figure.subplots(1, 3)
    lrs = panels.progress(training, tables["history"], "vgg", names, norms)
    training.set_ylim(0, 1.02)
    ics = tables["ics"].query("model == 'vgg' and layer > 1")
    keys = ["norm", "lr", "seed", "step"]
    cosines = ics.groupby(keys).cosine.mean().reset_index()
    panels.training(shift, cosines, names, norms, "cosine", lrs=lrs[:1])
    shift.set_ylabel("Cosine of gradients")
    shift.set_ylim(top=1.02)
    panels.landscape([smoothness], tables["landscape_ranges"], "vgg", names, norms)
    for ax, question in (
        (training, "Does it train better?"),
        (shift, "Does it shift less?"),
        (smoothness, "Is the landscape smoother?"),
    ):
        ax.set_title(question)
    panels.legend(figure, names, norms, lrs)
    return figure
