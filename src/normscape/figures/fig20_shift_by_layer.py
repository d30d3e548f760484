"""Figure 20: internal covariate shift, layer by layer, early and late.

What Figure 3 shows of two layers over training, here of every layer, over the probes of the
first quarter of training and of the last, at the steps at which all runs were probed. For
each seed the median over these probes (of the cosine) or their geometric mean (of the L2
difference); thick lines are medians over seeds, thin ones the seeds. The first layer has
nothing below it and so no shift.

The paper shows two layers of each network.
"""

from normscape.claims.quantities import shared_steps
from normscape.figures import curves, shifts, style

TABLES = ("ics",)

CLAIMS_OF = ("fig03_internal_covariate_shift",)

# Which share of the steps counts.
WINDOWS = {"first quarter": (0, 0.25), "last quarter": (0.75, 1)}


def draw(tables, experiment):
    norms = curves.choose(experiment, "none", "batch")
    of_both = tables["ics"].norm.isin([norm.name for norm in norms])
    ics = tables["ics"][of_both].query("layer > 1")
    figure, rows = shifts.new(experiment, ics, height=1.7)
    for model, lr, of_rate, row in rows:
        of_rate = shared_steps(of_rate)
        share = of_rate.step / of_rate.step.max()
        for panels, (window, (start, end)) in zip(
            (row[:2], row[2:]), WINDOWS.items(), strict=True
        ):
            _draw_window(*panels, of_rate[share.between(start, end)], norms)
            for ax in panels:
                ax.set_title(f"{style.runs_label(model, lr)}\n{window}")
        _share_y(row[::2])
    shifts.finish(figure, norms, "Layer")
    return figure


def _draw_window(difference, cosine, ics, norms):
    for norm in norms:
        seeds = ics[ics.norm == norm.name]
        line = {"color": norm.colour, "marker": "o"}
        if len(seeds):
            curves.medians(difference, seeds, "layer", "l2_difference", **line)
            of_seed = seeds.groupby(["layer", "seed"]).cosine.median().unstack()
            middle = of_seed.median(axis=1)
            curves.plot(cosine, middle.index, middle, seeds, **line)
            cosine.plot(of_seed, **line | style.SEED | {"marker": ""})
    shifts.finish_pair(difference, cosine)


def _share_y(axes):
    """Early and late side by side are compared, so on one scale."""
    filled = [ax for ax in axes if ax.has_data()]
    low = min((ax.get_ylim()[0] for ax in filled), default=0)
    high = max((ax.get_ylim()[1] for ax in filled), default=1)
    for ax in filled:
        ax.set_ylim(low, high)
        curves.log_y(ax)
