"""Panels that several figures share: curves over seeds, ridges, ranges."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from figures import style


def note_if_empty(ax) -> None:
    """Say so where the experiment has nothing to show in a panel."""
    if not ax.has_data():
        # Not set_yticks: other panels may share the axis.
        ax.tick_params(which="both", length=0, labelleft=False, labelbottom=False)
        ax.grid(False)
        ax.text(
            0.5,
            0.5,
            "not in this\nexperiment's grid",
            transform=ax.transAxes,
            ha="center",
            va="center",
            color="#777777",
        )


def curve(ax, table, x, y, smooth=1, **line):
    """Mean of ``y`` over seeds against ``x``, and a band from the lowest to the highest.

    smooth : steps of a moving average within each seed. Where a seed diverged, its
    curve ends with a cross.
    """
    seeds = table.pivot_table(index=x, columns="seed", values=y, dropna=False)
    seeds = seeds.replace([np.inf, -np.inf], np.nan)
    if smooth > 1:
        seeds = seeds.rolling(smooth, min_periods=1).mean().where(seeds.notna())
    mean = seeds.mean(axis=1)
    ax.plot(mean.index, mean, **line)
    if seeds.shape[1] > 1:
        ax.fill_between(
            seeds.index,
            seeds.min(axis=1),
            seeds.max(axis=1),
            color=line.get("color"),
            alpha=0.18,
            linewidth=0,
        )
    if "diverged" in table:
        for _, run in table.groupby("seed"):
            if (run.diverged == 1).any():
                last = run[np.isfinite(run[y])].tail(1)
                ax.plot(last[x], last[y], "x", color=line.get("color"), markersize=5)


def progress(ax, history, model, names, norms, lrs=None):
    """How a model's training goes: accuracy of a classifier, loss of a regression."""
    table = history[history.model == model]
    if model == "vgg":
        lrs = training(ax, table, names, norms, "accuracy", 10, lrs)
        ax.set_ylabel("Training accuracy\n(moving average of 10 steps)")
    else:
        lrs = training(ax, table, names, norms, "loss", 1, lrs)
        ax.set_ylabel("Training loss (summed squares)")
        if ax.lines:
            ax.set_yscale("log")
    return lrs


def training(ax, table, names, norms, y, smooth=1, lrs=None):
    """Training curves of one model: a colour a normaliser, a dash a learning rate."""
    lrs = list(table.lr.unique()) if lrs is None else lrs
    for name in names:
        for lr, dash in zip(lrs, style.LINE_STYLES, strict=False):
            rows = table[(table.norm == name) & (table.lr == lr)]
            if len(rows):
                curve(
                    ax,
                    rows,
                    "step",
                    y,
                    smooth,
                    color=norms.colour(name),
                    linestyle=dash,
                )
    ax.set_xlabel("Step")
    note_if_empty(ax)
    return lrs


def legend(figure, names, norms, lrs=()):
    """One legend for the figure, above it: colours, and dashes where there are some."""
    handles = [
        Line2D([], [], color=norms.colour(name), label=norms.label(name))
        for name in names
    ]
    if len(lrs) > 1:
        handles += [
            Line2D([], [], color="#555555", linestyle=dash, label=style.lr_label(lr))
            for lr, dash in zip(lrs, style.LINE_STYLES, strict=False)
        ]
    if any(line.get_gid() == "paper" for ax in figure.axes for line in ax.lines):
        handles.append(
            Line2D([], [], color="#555555", ls=":", lw=0.7, label="As in the paper")
        )
    figure.legend(
        handles=handles, loc="outside upper center", ncols=min(len(handles), 7)
    )


def log_x(ax, values) -> None:
    """A logarithmic x axis with ticks at the values, or at powers of ten over a wide span."""
    ax.set_xscale("log")
    values = sorted(set(values))
    if values and values[-1] < 100 * values[0]:
        span = values[-1] / values[0]
        # A label needs up to a quarter of the axis; the last value keeps its own.
        shown = [
            value
            for value, after in zip(values, values[1:], strict=False)
            if after / value > span ** (1 / 4)
        ]
        ax.set_xticks(
            values, [f"{v:g}" if v in (*shown, values[-1]) else "" for v in values]
        )
    ax.minorticks_off()


def probed_lr(table, model):
    """The learning rate at which a figure of one rate shows a model: the first."""
    rows = table[table.model == model]
    return rows.lr.iloc[0] if len(rows) else None


def ridges(ax, histograms, colour):
    """Histograms of one run, layer and unit: a ridge a step, the first at the top.

    Each ridge is scaled to the same height; the axis spans the central 99.9 % of the
    values of all steps.
    """
    steps = sorted(histograms.step.unique())
    histograms = histograms.dropna(subset="density")
    if histograms.empty:
        note_if_empty(ax)
        return
    mass = histograms.density * (histograms.right - histograms.left)
    centre = (histograms.left + histograms.right) / 2
    order = np.argsort(centre.to_numpy())
    share = np.cumsum(mass.to_numpy()[order])
    share /= share[-1]
    low, high = np.interp([0.0005, 0.9995], share, centre.to_numpy()[order])
    for i, step in enumerate(steps):
        bins = histograms[histograms.step == step]
        offset = -i
        if bins.empty:
            ax.text((low + high) / 2, offset, "diverged", ha="center", color=colour)
            continue
        height = 1.4 * bins.density / bins.density.max()
        edges = np.append(bins.left.to_numpy(), bins.right.to_numpy()[-1])
        ax.stairs(
            height + offset,
            edges,
            baseline=offset,
            fill=True,
            facecolor=colour,
            edgecolor="white",
            linewidth=0.4,
            alpha=0.75,
            zorder=i + 2,
        )
    margin = 0.04 * (high - low)
    ax.set_xlim(low - margin, high + margin)
    ax.set_ylim(-len(steps) + 0.8, 1.6)
    ax.set_yticks([-i for i in range(len(steps))], [str(step) for step in steps])
    ax.grid(False)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_locator(MaxNLocator(3))


def ridge_grid(figure, histograms, model, layers, names, norms):
    """A row a layer, a column a normaliser: one unit's activations, first seed."""
    rows = histograms[
        (histograms.model == model)
        & (histograms.scope == "unit")
        & (histograms.lr == probed_lr(histograms, model))
    ]
    rows = rows[rows.seed == rows.seed.min()]
    axes = figure.subplots(len(layers), max(len(names), 1), squeeze=False)
    for axes_row, layer in zip(axes, layers, strict=True):
        for ax, name in zip(axes_row, names, strict=False):
            chosen = rows[(rows.layer == layer) & (rows.norm == name)]
            ridges(ax, chosen, norms.colour(name))
            ax.set_title(f"{norms.label(name)}, layer {layer}")
        axes_row[0].set_ylabel("Step")
    figure.supxlabel("Activation of one unit", fontsize="medium")


# Lowest and highest column of landscape_ranges, and the label of the axis.
QUANTITIES = {
    "loss": ("loss_low", "loss_high", "Loss along the direction"),
    "gradient": (
        "gradient_change_low",
        "gradient_change_high",
        "Change of gradient ($\\ell_2$)",
    ),
    "beta": (None, "effective_beta", "Effective $\\beta$"),
}


# As in the paper, and for the deep linear network, whose values span many decades, all.
LOG_AXES = {"vgg": ("loss",), "dln": ("loss", "gradient", "beta")}


PAPER_CURVES = {
    "loss": "loss_range",
    "gradient": "gradient_change_range",
    "beta": "effective_beta",
}


def paper(ax, curves, model, quantity, names, norms, steps) -> None:
    """The paper's own curves as thin dotted lines, if ``steps`` reach as far as they."""
    rows = curves[(curves.model == model) & (curves.quantity == quantity)]
    if len(steps) == 0 or steps.max() < 0.9 * rows.step.max():
        return
    for name in names:
        chosen = rows[rows.norm == name]
        for end in ("low", "high") if len(chosen) else ():
            ax.plot(
                chosen.step,
                chosen[end],
                ":",
                color=norms.colour(name),
                linewidth=0.7,
                gid="paper",
            )


def landscape(axes, ranges, model, names, norms, direction="gradient", curves=None):
    """Up to three panels: range of the loss, of the gradient change, effective beta.

    Bands span the means over seeds (and draws) of the lowest and of the highest value;
    effective beta has a line for its mean and a band over seeds.

    curves : the paper's, to be shown where the scale is the paper's.
    """
    rows = ranges[
        (ranges.model == model)
        & (ranges.direction == direction)
        & (ranges.lr == probed_lr(ranges, model))
    ]
    for ax, (quantity, (low, high, label)) in zip(
        axes, QUANTITIES.items(), strict=False
    ):
        for name in names:
            seeds = rows[rows.norm == name]
            if seeds[high].notna().sum() == 0:
                continue
            colour = norms.colour(name)
            if low is None:
                curve(ax, seeds, "step", high, color=colour, marker="o")
                continue
            means = seeds.groupby("step")[[low, high]].mean()
            ax.fill_between(
                means.index, means[low], means[high], color=colour, alpha=0.3, lw=0
            )
            ax.plot(means.index, means[high], color=colour, marker="o")
            ax.plot(means.index, means[low], color=colour, linewidth=0.6)
        if curves is not None:
            paper(ax, curves, model, PAPER_CURVES[quantity], names, norms, rows.step)
        if quantity in LOG_AXES[model] and ax.has_data():
            ax.set_yscale("log")
        ax.set_xlabel("Step")
        ax.set_ylabel(label)
        note_if_empty(ax)


def new(height):
    """A figure of full width and the height in inches."""
    return plt.figure(figsize=(style.WIDTH, height))


def lp_landscape(axes, tables, model, names, norms):
    """The training curve of a model, then the three panels of its landscape."""
    ranges = tables["landscape_ranges"]
    lr = probed_lr(ranges, model)
    if lr is not None:
        axes[0].set_title(style.lr_label(lr))
    progress(axes[0], tables["history"], model, names, norms, [lr])
    landscape(axes[1:], ranges, model, names, norms)


def mark_diverged(ax, runs, norms):
    """Crosses at the bottom of a panel for runs that diverged, by learning rate."""
    diverged = runs[runs.diverged_at.notna()]
    for name, lr in diverged.groupby(["norm", "lr"]).groups:
        at_bottom = ax.get_xaxis_transform()
        ax.plot(lr, 0.03, "x", color=norms.colour(name), transform=at_bottom)
