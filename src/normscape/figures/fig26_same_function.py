"""Figure 26: the same function, with and without BatchNorm.

Left: how the loss changes along the gradient at checkpoints, over what the gradient's length
predicts for a step of the learning rate. Each checkpoint is seen twice: as it was trained, and
in the other parametrisation of the same function, with BatchNorm inserted or folded into the
weights. Right: training goes on from such a checkpoint with the same batches. gamma and beta
alone are a control. Thin lines are seeds; thick lines are medians over seeds (left), or means
of the loss's logarithm (right).

The paper compares different functions at the same step.
"""

from normscape.figures import panels
from normscape.figures.downhill import plot_downhill
from normscape.parametrisations import AS_TRAINED, LABELS

TABLES = ("same_function", "history")

# By the place's normaliser its colour, and the other parametrisation of its function.
PLACES = {"none": "batch", "batch": "folded"}
NAMES = {"none": "Trained without normalisation", "batch": "Trained with BatchNorm"}


def draw(tables, experiment):
    same_function, history = (tables[name] for name in TABLES)
    model = next(
        (m for m in experiment.models.values() if m.name in {*same_function.model}),
        None,
    )
    figure = panels.new_figure(2.9)
    downhill, *switches = figure.subplots(1, 3)
    if model:
        rows = same_function[same_function.model == model.name]
        for place, other in PLACES.items():
            colour = experiment.norms[place].colour if place in experiment.norms else ""
            at_place = rows[rows.norm == place]
            for name, dash in ((AS_TRAINED, "-"), (other, "--")):
                plot_downhill(
                    downhill,
                    at_place[at_place.parametrisation == name],
                    color=colour,
                    linestyle=dash,
                    label=f"{NAMES[place]}, {LABELS[name]}",
                )
        if downhill.lines:
            downhill.legend(loc="upper left")
    panels.note_if_empty(downhill)
    return figure
