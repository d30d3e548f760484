"""Figures of internal covariate shift: four panels per network and learning rate."""

from normscape.figures import panels, subsets


def new_figure(experiment, ics, height):
    """A figure, and (model, lr, rows of the table, four axes) per network and rate.

    height : of a row, in inches.
    """
    pairs = [
        (model, lr)
        for model in experiment.models.values()
        for lr in subsets.choose_lrs(ics[ics.model == model.name])
    ]
    count = max(len(pairs), 1)
    figure = panels.new_figure(height * count + 0.4)
    axes = figure.subplots(count, 4, squeeze=False, sharex="row")
    grid = [
        (model, lr, ics[(ics.model == model.name) & (ics.lr == lr)], axes_row)
        for (model, lr), axes_row in zip(pairs, axes, strict=False)
    ]
    return figure, grid


def format_pair(difference, cosine) -> None:
    """Set scales and labels of a panel of ℓ2 differences and one of cosines."""
    if difference.has_data():
        panels.set_log_y(difference)
    if cosine.has_data():
        cosine.set_ylim(-1.05, 1.05)
    difference.set_ylabel("$\\ell_2$ difference")
    cosine.set_ylabel("Cosine")


def finish_figure(figure, norms, x_label) -> None:
    """Add the labels below, the legend, and a note in panels without data."""
    for ax in figure.axes:
        panels.note_if_empty(ax)
    for ax in figure.axes[-4:]:
        ax.set_xlabel(x_label)
    panels.add_legend(figure, norms)
