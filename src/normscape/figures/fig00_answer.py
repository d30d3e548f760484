"""Figure 0: the answer in three panels, for the first classifier.

Left: training accuracy (bands are ranges over seeds); a curve that rises earlier trains faster.
Middle: cosine between a layer's gradient before and after the update of the preceding layers, at
the same training loss; closer to 1 means less internal covariate shift (ICS). Right: loss variation
along the gradient; lower is smoother (thin lines are seeds, thick lines their means in the middle
and their medians on the right).

The paper answers with its Figures 1, 3 and 4: yes, no, yes.
"""

from normscape.claims import same_loss
from normscape.figures import curves, panels, subsets
from normscape.figures.landscapes import VARIATION, plot_landscape
from normscape.figures.over_loss import plot_over_loss

TABLES = ("history", "ics", "landscape_ranges", "constant_losses")


def draw(tables, experiment):
    model = experiment.first_model("accuracy")
    norms = subsets.choose_norms(experiment, "none", "batch")
    history, ics, ranges, constant = (
        tables[name][tables[name].model == (model and model.name)] for name in TABLES
    )
    figure = panels.new_figure(2.6)
    training, shift, smoothness = figure.subplots(1, 3)
    lrs = curves.plot_progress(training, history, model, norms)
    training.set_ylim(0, 1.02)
    losses = same_loss.smoothed_losses(history, experiment)
    _draw_shift(shift, ics[ics.lr.isin(lrs[:1])], losses, norms, constant)
    if model:
        lr = subsets.choose_lr(ranges, model.name)
        axes = [smoothness]
        plot_landscape(axes, ranges, model, norms, lr, shown=[VARIATION])
    for ax, question in (
        (training, "Does it train better?"),
        (shift, "Does it reduce ICS?"),
        (smoothness, "Is the landscape smoother?"),
    ):
        panels.note_if_empty(ax)
        ax.set_title(question)
    panels.add_legend(figure, norms, lrs)
    return figure


def _draw_shift(ax, ics, losses, norms, constant):
    run = curves.run_columns(ics)
    cosines = ics[ics.layer > 1].groupby([*run, "step"]).cosine.mean()
    steps = cosines.rename("value").reset_index()
    plot_over_loss(ax, steps, losses, norms, constant, logarithms=False)
    if ax.has_data():
        ax.set_ylim(top=1.02)
    ax.set_ylabel("Cosine of gradients")
