"""Lines that summarise seeds, and curves of training."""

import functools

import numpy as np

from normscape.claims.outcomes import FAILURES
from normscape.experiment import Model
from normscape.figures import style
from normscape.figures.panels import note_if_empty, set_log_y
from normscape.figures.subsets import choose_lrs
from normscape.tables import CELL

# With more normalisers, bands hide each other, and dashes cannot be distinguished.
MAX_BANDS = 5
# The paper's curves are shown where our runs have at least this share of their steps. In
# shorter runs few of the paper's points would remain.
MIN_SHARE_OF_PAPER = 1 / 5


def failed_outcomes(rows) -> list[str]:
    """The outcomes, other than learnt, of the runs that these rows of a table belong to.

    ``src/figure.py`` gives every table of runs a column ``outcome``.
    """
    outcomes = set(rows.outcome) if "outcome" in rows else set()
    return [outcome for outcome in FAILURES if outcome in outcomes]


def run_columns(table) -> list[str]:
    """The columns that identify a run, with its outcome where the table has it."""
    return [column for column in (*CELL, "outcome") if column in table]


def plot_line(ax, x, y, rows, **line) -> None:
    """Plot a line that summarises runs; it is hollow if a run stayed at chance or diverged.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    x, y : array_like
        Of shape (points,).
    rows : pandas.DataFrame
        Rows of the runs that the line summarises.
    **line
        Arguments of ``ax.plot``.
    """
    outcomes = failed_outcomes(rows)
    ax.plot(x, y, **line | (style.WIDE if outcomes else {}))
    for outcome in outcomes:
        ax.plot(x, y, **line | style.WHITE, gid=outcome)


def plot_mean(ax, table, x, y, smooth=1, band=True, **line) -> None:
    """Plot the mean of ``y`` over seeds against ``x``, with a band over their range.

    The curve of a seed that diverged ends with a cross.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    table : pandas.DataFrame
        With a column ``seed``.
    x, y : str
        Columns of the table.
    smooth : int
        Number of rows of a moving average within each seed.
    band : bool
        Whether to draw the range.
    **line
        Arguments of ``ax.plot``.
    """
    seeds = table.pivot_table(index=x, columns="seed", values=y, dropna=False)
    seeds = seeds.replace([np.inf, -np.inf], np.nan)
    if smooth > 1:
        seeds = seeds.rolling(smooth, min_periods=1).mean().where(seeds.notna())
    mean = seeds.mean(axis=1)
    plot_line(ax, mean.index, mean, table, **line)
    if band and seeds.shape[1] > 1:
        low, high = seeds.min(axis=1), seeds.max(axis=1)
        fill = {"color": line.get("color"), "alpha": 0.18, "linewidth": 0}
        ax.fill_between(seeds.index, low, high, **fill)
    if "diverged" in table:
        for _, run in table.groupby("seed"):
            if (run.diverged == 1).any():
                last = run[np.isfinite(run[y])].tail(1)
                ax.plot(last[x], last[y], "x", color=line.get("color"), markersize=5)


def plot_medians(ax, table, x, y, thin=True, **line) -> None:
    """Plot the median of a positive ``y`` over seeds, and each seed as a thin line.

    Medians are those of logarithms: with an even number of seeds, the geometric mean of the middle
    two. Rows of one seed at the same ``x`` are averaged in the same way. An empty or infinite value
    has overflowed. It counts as the largest value, also for later steps of a run that ends with it,
    and is drawn as a triangle at the top edge.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    table : pandas.DataFrame
        With a column ``seed``.
    x, y : str
        Columns of the table.
    thin : bool
        Whether to draw the seeds.
    **line
        Arguments of ``ax.plot``.
    """
    if table.empty:
        return
    with np.errstate(divide="ignore"):
        logarithms = np.log(table[y].fillna(np.inf))
    seeds = logarithms.groupby([table[x], table.seed]).mean().unstack()
    overflowed = seeds == np.inf
    seeds = seeds.mask(seeds.isna() & overflowed.cummax(), np.inf)
    median = _exponentiate(seeds.median(axis=1))
    plot_line(ax, median.index, median, table, **line)
    if thin and seeds.shape[1] > 1:
        for _, seed in seeds.items():
            thin_line = line | style.SEED | {"marker": ""}
            ax.plot(seeds.index, _exponentiate(seed), **thin_line)
    tops = seeds.index[overflowed.any(axis=1)]
    if len(tops):
        top_edge = {"transform": ax.get_xaxis_transform(), "clip_on": False}
        mark = {"color": line.get("color"), "gid": "overflow"}
        ax.plot(tops, np.ones(len(tops)), "^", **mark, **top_edge)


def _exponentiate(logarithms):
    """The values, without those that overflowed."""
    return np.exp(logarithms).replace(np.inf, np.nan)


def plot_medians_of_norms(ax, table, norms, x, y) -> None:
    """Plot ``plot_medians`` of each normaliser in its colour, with marks."""
    for norm in norms:
        rows = table[table.norm == norm.name]
        plot_medians(ax, rows, x, y, color=norm.colour, marker="o")


def plot_progress(ax, history, model: Model | None, norms, lrs=None) -> list:
    """Plot a model's training: accuracy of a classifier, loss of a regression.

    Returns the learning rates shown.
    """
    if model is None:
        note_if_empty(ax)
        return []
    table = history[history.model == model.name]
    plot = plot_medians
    if model.classifies:
        plot = functools.partial(plot_mean, smooth=model.smoothing)
    lrs = plot_training(ax, table, norms, model.metric, lrs, plot)
    if model.classifies:
        ax.set_ylabel(f"Training accuracy\n(moving average of {model.smoothing} steps)")
    else:
        ax.set_ylabel(f"Training loss ({model.loss})")
        if ax.lines:
            set_log_y(ax)
    return lrs


def plot_training(ax, table, norms, y, lrs=None, plot=None) -> list:
    """Plot one model's ``y`` over steps: one colour per normaliser, one dash per learning rate.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    table : pandas.DataFrame
        Rows of one model, with the columns norm, lr, seed and step.
    norms : list[normscape.experiment.Norm]
    y : str
        Column of the table.
    lrs : list[float], optional
        Learning rates; by default the first two of the table.
    plot : callable, optional
        ``plot_mean`` (the default, with bands for up to ``MAX_BANDS`` normalisers) or
        ``plot_medians``.

    Returns
    -------
    list[float]
        The learning rates shown.
    """
    lrs = choose_lrs(table) if lrs is None else lrs
    plot = plot or functools.partial(plot_mean, band=table.norm.nunique() <= MAX_BANDS)
    for norm in norms:
        for lr, dash in zip(lrs, style.LINE_STYLES, strict=False):
            rows = table[(table.norm == norm.name) & (table.lr == lr)]
            if len(rows):
                plot(ax, rows, "step", y, color=norm.colour, linestyle=dash)
    ax.set_xlabel("Step")
    ax.locator_params(axis="x", nbins=5)  # labels such as 10000 need room
    note_if_empty(ax)
    return lrs


def plot_paper_curves(ax, paper, y, norms, steps) -> None:
    """Plot the paper's own curves as thin dotted lines, up to the last of our ``steps``.

    Nothing is drawn where ours have less than ``MIN_SHARE_OF_PAPER`` of its steps.

    paper : rows of one network and learning rate, as ``claims.paper_curves.tables`` gives them.
    """
    paper = paper.dropna(subset=y)
    if len(steps) == 0 or not steps.max() >= MIN_SHARE_OF_PAPER * paper.step.max():
        return
    paper = paper[paper.step <= steps.max()]
    for norm in norms:
        rows = paper[paper.norm == norm.name]
        if len(rows):
            line = {"color": norm.colour, "linewidth": 0.7, "gid": "paper"}
            ax.plot(rows.step, rows[y], ":", **line)
