"""Runs that start at another run's checkpoint, with another normaliser and the same function.

For any weights, some gamma and beta let a network with batch normalisation compute the same
function as the network without it (Observation 4.3). So runs can start from one function
and differ in their parametrisation alone.
"""

import copy

import torch

from normscape.measure._evaluation import measuring
from normscape.measure._parametrisation import (
    activations,
    feature_map,
    fold_batch_norm,
)
from normscape.models.network import Network
from normscape.models.stages import stages
from normscape.norms._affine import AffineNorm
from normscape.training.run import Run

# Largest relative change of the outputs, which float32 rounds.
TOLERANCE = 1e-3


def start_at(run: Run, checkpoint: Run) -> None:
    """Set a run to another run's step, and to its function on the batch of that step.

    With the same normaliser, the run continues the other one: the state of the network and
    that of the optimiser are the same. Otherwise the other run's normalisers are folded into
    its linear maps, those of this run start so that activations stay, and the optimiser
    starts without a state. A ValueError says what can't be converted.
    """
    run.step = checkpoint.step
    if run.spec.norm == checkpoint.spec.norm:
        run.network.load_state_dict(checkpoint.network.state_dict())
        run.optimiser.load_state_dict(checkpoint.optimiser.state_dict())
        for group in run.optimiser.param_groups:
            group["lr"] = run.spec.lr
        return
    batch = checkpoint.to(torch.float64).batch()
    folded = fold_batch_norm(checkpoint.network, checkpoint.loss, batch, stages=stages)
    converted = copy.deepcopy(run.network).double()
    _copy_function(folded, converted, checkpoint.loss, batch)
    run.network.load_state_dict(converted.state_dict())
    _check_outputs(folded, run, batch)


@torch.no_grad()
def _copy_function(source: Network, target: Network, loss, batch) -> None:
    """Give a freshly made network the function of one without normalisation."""
    with measuring(source, loss, batch, stages=stages) as at:
        layers = at.layers
        products = activations(layers, at.forward)
    pairs = zip(layers, target.layers, products, strict=True)
    for layer, copied, (product, _) in pairs:
        copied.linear.weight.copy_(layer.linear.weight)
        bias = layer.linear.bias
        if copied.linear.bias is not None:
            copied.linear.bias.copy_(bias)
        if isinstance(copied.norm, AffineNorm):
            _pass_through(copied.norm, product, bias, layer.features)


def _pass_through(
    norm: AffineNorm, y: torch.Tensor, bias: torch.Tensor | None, dimension: int
) -> None:
    """Set gamma and beta so that the norm maps y without its bias to y."""
    if bias is not None:
        y = y - bias.view([-1 if d == dimension else 1 for d in range(y.dim())])
    slope, shift = feature_map(y, norm(y), dimension)
    gamma = 1 / slope
    # A feature that is constant over the batch has the slope 0 and determines no gamma.
    gamma = gamma.where(slope != 0, gamma.min())
    norm.gamma.copy_(gamma)
    norm.beta.copy_(-gamma * shift if bias is None else bias - gamma * shift)


@torch.no_grad()
def _check_outputs(folded: Network, run: Run, batch) -> None:
    """Raise a ValueError where the run's network has other outputs, unless it diverged."""
    expected = folded(batch[0])
    outputs = copy.deepcopy(run.network).double()(batch[0])
    change = float((outputs - expected).abs().max() / expected.abs().max())
    if expected.isfinite().all() and not change <= TOLERANCE:
        raise ValueError(
            f"--start: expected outputs as at the checkpoint, got a relative change of "
            f"{change:.1e}; {run.spec.norm} can't start at a checkpoint of another norm"
        )
