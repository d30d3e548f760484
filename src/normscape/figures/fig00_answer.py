"""Figure 0: the answer in three panels, the first network that classifies.

Left: BatchNorm helps if its curves rise earlier, and at the larger learning rate, too.
Middle: it would reduce internal covariate shift if its cosine between a layer's gradient
before and after the update of the layers below (mean over layers) lay nearer to 1.
Right: it smooths the landscape if the loss varies less along the gradient.

The paper answers with its Figures 1, 3 and 4: yes, no, yes.
"""

from normscape.figures import curves
from normscape.figures.landscapes import landscape

TABLES = ("history", "ics", "landscape_ranges")


def draw(tables, experiment):
    model = experiment.first("accuracy")
    norms = curves.choose(experiment, "none", "batch")
    figure = curves.new(2.6)
    training, shift, smoothness = figure.subplots(1, 3)
    lrs = curves.progress(training, tables["history"], model, norms)
    training.set_ylim(0, 1.02)
    ics = tables["ics"]
    ics = ics[(ics.model == (model and model.name)) & (ics.layer > 1)]
    keys = ["norm", "lr", "seed", "step"]
    cosines = ics.groupby(keys).cosine.mean().reset_index()
    curves.training(shift, cosines, norms, "cosine", lrs=lrs[:1])
    shift.set_ylabel("Cosine of gradients")
    shift.set_ylim(top=1.02)
    if model:
        landscape([smoothness], tables["landscape_ranges"], model, norms)
    curves.note_if_empty(smoothness)
    for ax, question in (
        (training, "Does it train better?"),
        (shift, "Does it shift less?"),
        (smoothness, "Is the landscape smoother?"),
    ):
        ax.set_title(question)
    curves.legend(figure, norms, lrs)
    return figure
