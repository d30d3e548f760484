"""Figure 27: how far downhill the gradient leads, by the loss.

Change of the loss along the gradient / (LR ||g||²), the decrease that the gradient predicts for a
step of one learning rate (LR); below 0 the step lowers the loss. Each panel has the checkpoints of
the first classifier whose loss is between two fixed levels, so that networks are compared at the
same loss. Numbers count the checkpoints at which a step of four learning rates lowers the loss;
thin lines are seeds, thick lines are medians.

The paper says that BatchNorm lets one take larger steps (Section 3), without a figure.
"""

from normscape.figures import panels, subsets
from normscape.figures.downhill import plot_downhill

TABLES = ("landscape",)

# Levels of the loss between which checkpoints are compared, from ln 10 = 2.3 downwards.
LEVELS = (2.0, 1.5, 1.1, 0.8)
LARGE_STEP = 4


def draw(tables, experiment):
    (landscape,) = (tables[name] for name in TABLES)
    model = experiment.first_model("accuracy")
    norms = subsets.choose_norms(experiment, "none", "batch")
    lr = subsets.choose_lr(landscape, model and model.name)
    rows = landscape[(landscape.model == (model and model.name)) & (landscape.lr == lr)]
    rows = rows[rows.direction == "gradient"]
    figure = panels.new_figure(2.7)
    axes = figure.subplots(1, len(LEVELS) - 1, sharey=True)
    for ax, high, low in zip(axes, LEVELS, LEVELS[1:], strict=False):
        at_level = rows[(rows.start_loss < high) & (rows.start_loss >= low)]
        counts = []
        for norm in norms:
            chosen = at_level[at_level.norm == norm.name]
            if len(chosen):
                plot_downhill(ax, chosen, color=norm.colour)
                counts.append((norm, _count_lowered(chosen)))
        for line, (norm, text) in enumerate(counts):
            place = {"transform": ax.transAxes, "va": "top", "color": norm.colour}
            ax.text(0.03, 0.98 - 0.08 * line, text, **place)
        ax.set_title(f"Loss {high:g} to {low:g}")
        panels.note_if_empty(ax)
    for ax in axes[1:]:
        ax.set_ylabel("")
    panels.add_legend(figure, norms)
    return figure


def _count_lowered(rows) -> str:
    """At how many checkpoints a step of four learning rates lowers the loss."""
    # Step sizes and rates have decimal digits: 0.4 is 4 times 0.1 except for rounding.
    large = rows[(rows.step_size / rows.lr - LARGE_STEP).abs() < 1e-9]
    lowered = (large.loss < large.start_loss).sum()
    return f"lower at {LARGE_STEP} LR: {lowered} of {len(large)}"
