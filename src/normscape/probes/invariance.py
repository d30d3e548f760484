"""Scale invariance of weights (van Laarhoven 2017; Arora et al. 2018)."""

from normscape.measure._invariance import invariance
from normscape.models.stages import stages
from normscape.probes._step import network_after_step, renamed, without_penalty
from normscape.training.run import Run


def measure(run: Run) -> dict[str, list[dict]]:
    """Measure weights, and their gradients of the loss without the L2 penalty.

    The next step is the optimiser's, with the L2 penalty.

    Parameters
    ----------
    run : Run
        At a checkpoint.

    Returns
    -------
    dict[str, list[dict]]
        ``invariance``: one row per layer.
    """
    arguments = run.network, without_penalty, run.batch(), network_after_step(run)
    rows = invariance(*arguments, stages=stages)
    return {"invariance": renamed(rows, weight_gradient_cosine="cosine")}
