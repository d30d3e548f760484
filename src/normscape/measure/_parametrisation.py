"""The same function with batch normalisation inserted or folded.

For any weights, some gamma and beta make a network with batch normalisation compute the same
function as the network without it (Observation 4.3). So a landscape can be compared with and
without normalisation at one place: same weights, same outputs, same loss.
"""

import contextlib
import warnings
from collections.abc import Iterable

import torch
from torch import nn

from normscape.measure._evaluation import measuring
from normscape.measure._layers import Layer, Stages

# Largest relative change of the loss and of the outputs that counts as the same function.
TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-3}


def _variance(y, dimensions):
    return y.var(dimensions, correction=0)


def _mean_square_of_absolute(y, dimensions):
    return y.abs().mean(dimensions).square()


def _mean_square(y, dimensions):
    return y.square().mean(dimensions)


def _largest_square(y, dimensions):
    return y.abs().amax(dimensions).square()


# For each kind, whether the mean follows the batch, and the squared scale that does.
_STATISTICS = {
    "batch": (True, _variance),
    "centre": (True, None),
    "scale": (False, _variance),
    "frozen": (False, None),
    "affine": (False, None),
    "l1": (True, _mean_square_of_absolute),
    "l2": (True, _mean_square),
    "linf": (True, _largest_square),
}
KINDS = tuple(_STATISTICS)


class InsertedNorm(nn.Module):
    """gamma * (y - mean) / scale + beta per feature, which starts as the identity on y.

    y : the activations of the probed batch, whose statistics determine gamma and beta.
    dimension : of the features in y; all other dimensions count as batch.
    kind : as in ``insert_batch_norm``.
    """

    def __init__(self, y: torch.Tensor, dimension: int, kind: str, eps: float):
        super().__init__()
        dimension %= y.dim()
        self.dimensions = [d for d in range(y.dim()) if d != dimension]
        self.shape = [-1 if d == dimension else 1 for d in range(y.dim())]
        self.kind, self.eps = kind, eps
        mean, scale = self._statistics(y, y.mean(self.dimensions), None)
        if kind == "affine":
            mean, scale = torch.zeros_like(mean), torch.ones_like(mean)
        elif scale is None:
            scale = (_variance(y, self.dimensions) + eps).sqrt()
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)
        self.gamma = nn.Parameter(scale.clone())
        self.beta = nn.Parameter(mean.clone())

    def _statistics(self, y, mean, scale):
        """The mean and scale of y where they follow the batch; else those given."""
        follows_mean, squared_scale = _STATISTICS[self.kind]
        if follows_mean:
            mean = y.mean(self.dimensions)
        if squared_scale:
            scale = (squared_scale(y, self.dimensions) + self.eps).sqrt()
        return mean, scale

    def forward(self, y):
        mean, scale = self._statistics(y, self.mean, self.scale)
        factor = (self.gamma / scale).view(self.shape)
        return (y - mean.view(self.shape)) * factor + self.beta.view(self.shape)


def insert_batch_norm(
    network: nn.Module,
    loss,
    batch,
    *,
    kind: str = "batch",
    eps: float = 1e-5,
    stages: Stages | None = None,
) -> nn.Module:
    """A copy with batch normalisation behind each hidden layer, and the same function.

    Hidden layers are all but the last. mu and sigma = sqrt(variance + eps) are those of the
    batch, with the biased variance. gamma starts at sigma and beta at mu, so that outputs,
    loss and weights stay (Observation 4.3). From then on the statistics follow the batch.

    Parameters
    ----------
    network, loss, stages
        See ``help(normscape.measure)``.
    batch
        One tuple, or a list of what the loss takes.
    kind
        "batch"; a control, which lacks a part of it: "affine" (gamma from 1, beta from 0, no
        statistics), "frozen" (mu and sigma are constants), "centre" (only the mean follows the
        batch) or "scale" (only the standard deviation does); or "l1", "l2" and "linf" (Section
        3.3).
    eps
        Added to the variance.

    Returns
    -------
    torch.nn.Module
        The copy, whose hidden layers are followed by their normaliser.

    Raises
    ------
    TypeError, ValueError
        One line that names a layer that is normalised already or is called several times, or
        says where the function did not stay the same.

    Examples
    --------
    >>> def loss(network, inputs):
    ...     return network(inputs).square().mean()
    >>> network = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)).double()
    >>> batch = [torch.tensor([[1.0, 2.0], [0.0, -1.0], [3.0, 1.0]], dtype=torch.float64)]
    >>> inserted = insert_batch_norm(network, loss, batch)
    >>> bool(torch.isclose(loss(inserted, *batch), loss(network, *batch), rtol=1e-12))
    True
    """
    if kind not in _STATISTICS:
        raise ValueError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}")
    with _at_one_batch(network, loss, batch, stages) as at:
        converted, (*hidden, _) = at.network, at.layers
        if not hidden:
            raise ValueError("network: expected a hidden layer, got one layer only")
        values = activations(hidden, at.forward)
    for layer, (product, activation) in zip(hidden, values, strict=True):
        norm = InsertedNorm(product, layer.features, kind, eps)
        if layer.norm is layer.linear:
            _replace(converted, layer.linear, nn.Sequential(layer.linear, norm))
        elif torch.equal(product, activation):
            _replace(converted, layer.norm, norm)
        else:
            raise ValueError(
                f"{layer.norm_name}: expected no normaliser, got "
                f"{type(layer.norm).__name__}; fold it first"
            )
    _check_same_function(network, converted, loss, batch, stages)
    return converted


def fold_batch_norm(
    network: nn.Module, loss, batch, *, stages: Stages | None = None
) -> nn.Module:
    """A copy with batch normalisation folded into the linear maps, and the same function.

    With the statistics of the batch, a normaliser maps y to a * y + b per feature, for
    BatchNorm with a = gamma / sigma and b = beta - a * mu. The weight becomes a * W, the bias
    a * bias + b, and the normaliser the identity. Weights change their scale, so compare
    distances relative to them. Any normaliser folds that acts so on the batch, which also
    holds for the Lp norms.

    Parameters
    ----------
    network, loss, stages
        See ``help(normscape.measure)``.
    batch
        One tuple, or a list of what the loss takes.

    Returns
    -------
    torch.nn.Module
        The copy, in which the identity stands for each normaliser.

    Raises
    ------
    TypeError, ValueError
        One line that names a normaliser or a layer that can't be folded, or says where the
        function did not stay the same.

    Examples
    --------
    >>> def loss(network, inputs):
    ...     return network(inputs).square().mean()
    >>> network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1)).double()
    >>> batch = [torch.tensor([[1.0, 2.0], [0.0, -1.0], [3.0, 1.0]], dtype=torch.float64)]
    >>> folded = fold_batch_norm(network, loss, batch)
    >>> bool(torch.isclose(loss(folded, *batch), loss(network, *batch), rtol=1e-12)), folded[1]
    (True, Identity())
    """
    with _at_one_batch(network, loss, batch, stages) as at:
        converted = at.network
        normalised = [layer for layer in at.layers if layer.norm is not layer.linear]
        values = activations(normalised, at.forward)
    for layer, (product, activation) in zip(normalised, values, strict=True):
        if not torch.equal(product, activation):
            _fold(converted, layer, product, activation)
    for name, module in converted.named_modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            raise ValueError(
                f"{name}: expected batch normalisation right behind a linear map; "
                "here it can't be folded"
            )
    _check_same_function(network, converted, loss, batch, stages)
    return converted


@torch.no_grad()
def _fold(network: nn.Module, layer: Layer, y: torch.Tensor, z: torch.Tensor) -> None:
    """Fold the normaliser that maps y to z into its linear map."""
    linear = layer.linear
    foldable = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
    if not isinstance(linear, foldable) or "weight" not in linear._parameters:
        raise ValueError(
            f"{layer.name}: expected nn.Linear or a convolution with a weight of its own, "
            f"got {type(linear).__name__}"
        )
    try:
        slope, shift = feature_map(y, z, layer.features)
    except ValueError as error:
        raise ValueError(f"{layer.norm_name}: {error}") from None
    bias = 0.0 if linear.bias is None else linear.bias.detach()
    linear.weight.mul_(slope.view(-1, *[1] * (linear.weight.dim() - 1)))
    linear.bias = nn.Parameter(shift + slope * bias)
    _replace(network, layer.norm, nn.Identity())


def feature_map(y: torch.Tensor, z: torch.Tensor, dimension: int):
    """Slope and shift per feature with z = slope * y + shift; a ValueError if there are none.

    dimension : of the features. A feature that is constant over the batch has the slope 0.

    >>> y = torch.tensor([[1.0, 5.0], [2.0, 5.0]])
    >>> feature_map(y, 3 * y + 1, 1)
    (tensor([3., 0.]), tensor([ 1., 16.]))
    """
    y, z = (t.movedim(dimension, 0).flatten(1) for t in (y, z))
    mean, target = (t.mean(1, keepdim=True) for t in (y, z))
    slope = ((y - mean) * (z - target)).sum(1) / (y - mean).square().sum(1)
    slope = slope.where((y != y[:, :1]).any(1), 0)
    shift = (target - slope[:, None] * mean).squeeze(1)
    error = (slope[:, None] * y + shift[:, None] - z).abs().max()
    if error > TOLERANCE.get(z.dtype, 1e-2) * z.abs().max():
        raise ValueError(
            "expected a normaliser that scales and shifts each feature of the batch, got one "
            "that does not"
        )
    return slope, shift


def _at_one_batch(network, loss, batch, stages):
    """The loss at a copy of the network, of one batch, whose statistics count."""
    if isinstance(batch, list) and all(isinstance(b, tuple | list) for b in batch):
        raise TypeError("batch: expected one tuple, got a list of batches")
    return measuring(network, loss, batch, stages=stages, differentiated=False)


def activations(
    chosen: Iterable[Layer], evaluate
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Of each layer the output of its linear map and that of its normaliser.

    evaluate : without arguments, passes the batch.
    """
    chosen = list(chosen)
    modules = [module for layer in chosen for module in (layer.linear, layer.norm)]
    with _recorded(modules) as outputs:
        evaluate()
    for layer in chosen:
        if len(outputs[layer.linear]) > 1:
            raise ValueError(
                f"{layer.name}: expected one call per evaluation, got "
                f"{len(outputs[layer.linear])}; a shared layer has no batch of its own"
            )
    return [(outputs[layer.linear][0], outputs[layer.norm][0]) for layer in chosen]


@contextlib.contextmanager
def _recorded(modules: Iterable[nn.Module]):
    """Within the context, copies of each module's outputs, as a list per module."""
    outputs = {module: [] for module in modules}

    def keep(module, arguments, output):
        # A copy, because non-linearities may work in place.
        outputs[module].append(output.detach().clone())

    hooks = [module.register_forward_hook(keep) for module in outputs]
    try:
        yield outputs
    finally:
        for hook in hooks:
            hook.remove()


def _check_same_function(network, converted, loss, batch, stages) -> None:
    """Raise a ValueError where the loss or the outputs of the last layer differ."""
    results = []
    for candidate in (network, converted):
        with (
            # They have been given when the network was converted.
            warnings.catch_warnings(action="ignore"),
            _at_one_batch(candidate, loss, batch, stages) as at,
        ):
            last = at.layers[-1].norm
            with _recorded([last]) as outputs:
                value = at.forward()
        results.append((value, outputs[last][-1]))
    for quantity, before, after in zip(("loss", "outputs"), *results, strict=True):
        change = (after - before).abs().max() / before.abs().max()
        # A network that diverged has no function to compare.
        if before.isfinite().all() and not change <= TOLERANCE.get(before.dtype, 1e-2):
            raise ValueError(
                f"{quantity}: expected the same function, got a relative change of "
                f"{float(change):.1e}; compare in float64 and in training mode"
            )


def _replace(network: nn.Module, old: nn.Module, new: nn.Module) -> None:
    """Put a module in another's place, wherever the network holds it."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if child is old and parent is not new:
                setattr(parent, name, new)
