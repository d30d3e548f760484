"""What figures of internal covariate shift share: four panels a network and learning rate."""

from normscape.figures import curves


def new(experiment, ics, height):
    """A figure, and (model, lr, rows of the table, four axes) for each network and rate.

    height : of a row, in inches.
    """
    cells = [
        (model, lr)
        for model in experiment.models.values()
        for lr in curves.rates(ics[ics.model == model.name])
    ]
    count = max(len(cells), 1)
    figure = curves.new(height * count + 0.4)
    axes = figure.subplots(count, 4, squeeze=False, sharex="row")
    rows = [
        (model, lr, ics[(ics.model == model.name) & (ics.lr == lr)], row)
        for (model, lr), row in zip(cells, axes, strict=False)
    ]
    return figure, rows


def finish_pair(difference, cosine) -> None:
    """Scales and labels of a panel of L2 differences and one of cosines."""
    if difference.has_data():
        curves.log_y(difference)
    if cosine.has_data():
        cosine.set_ylim(-1.05, 1.05)
    difference.set_ylabel("$\\ell_2$ difference")
    cosine.set_ylabel("Cosine")


def finish(figure, norms, x_label) -> None:
    """The label below, the legend, and a note in panels without data."""
    for ax in figure.axes:
        curves.note_if_empty(ax)
    for ax in figure.axes[-4:]:
        ax.set_xlabel(x_label)
    curves.legend(figure, norms)
