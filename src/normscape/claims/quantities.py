"""Quantities: the numbers that claims are about, and that the page's explorer shows.

A quantity is a function of tables (``tables/tables.yaml`` and the declarations of probes
describe their columns). It returns a Series with one number per step, indexed by ``STEP``, or
one number per run, indexed by ``CELL``. A number that has overflowed is infinite. A number
that a run cannot give is NaN.

To add a quantity, write a function here. Then only claims, figures and the page are made again:

    @quantity(tables=["weights"], label="Norm of the weights, mean over layers")
    def weight_norm(weights):
        return weights.groupby(STEP).weight_norm.mean()
"""

import dataclasses
import functools
from collections.abc import Callable
from operator import attrgetter

import numpy as np
import pandas as pd

from normscape.claims.outcomes import LEARNT
from normscape.tables import CELL

STEP = [*CELL, "step"]
# A final accuracy of at least this share of the normaliser's best counts as training well.
TRAINS_WELL = 0.9


@dataclasses.dataclass(frozen=True)
class Quantity:
    """A quantity as the decorator ``quantity`` declares it.

    Attributes
    ----------
    name, label : str
        Name in files of claims, and label on the page.
    tables : tuple[str, ...]
        Names of the tables that ``compute`` takes, in order.
    compute : callable
        Returns a Series with one number per step or run.
    over_steps : {"median", "last", "percentile_90"} or None
        Summary of the numbers of a run's steps; None if ``compute`` returns one number per run.
    same_loss : bool
        Whether runs are compared at the same training loss, too.
    explored : bool
        Whether the explorer of the results page offers its curves.
    listed : bool
        Whether it is compared with the paper's curves although no claim is about it.
    """

    name: str
    label: str
    tables: tuple[str, ...]
    compute: Callable[..., pd.Series]
    over_steps: str | None = "median"
    same_loss: bool = False
    explored: bool = True
    listed: bool = False


QUANTITIES: dict[str, Quantity] = {}


def quantity(*, tables: list[str], label: str, **options):
    """Decorator that declares a function as a quantity of the same name.

    Parameters
    ----------
    tables : list[str]
        Names of the tables that the function takes, in order.
    label : str
        Label on the page.
    **options
        Other attributes of ``Quantity``.

    Raises
    ------
    ValueError
        If there is a quantity of this name.
    """

    def add(function):
        name = function.__name__
        if name in QUANTITIES:
            raise ValueError(f"quantities.py: {name}: already defined; rename one")
        QUANTITIES[name] = Quantity(name, label, tuple(tables), function, **options)
        return function

    return add


def average_rows(table: pd.DataFrame, values: pd.Series, average: str) -> pd.Series:
    """Average values over the rows of each step.

    Parameters
    ----------
    table : pandas.DataFrame
        With the columns of ``STEP``.
    values : pandas.Series
        One value per row of the table.
    average : {"mean", "median", "geometric_mean"}

    Returns
    -------
    pandas.Series
        Indexed by ``STEP``; NaN if one of the step's values is NaN.

    Examples
    --------
    >>> rows = pd.DataFrame({name: [0, 0] for name in STEP} | {"value": [1.0, 100.0]})
    >>> round(average_rows(rows, rows.value, "geometric_mean").item(), 6)
    10.0
    """
    groups = table[STEP].assign(value=values).groupby(STEP, sort=False).value
    if average == "geometric_mean":
        return groups.agg(_geometric_mean)
    return getattr(groups, average)(skipna=False)


def _geometric_mean(values: pd.Series) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.exp(np.log(values.to_numpy()).mean())


# Training

per_run = functools.partial(quantity, over_steps=None, explored=False)


@quantity(tables=["history"], label="Training loss")
def loss(history):
    return history.set_index(STEP).loss


@quantity(tables=["history"], label="Training accuracy")
def accuracy(history):
    return history.set_index(STEP).accuracy


@quantity(
    tables=["evaluation"],
    label="Test accuracy (noisy normalisers: statistics estimated again without noise)",
)
def test_accuracy(evaluation):
    return evaluation.set_index(STEP).test_accuracy


@quantity(tables=["history"], label="Gradient norm")
def gradient_norm(history):
    return history.set_index(STEP).gradient_norm


@per_run(tables=["history"], label="Training accuracy, mean over all steps")
def mean_accuracy(history):
    """High for a run that learns early. Steps after divergence count as accuracy 0."""
    history = history.dropna(subset="accuracy")
    steps = history.groupby("model").step.max() + 1
    totals = history[history.diverged == 0].groupby(CELL).accuracy.sum()
    totals = totals.reindex(pd.MultiIndex.from_frame(history[CELL].drop_duplicates()))
    return totals.fillna(0) / totals.index.get_level_values("model").map(steps)


@per_run(tables=["history"], label="Training loss, geometric mean over all steps")
def mean_loss(history):
    """exp(mean log loss) over all steps; infinite for a run that diverged.

    It distinguishes runs whose accuracies are all near 1.
    """
    with np.errstate(divide="ignore"):
        logarithms = history.assign(value=np.log(history.loss))
    means = np.exp(logarithms.groupby(CELL).value.mean())
    return means.mask(history.groupby(CELL).diverged.max() == 1, np.inf)


def best_rates(history: pd.DataFrame) -> dict[tuple[str, str], float]:
    """By (model, norm) the learning rate of the smallest ``mean_loss`` over seeds.

    Seeds are averaged as logarithms, so that a rate at which one diverges is never the best
    unless one does at each; then it is the smallest.
    """
    losses = np.log(mean_loss(history).replace(0, np.finfo(float).tiny))
    losses = losses.groupby(["model", "norm", "lr"]).mean()
    groups = losses.fillna(np.inf).sort_index().groupby(["model", "norm"])
    return {key: rates.idxmin()[2] for key, rates in groups}


def mean_loss_at_best_rate(history: pd.DataFrame) -> pd.Series:
    """``mean_loss`` of the runs at each normaliser's ``best_rates``, indexed by ``CELL``."""
    best = [(model, norm, lr) for (model, norm), lr in best_rates(history).items()]
    losses = mean_loss(history)
    return losses[losses.index.droplevel("seed").isin(best)]


@per_run(tables=["runs"], label="Training accuracy of the last steps")
def final_accuracy(runs):
    """0 for a run that diverged. Models that do not classify have none."""
    runs = runs.set_index(CELL)
    classifies = runs.final_accuracy.notna().groupby("model").transform("any")
    runs = runs[classifies]
    return runs.final_accuracy.mask(runs.diverged_at.notna(), 0.0)


@per_run(tables=["runs"], label="Training loss of the last steps", listed=True)
def final_loss(runs):
    """Infinite for a run that diverged."""
    runs = runs.set_index(CELL)
    return runs.final_loss.mask(runs.diverged_at.notna(), np.inf)


@per_run(tables=["runs", "outcomes"], label="Largest learning rate that trains well")
def largest_learning_rate(runs, outcomes):
    """The largest learning rate at which a normaliser trains well (Bjorck et al. 2018).

    That is, with at least 0.9 times its best final accuracy over learning rates. Between
    the last rate that does and the first larger one that does not, the accuracy is
    interpolated over the rate's logarithm. The number is a lower bound where the largest
    rate of the grid still trains well. It is the smallest rate, an upper bound, where
    nothing is learnt at any. Each run of a normaliser and seed carries the number. Seeds
    that lack a rate of the normaliser's are left out, and so are normalisers of a single
    rate.
    """
    return _over_rates(
        runs, outcomes, lambda run: _largest(run) if run.learnt.any() else run.lr.min()
    )


@per_run(
    tables=["runs", "outcomes"],
    label="Range of learning rates that train well, largest / smallest",
)
def learning_rate_range(runs, outcomes):
    """The largest learning rate that trains well, over the smallest that does.

    Rates and runs are those of ``largest_learning_rate``. Where the smallest rate of the
    grid trains well, the number is a lower bound at that end, too. It is 1 where nothing is
    learnt at any rate.
    """
    return _over_rates(
        runs,
        outcomes,
        lambda run: _largest(run) / _smallest(run) if run.learnt.any() else 1.0,
    )


def _over_rates(runs, outcomes, summarise):
    """A number per normaliser and seed, from its runs at all learning rates, on each run."""
    table = final_accuracy(runs).rename("accuracy").reset_index()
    outcome = outcomes.set_index(CELL).outcome
    learnt = outcome.reindex(pd.MultiIndex.from_frame(table[CELL])) == LEARNT
    table["learnt"] = learnt.to_numpy()
    rates = table.groupby(["model", "norm"]).lr.transform("nunique")
    rates_of_seed = table.groupby(["model", "norm", "seed"]).lr.transform("nunique")
    whole = table[(rates_of_seed == rates) & (rates > 1)]
    numbers = pd.Series(index=whole.index, dtype=float)
    for _, run in whole.groupby(["model", "norm", "seed"]):
        numbers[run.index] = summarise(run)
    return numbers.set_axis(pd.MultiIndex.from_frame(whole[CELL]))


def _smallest(run) -> float:
    """As ``_largest``, from the other end: the inverse of the largest inverse rate."""
    return 1 / _largest(run.assign(lr=1 / run.lr))


def _largest(run) -> float:
    run = run.sort_values("lr")
    logarithms, accuracies = np.log(run.lr.to_numpy()), run.accuracy.to_numpy()
    well = TRAINS_WELL * accuracies.max()
    last = int(np.flatnonzero(accuracies >= well)[-1])
    if last == len(accuracies) - 1:
        return float(np.exp(logarithms[last]))
    ends = [last + 1, last]
    return float(np.exp(np.interp(well, accuracies[ends], logarithms[ends])))


# Internal covariate shift (ICS). In the first layer, G and G' are equal by definition.

ics = functools.partial(quantity, tables=["ics"], same_loss=True)


@ics(label="Internal covariate shift (ICS): l2 difference, mean over layers")
def ics_l2(ics):
    rows = ics[ics.layer > 1]
    return average_rows(rows, rows.l2_difference, "geometric_mean")


@ics(label="Internal covariate shift (ICS): cosine, mean over layers")
def ics_cosine(ics):
    rows = ics[ics.layer > 1]
    return average_rows(rows, rows.cosine, "mean")


@ics(label="Internal covariate shift (ICS): cosine, mean over hidden layers")
def ics_cosine_hidden(ics):
    rows = hidden(ics[ics.layer > 1])
    return average_rows(rows, rows.cosine, "mean")


@ics(label="Internal covariate shift (ICS): cosine, layer 5")
def ics_cosine_layer_5(ics):
    return ics[ics.layer == 5].set_index(STEP).cosine


@ics(label="Internal covariate shift (ICS): cosine, layer 10")
def ics_cosine_layer_10(ics):
    return ics[ics.layer == 10].set_index(STEP).cosine


@ics(
    label="Internal covariate shift (ICS): l2 difference / gradient norm, mean over layers"
)
def ics_relative_l2(ics):
    rows = ics[ics.layer > 1]
    return average_rows(rows, rows.l2_difference / rows.gradient_norm, "geometric_mean")


# Activations


def hidden(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of all layers but the last, which is not normalised."""
    return table[table.layer < table.groupby("model").layer.transform("max")]


def _drift(drift, scope, column):
    rows = hidden(drift)
    rows = rows[rows.scope == scope]
    return average_rows(rows, rows[column], "median")


@quantity(tables=["moment_drift"], label="Drift of one unit's mean per step")
def mean_change(drift):
    return _drift(drift, "unit", "mean_change")


@quantity(
    tables=["moment_drift"],
    label="Drift of one unit's mean before the normaliser per step",
)
def input_mean_change(drift):
    return _drift(drift, "input", "mean_change")


@quantity(tables=["moment_drift"], label="Drift of one unit's variance per step")
def variance_change(drift):
    return _drift(drift, "unit", "variance_change")


# The landscape. An empty value has overflowed. Of several random directions, a step has the
# median.

landscape = functools.partial(quantity, tables=["landscape_ranges"], same_loss=True)
excursions = functools.partial(
    quantity,
    tables=["landscape_ranges"],
    over_steps="percentile_90",
    explored=False,
)


# One value per row of landscape_ranges; figures use these four, too.


def loss_variation(rows: pd.DataFrame) -> pd.Series:
    return rows.loss_high - rows.loss_low


def largest_gradient_change(rows: pd.DataFrame) -> pd.Series:
    return rows.gradient_change_high


def largest_relative_gradient_change(rows: pd.DataFrame) -> pd.Series:
    return rows.gradient_change_high / rows.gradient_norm


def smoothness_times_lr(rows: pd.DataFrame) -> pd.Series:
    return rows.effective_beta * rows.lr


def _along(ranges, direction, value):
    rows = ranges[ranges.direction == direction]
    return average_rows(rows, value(rows).fillna(np.inf), "median")


@landscape(label="Loss variation along the gradient")
def loss_range(ranges, direction="gradient"):
    return _along(ranges, direction, loss_variation)


@landscape(label="Gradient change along the gradient")
def gradient_change(ranges, direction="gradient"):
    return _along(ranges, direction, largest_gradient_change)


@landscape(label="Effective β-smoothness")
def effective_beta(ranges, direction="gradient"):
    return _along(ranges, direction, attrgetter("effective_beta"))


@landscape(label="Relative gradient change: gradient change / gradient norm")
def relative_gradient_change(ranges, direction="gradient"):
    return _along(ranges, direction, largest_relative_gradient_change)


@landscape(label="Gradient norm at checkpoints")
def probed_gradient_norm(ranges):
    return _along(ranges, "gradient", attrgetter("gradient_norm"))


@landscape(label="Relative loss variation: loss variation / (LR ||g||²)")
def relative_loss_range(ranges):
    """A step of gradient descent lowers the loss by LR ||g||² to first order."""

    def relative(rows):
        return loss_variation(rows) / (rows.lr * rows.gradient_norm**2)

    return _along(ranges, "gradient", relative)


@quantity(
    tables=["landscape"],
    label="Reach: largest step that lowers the loss / learning rate",
    same_loss=True,
    explored=False,
)
def reach(landscape):
    """How far along the gradient the loss stays below its start, in learning rates.

    Between the last step size that lowers the loss and the next, the loss is interpolated.
    The number is a lower bound where the largest step size still lowers the loss, and the
    smallest step size, an upper bound, where none does.
    """
    rows = landscape[landscape.direction == "gradient"].sort_values("step_size")
    values = rows.groupby(STEP, sort=False)[list(rows)].apply(_reach)
    return values if len(rows) else rows.set_index(STEP).loss


def _reach(rows: pd.DataFrame) -> float:
    sizes = rows.step_size.to_numpy() / rows.lr.iloc[0]
    rise = (rows.loss - rows.start_loss).fillna(np.inf).to_numpy()
    above = np.flatnonzero(rise >= 0)
    if not above.size:
        return sizes[-1]
    first = above[0]
    if first == 0:
        return sizes[0]
    share = -rise[first - 1] / (rise[first] - rise[first - 1])
    return sizes[first - 1] + share * (sizes[first] - sizes[first - 1])


@landscape(label="Effective β-smoothness times the learning rate")
def beta_times_lr(ranges):
    return _along(ranges, "gradient", smoothness_times_lr)


@excursions(label="Loss variation along the gradient, 90th percentile")
def loss_range_excursions(ranges):
    return loss_range(ranges)


@excursions(label="Gradient change along the gradient, 90th percentile")
def gradient_change_excursions(ranges):
    return gradient_change(ranges)


@excursions(label="Effective β-smoothness, 90th percentile", listed=True)
def effective_beta_excursions(ranges):
    return effective_beta(ranges)


@landscape(
    label="Smallest gradient change along the gradient", explored=False, listed=True
)
def smallest_gradient_change(ranges):
    return _along(ranges, "gradient", attrgetter("gradient_change_low"))


@landscape(label="Loss variation along random directions")
def random_loss_range(ranges):
    return loss_range(ranges, "random")


@landscape(label="Gradient change along random directions")
def random_gradient_change(ranges):
    return gradient_change(ranges, "random")


@landscape(label="Effective β-smoothness along random directions")
def random_effective_beta(ranges):
    return effective_beta(ranges, "random")


# Along these, all networks move equally far relative to their weights.
@landscape(label="Loss variation along random directions of the weights' length")
def random_loss_range_relative(ranges):
    return loss_range(ranges, "relative")


@landscape(
    label="Relative gradient change along random directions of the weights' length"
)
def random_gradient_change_relative(ranges):
    return relative_gradient_change(ranges, "relative")


# Curvature. An empty value has overflowed, except where the iteration did not converge.

curvature = functools.partial(quantity, tables=["curvature"], same_loss=True)


@curvature(label="Largest eigenvalue of the Hessian")
def largest_eigenvalue(curvature):
    rows = curvature[curvature.converged != 0]
    return rows.set_index(STEP).largest_eigenvalue.fillna(np.inf)


@curvature(label="Largest eigenvalue of the Hessian times the learning rate")
def largest_eigenvalue_times_lr(curvature):
    """Gradient descent is unstable along the eigenvector above 2 (Cohen et al. 2021).

    With momentum or Adam the edge is elsewhere.
    """
    rows = curvature[curvature.converged != 0].set_index(STEP, drop=False)
    return (rows.largest_eigenvalue * rows.lr).fillna(np.inf)


@quantity(
    tables=["curvature"],
    label="Largest eigenvalue of the Hessian times the learning rate, at the last checkpoint",
    over_steps="last",
    explored=False,
)
def final_largest_eigenvalue_times_lr(curvature):
    return largest_eigenvalue_times_lr(curvature)


@curvature(label="Curvature along the gradient")
def gradient_curvature(curvature):
    return curvature.set_index(STEP).gradient_curvature.fillna(np.inf)


@curvature(label="Curvature along the gradient times the learning rate")
def gradient_curvature_times_lr(curvature):
    rows = curvature.set_index(STEP, drop=False)
    return (rows.gradient_curvature * rows.lr).fillna(np.inf)


@quantity(
    tables=["curvature"],
    label="Curvature along the gradient times the learning rate, at the last checkpoint",
    over_steps="last",
    explored=False,
)
def final_gradient_curvature_times_lr(curvature):
    return gradient_curvature_times_lr(curvature)


@curvature(label="Curvature along the gradient / largest eigenvalue of the Hessian")
def gradient_alignment(curvature):
    """At most 1, where the gradient is the eigenvector; negative along a saddle."""
    rows = curvature.set_index(STEP)
    return rows.gradient_curvature / rows.largest_eigenvalue


# Depth


@quantity(
    tables=["depth_slope"],
    label="Slope over depth of log ||dL/dh||²",
    same_loss=True,
)
def gradient_slope(depth_slope):
    return depth_slope.set_index(STEP).slope


@quantity(
    tables=["depth_slope"],
    label="Slope over depth of log ||dL/dh||² before training",
    explored=False,
)
def gradient_slope_at_start(depth_slope):
    first = depth_slope.groupby(CELL).step.transform("min")
    return gradient_slope(depth_slope[depth_slope.step == first])


@quantity(tables=["rank"], label="Learnt rank", over_steps="last")
def learnt_rank(rank):
    return rank.set_index(STEP).learnt_rank


# Similarity of samples


@quantity(tables=["similarity"], label="Similarity of samples in the last hidden layer")
def similarity(similarity):
    return similarity.set_index(STEP).similarity


def similarity_at_start(similarity: pd.DataFrame) -> pd.Series:
    """The similarity at the first checkpoint, by model, norm and seed.

    All learning rates of a seed have the same weights there.
    """
    first = similarity.groupby(CELL).step.transform("min")
    rows = similarity[similarity.step == first]
    return rows.groupby(["model", "norm", "seed"]).similarity.first()


@per_run(
    tables=["similarity", "history"],
    label="Rank correlation over normalisers: similarity before training, mean loss",
)
def similarity_loss_correlation(similarity, history):
    """Spearman's correlation, at each normaliser's best learning rate.

    One number per network and seed, which each of its runs carries; NaN for fewer than
    three normalisers.
    """
    pairs = similarity_at_start(similarity).to_frame("similarity")
    losses = mean_loss_at_best_rate(history).droplevel("lr")
    pairs = pairs.join(losses.rename("loss")).dropna()
    ranks = pairs.groupby(["model", "seed"]).rank()
    numbers = {
        network: rows.similarity.corr(rows.loss) if len(rows) > 2 else np.nan
        for network, rows in ranks.groupby(["model", "seed"])
    }
    runs = similarity[CELL].drop_duplicates()
    values = [
        numbers.get(key, np.nan) for key in zip(runs.model, runs.seed, strict=True)
    ]
    return pd.Series(values, index=pd.MultiIndex.from_frame(runs), dtype=float)


# Scale invariance

invariance = functools.partial(quantity, tables=["invariance"], same_loss=True)


@invariance(label="Absolute cosine of weight and gradient, mean over hidden layers")
def weight_gradient_cosine(invariance):
    rows = hidden(invariance)
    return average_rows(rows, rows.cosine.abs(), "mean")


@invariance(label="Effective learning rate LR / ||W||², mean over hidden layers")
def effective_learning_rate(invariance):
    rows = hidden(invariance)
    return average_rows(rows, rows.lr / rows.weight_norm**2, "geometric_mean")


@invariance(
    label="Angle between a weight before and after a step (degrees), mean over hidden layers"
)
def angle_turned(invariance):
    rows = hidden(invariance)
    return average_rows(rows, rows.angle, "mean")


@invariance(label="Relative change of a weight per step, mean over hidden layers")
def relative_update(invariance):
    rows = hidden(invariance)
    return average_rows(rows, rows.relative_update, "mean")


@invariance(
    label="Curvature along a layer's gradient times ||W||², mean over hidden layers"
)
def scale_free_curvature(invariance):
    rows = hidden(invariance)
    return average_rows(rows, rows.gradient_curvature * rows.weight_norm**2, "mean")


@per_run(
    tables=["invariance"],
    label="Effective learning rate LR / ||W||², last checkpoint / first",
)
def effective_rate_change(invariance):
    """Arora et al. 2018: the geometric mean over hidden layers, below 1 where weights grow."""
    rows = hidden(invariance).sort_values("step")
    norms = rows.groupby([*CELL, "layer"]).weight_norm
    logarithms = 2 * np.log(norms.first() / norms.last())
    return np.exp(logarithms.groupby(CELL).mean())
