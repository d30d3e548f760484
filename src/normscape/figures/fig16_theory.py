"""Figure 16: the theorems' bounds against the actual values.

One point per unit, of random instances or of a trained network. Points on the line attain the
bound; points above it violate the bound. Where v3 of the paper prints another form than the
one that holds, both forms are shown.

The paper's Section 4 proves the bounds, without a figure.
"""

from itertools import cycle

import numpy as np

from normscape.claims.outcomes import FAILURES
from normscape.figures import curves, panels

TABLES = ("theory_instances",)

PANELS = (
    ("Theorem 4.1", "holds"),
    ("Theorem 4.2", "holds"),
    ("Theorem 4.4", "holds"),
    ("Theorem 4.1", "printed"),
    ("Lemma 4.5", "holds"),
    ("Theorem 4.4", "printed"),
)
COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00")


def draw(tables, experiment):
    instances = tables["theory_instances"]
    origins = {"random": ("#999999", "Random units")}
    for model, colour in zip(experiment.models.values(), cycle(COLOURS), strict=False):
        rows = instances[instances.model == model.name]
        failures = [f", {FAILURES[o]}" for o in curves.failed_outcomes(rows)]
        origins[model.name] = colour, f"{model.label}, trained{''.join(failures)}"
    figure = panels.new_figure(4.6)
    axes = figure.subplots(2, 3).flat
    for ax, (statement, form) in zip(axes, PANELS, strict=True):
        rows = instances[(instances.statement == statement) & (instances.form == form)]
        for model, (colour, label) in origins.items():
            chosen = rows[rows.model == model]
            points = {"color": colour, "alpha": 0.5, "label": label}
            ax.plot(chosen.bound, chosen.actual, ".", **points)
        if len(rows):
            _set_log_axes(ax, np.sort(rows[["actual", "bound"]].to_numpy().flatten()))
        ax.set_title(statement + (", as printed" if form == "printed" else ""))
        ax.set_xlabel("Bound")
        ax.set_ylabel("Actual value")
        panels.note_if_empty(ax)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside upper center", ncols=len(labels), markerscale=3
    )
    return figure


def _set_log_axes(ax, values):
    """Draw the line of equality; make axes logarithmic, signed where values are."""
    ax.plot(values, values, color="black", linewidth=0.6, zorder=0)
    if values[0] > 0:
        ax.loglog()
        ax.minorticks_off()
        return
    smallest = np.abs(values[values != 0]).min()
    ax.set_xscale("symlog", linthresh=smallest)
    ax.set_yscale("symlog", linthresh=smallest)
    ends = [np.sign(v) * 10 ** np.floor(np.log10(abs(v))) for v in values[[0, -1]]]
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_ticks([ends[0], 0, ends[1]])
        axis.set_ticks([], minor=True)
