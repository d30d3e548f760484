"""Figure 20: internal covariate shift (ICS) by layer, early and late in training.

Figure 3's quantities per layer, over the first and the last quarter of training: median cosine and
geometric mean of the ℓ2 difference, at steps at which all runs were measured. Thick lines are
medians over seeds, thin lines are seeds. The first layer has no preceding layers, so it has no ICS.

The paper shows two layers of each network.
"""

from normscape.claims.selection import shared_steps
from normscape.figures import curves, ics_panels, panels, style, subsets

TABLES = ("ics",)

CLAIMS_OF = ("fig03_internal_covariate_shift",)

# Windows of training, as shares of its steps.
WINDOWS = {"first quarter": (0, 0.25), "last quarter": (0.75, 1)}


def draw(tables, experiment):
    norms = subsets.choose_norms(experiment, "none", "batch")
    ics = tables["ics"].query("layer > 1")
    ics = ics[ics.norm.isin([norm.name for norm in norms])]
    figure, grid = ics_panels.new_figure(experiment, ics, height=1.7)
    for model, lr, rows, axes in grid:
        rows = shared_steps(rows)
        share = rows.step / rows.step.max()
        for pair, (window, (start, end)) in zip(
            (axes[:2], axes[2:]), WINDOWS.items(), strict=True
        ):
            _plot_window(*pair, rows[share.between(start, end)], norms)
            for ax in pair:
                ax.set_title(f"{style.runs_label(model, lr)}\n{window}")
        _share_y(axes[::2])
    ics_panels.finish_figure(figure, norms, "Layer")
    return figure


def _plot_window(difference, cosine, ics, norms):
    curves.plot_medians_of_norms(difference, ics, norms, "layer", "l2_difference")
    for norm in norms:
        rows = ics[ics.norm == norm.name]
        if len(rows):
            seeds = rows.groupby(["layer", "seed"]).cosine.median().unstack()
            median = seeds.median(axis=1)
            line = {"color": norm.colour, "marker": "o"}
            curves.plot_line(cosine, median.index, median, rows, **line)
            cosine.plot(seeds, **line | style.SEED | {"marker": ""})
    ics_panels.format_pair(difference, cosine)


def _share_y(axes):
    """Give panels that are compared, early and late, the same scale."""
    filled = [ax for ax in axes if ax.has_data()]
    low = min((ax.get_ylim()[0] for ax in filled), default=0)
    high = max((ax.get_ylim()[1] for ax in filled), default=1)
    for ax in filled:
        ax.set_ylim(low, high)
        panels.set_log_y(ax)
