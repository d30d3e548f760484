"""Made-up runs, each given as functions of step and of loss, and claims about them."""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments import experiment
from normscape.claims import judge as judge_
from normscape.claims.claim import Claim
from normscape.claims.outcomes import determine
from normscape.summaries import runs
from normscape.tables import CELL, frames

CURVES = frames.read(["workflow/resources/paper_curves.csv"])["paper_curves"]


# Of the models of made-up runs, most of which begin there.
CONSTANT_LOSS = 2.3


class Run(NamedTuple):
    """A run: its training losses by step, and what a probe sees at some steps.

    values : of every quantity of the landscape along the gradient, and of every layer's
        shift; infinite where they overflow.
    accuracy : the same at all steps, and of a network that does not classify unused.
    diverges_at : the last recorded step, or None; after it, values are unknown.
    """

    losses: np.ndarray
    probed: np.ndarray
    values: np.ndarray
    accuracy: float
    diverges_at: int | None


def run(
    loss,
    around=lambda step, loss: loss,
    *,
    steps=200,
    probed=None,
    accuracy=0.9,
    diverges_at=None,
) -> Run:
    """A run whose loss is a function of the step, and its values of step and loss.

    Probed at every tenth step, the one after the last included, unless told otherwise.
    """
    at = np.arange(0, steps + 1, 10) if probed is None else np.array(probed)
    values = np.broadcast_to(around(at, loss(at)), at.shape).astype(float)
    if diverges_at is not None:
        steps = diverges_at + 1
        values = np.where(at > diverges_at, math.nan, values)
    losses = np.broadcast_to(loss(np.arange(steps)), steps).astype(float)
    return Run(losses, at, values, accuracy, diverges_at)


def ends_at(loss: float) -> Run:
    """A run whose loss falls from 100 to this one at once; infinite: it diverges."""
    if math.isinf(loss):
        return run(lambda step: 100.0, diverges_at=7)
    return run(lambda step: np.where(step == 0, 100.0, loss), steps=51)


def falls(by: float, start: float = 2.3):
    """A loss that falls by a factor of e in so many steps."""
    return lambda step: start * np.exp(-step / by)


def tables(model="dln", lr=0.1, **norms) -> frames.Tables:
    """Tables of an experiment with the runs of each norm, a seed each from 0.

    A number stands for a run that ends at this loss; where None stands, there is no run.
    """
    actual = {"history": [], "landscape_ranges": [], "ics": []}
    for norm, of_norm in norms.items():
        for seed, one in enumerate(of_norm):
            if one is None:
                continue
            if not isinstance(one, Run):
                one = ends_at(one)
            cell = dict(zip(CELL, (model, norm, lr, seed), strict=True))
            for name, table in _tables(one).items():
                actual[name].append(table.assign(**cell))
    actual = {name: pd.concat(made) for name, made in actual.items()}
    no_evaluation = pd.DataFrame(columns=[*CELL, "step", "test_accuracy"])
    return actual | {"runs": runs.summarise(actual["history"], no_evaluation)}


def _tables(one: Run):
    steps = np.arange(len(one.losses))
    diverged = steps == one.diverges_at
    history = {
        "step": steps,
        "loss": np.where(diverged, math.nan, one.losses),
        "penalty": 0.0,
        "accuracy": one.accuracy,
        "gradient_norm": 1.0,
        "diverged": diverged.astype(int),
    }
    # What overflows is empty (``summaries.landscape_ranges``).
    written = np.where(np.isinf(one.values), math.nan, one.values)
    ranges = {
        "step": one.probed,
        "direction": "gradient",
        "draw": 0,
        "loss_low": 0.0,
        "loss_high": written,
        "gradient_change_low": 0.0,
        "gradient_change_high": written,
        "effective_beta": written,
        "gradient_norm": 1.0,
    }
    layers = [
        pd.DataFrame(
            {"step": one.probed, "layer": layer, "cosine": cosine, "l2_difference": l2}
        )
        for layer, cosine, l2 in (
            (1, 1.0, 0.0),
            (2, one.values, one.values),
            (3, one.values, one.values),
        )
    ]
    return {
        "history": pd.DataFrame(history),
        "landscape_ranges": pd.DataFrame(ranges),
        "ics": pd.concat(layers),
    }


def together(*model_tables) -> frames.Tables:
    """The tables of several models or learning rates as one experiment's."""
    return {
        name: pd.concat([t[name] for t in model_tables]) for name in model_tables[0]
    }


def claim(**changes) -> Claim:
    """A claim: the loss of "batch" ends below 0.8 times that of "none"."""
    keys = {
        "id": "claim",
        "statement": "{subject} ends lower",
        "topic": "topic",
        "where": "Figure 0",
        "figure": "fig00",
        "model": "dln",
        "lr": 0.1,
        "quantity": "final_loss",
        "subjects": ("batch",),
        "reference": "none",
        "scale": "ratio",
        "below": 0.8,
    } | changes
    named = frozenset([*keys["subjects"], keys["reference"]])
    return Claim(**{"named": named} | keys)


def judge(claims, result_tables, norms=("none", "batch", "l1"), models=None):
    """Verdicts; models : architectures by name, where a model is not called like it."""
    models = models or {name: name for name in result_tables["runs"].model.unique()}
    described = experiment(models, norms)
    result_tables = with_outcomes(result_tables, described)
    compared = judge_.compare_all(claims, result_tables, described)
    return judge_.judge(compared, result_tables, CURVES)


def with_outcomes(result_tables, described) -> frames.Tables:
    """The tables, and those of outcomes and of the losses of constant outputs."""
    history, runs = result_tables["history"], result_tables["runs"]
    models = described.all_models
    actual = [determine(model, runs, history) for model in models.values()]
    constant = pd.DataFrame({"model": [*models], "loss": CONSTANT_LOSS})
    return (
        {"constant_losses": constant}
        | result_tables
        | {"outcomes": pd.concat(actual).reset_index()}
    )


def verdicts(result_tables, **changes):
    """The verdicts on ``claim(**changes)`` at the same step, and at the same loss or None."""
    model = result_tables["runs"].model.iloc[0]
    rows = list(
        judge([claim(**{"model": model} | changes)], result_tables).itertuples()
    )
    assert [row.comparison for row in rows] == ["same step", "same loss"][: len(rows)]
    return (*rows, None)[:2]


def verdict(result_tables, **changes):
    """The verdict on ``claim(**changes)`` at the same step."""
    return verdicts(result_tables, **changes)[0]
