"""The rank that a linear network has learnt.

During training a deep linear network stays at saddle points for many steps. At one of rank r it
fits the r largest singular values of the problem. Its loss is then the best of all linear maps of
rank r: the sum of the other squared singular values of the targets.
"""

import copy
import math

import torch

from normscape.training.run import Run


def measure(run: Run) -> dict[str, list[dict]]:
    """Measure the learnt rank.

    Parameters
    ----------
    run : Run
        At a checkpoint.

    Returns
    -------
    dict[str, list[dict]]
        ``rank``: one row; NaN if the loss overflowed or targets are not vectors.
    """
    inputs, targets = run.batch()
    loss = run.loss(copy.deepcopy(run.network), inputs, targets).detach()
    known = targets.is_floating_point() and bool(loss.isfinite())
    rank = learnt_rank(float(loss), targets) if known else math.nan
    return {"rank": [{"learnt_rank": rank}]}


def learnt_rank(loss: float, targets: torch.Tensor) -> int:
    """The rank, from 0, whose best possible loss is nearest to a loss, in logarithms.

    The best loss of full rank is 0. Full rank counts as learnt if the loss is below half of the best
    loss of the rank before.

    Parameters
    ----------
    loss : float
        Summed squared error.
    targets : torch.Tensor
        Of shape (samples, features).

    Returns
    -------
    int

    Examples
    --------
    >>> targets = torch.diag(torch.tensor([10.0, 3.0, 1.0]))  # best: 110, 10, 1, 0
    >>> learnt_rank(12.0, targets), learnt_rank(0.9, targets), learnt_rank(0.1, targets)
    (1, 2, 3)
    """
    *best, _ = best_losses(targets).tolist()
    if loss < best[-1] / 2:
        return len(best)
    return min(range(len(best)), key=lambda rank: abs(math.log(best[rank] / loss)))


def best_losses(targets: torch.Tensor) -> torch.Tensor:
    """The smallest summed squared error of linear maps of rank 0, 1, ..., features."""
    squares = torch.linalg.svdvals(targets.double()).square()
    return squares.sum() - torch.cat([squares.new_zeros(1), squares.cumsum(0)])
