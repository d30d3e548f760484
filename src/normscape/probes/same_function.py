"""Landscape, internal covariate shift and curvature of one function in several parametrisations.

Observation 4.3 of the paper: gamma and beta can make a network with batch normalisation
compute the same function as the network without it. Parametrisations are compared at one
checkpoint: same weights, same outputs, same loss on the step's own batch.
"""

import statistics
from collections.abc import Iterable

from normscape import vectors
from normscape.measure._after_step import after_step
from normscape.measure._curvature import curvature as measure_curvature
from normscape.measure._evaluation import measuring
from normscape.measure._ics import ics as measure_ics
from normscape.measure._landscape import landscape as measure_landscape
from normscape.measure._parametrisation import fold_batch_norm, insert_batch_norm
from normscape.models.network import Network
from normscape.models.stages import stages
from normscape.probes._step import renamed, without_penalty
from normscape.training.run import Run


def measure(
    run: Run,
    *,
    parametrisations: Iterable[str],
    ics: Iterable[str],
    curvature: Iterable[str],
    step_sizes: Iterable[float],
) -> dict[str, list[dict]]:
    """Measure a function in several parametrisations, on the loss without the L2 penalty.

    The penalty is left out, because it depends on the scale of the weights. For internal covariate
    shift, the next step is that of the run's optimiser without its state.

    Parameters
    ----------
    run : Run
        At a checkpoint.
    parametrisations, ics, curvature : iterable of str
        Parametrisations whose landscape, internal covariate shift and curvature are measured.
    step_sizes : iterable of float
        Step sizes along the gradient.

    Returns
    -------
    dict[str, list[dict]]
        ``same_function``, ``same_function_ics`` and ``same_function_curvature``.
    """
    arguments = without_penalty, run.batch()
    seed = run.spec.architecture, run.spec.seed, run.step
    tables = {"same_function": [], "same_function_ics": []}
    tables["same_function_curvature"] = []
    for name in dict.fromkeys([*parametrisations, *ics, *curvature]):
        network = _parametrise(run, name)
        key = {"parametrisation": name}
        if name in parametrisations:
            rows = measure_landscape(
                network, *arguments, step_sizes=step_sizes, stages=stages
            )
            step = _relative_length(network, *arguments)
            tables["same_function"] += [
                key | _without_direction(row) | {"relative_distance": size * step}
                for row, size in zip(rows, step_sizes, strict=True)
            ]
        if name in ics:
            after = after_step(network, run.make_optimiser(network), *arguments)
            rows = measure_ics(network, *arguments, after, stages=stages)
            rows = renamed(rows, gradient_change="l2_difference")
            tables["same_function_ics"] += [key | row for row in rows]
        if name in curvature:
            row = measure_curvature(network, *arguments, seed=seed)
            tables["same_function_curvature"].append(key | row)
    return tables


def _parametrise(run: Run, name: str) -> Network:
    """The run's network, or a copy in another parametrisation."""
    arguments = run.network, without_penalty, run.batch()
    if name == "as_trained":
        return run.network
    if name == "folded":
        return fold_batch_norm(*arguments, stages=stages)
    return insert_batch_norm(*arguments, kind=name, stages=stages)


def _without_direction(row: dict) -> dict:
    return {k: value for k, value in row.items() if k not in ("direction", "draw")}


def _relative_length(network: Network, loss, batch) -> float:
    """||g_i|| / ||W_i||, the mean over the layers."""
    with measuring(network, loss, batch, stages=stages) as at:
        weights = at.network.weights
        _, gradient = at.loss_and_gradient(weights)
    ratios = [
        vectors.norm([g]) / vectors.norm([weight.detach()])
        for g, weight in zip(gradient, weights, strict=True)
    ]
    return statistics.fmean(ratios)
