"""Distributions of activations (Section 2.1, Figures 1, 2, 6, 8 and 9)."""

import math
from collections.abc import Sequence
from functools import partial

import torch
from torch import nn

from normscape.measure import _check
from normscape.measure._evaluation import Evaluation, key, measuring
from normscape.measure._layers import Stages, nonlinearity
from normscape.randomness import derive_seed


def activations(
    network: nn.Module,
    loss,
    batch,
    after: nn.Module,
    *,
    bins: int = 40,
    layers: str | Sequence[str] | None = None,
    seed: object = 0,
    stages: Stages | None = None,
) -> tuple[list[dict], list[dict]]:
    """Moments and histograms of activations, per layer and scope (Figures 1, 2 and 8).

    An activation is the output of a layer's normaliser, before the non-linearity, also where
    the normaliser's module contains one. Scope "unit" is one unit, fixed by the seed and the
    layer, over the batch (for convolutions over batch, height and width); scope "layer" is
    all units. Scope "input", of moments alone, is the unit before the normaliser: behind it
    the mean of a normalised unit is beta, however the layers before have moved. Of a layer
    that is called several times the last call counts.

    Parameters
    ----------
    network, loss, batch, after, layers, seed, stages
        See ``help(normscape.measure)``. Layers that are named may be frozen.
    bins
        Number of equal bins of a histogram, from the smallest to the largest value.

    Returns
    -------
    moments : list of dict
        One row per layer and scope, with the columns ``layer``, ``name``, ``scope``,
        ``unit`` (None for all), and:

        mean, variance, skewness : over the values, in the units activation, activation**2
            and 1; the variance is the biased one.
        next_mean, next_variance : after the step (Figure 8 looks from a step to the next).
    histograms : list of dict
        One row per layer, scope and bin, with the columns ``left`` and ``right``, the ends
        of the bin, and ``density``, which integrates to 1. Values that are not finite give
        one bin, of NaN.

    Raises
    ------
    TypeError, ValueError
        One line that names the argument which can't be used.

    Examples
    --------
    >>> def square(network, inputs):
    ...     return network(inputs).square().mean()
    >>> network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 1))
    >>> moments, _ = activations(network, square, (torch.randn(64, 2),), network)
    >>> [(row["name"], row["scope"]) for row in moments][:3]
    [('0', 'unit'), ('0', 'layer'), ('0', 'input')]
    >>> abs(moments[0]["mean"]) < 1e-6, round(moments[0]["variance"], 2)  # beta and gamma**2
    (True, 1.0)
    """
    names, after = key(seed), getattr(after, "_orig_mod", after)
    settings = {"stages": stages, "layers": layers, "differentiated": False}
    with measuring(network, loss, batch, **settings) as at:
        _check.after(at.network, after)
        before = _values(at, at.layers, names)
        moved = Evaluation(after, loss, batch, at.outside, differentiated=False)
        moved = _values(moved, at.layers, names)
    moments, histograms = [], []
    for (number, scope), (name, unit, sample) in before.items():
        place = {"layer": number, "name": name, "scope": scope, "unit": unit}
        # A layer may be called at one of both places only, such as an expert of a mixture.
        *_, following = moved.get((number, scope), (sample.new_full((1,), math.nan),))
        following = _moments(following)
        following = {
            f"next_{column}": following[column] for column in ("mean", "variance")
        }
        moments.append(place | _moments(sample) | following)
        if scope != "input":
            histograms += [place | bin_ for bin_ in _histogram(sample, bins)]
    return moments, histograms


_SCOPES = "unit", "layer", "input"


def _values(at: Evaluation, layers, names) -> dict[tuple[int, str], tuple]:
    """For each layer and scope its name, its unit, None for all, and the values in float64."""
    modules = dict(at.network.named_modules())
    last: dict = {}  # the values of each layer and scope in this batch
    lists: dict = {}

    def keep(number, layer, scopes, output):
        while isinstance(output, tuple | list) and output:
            output = output[0]  # of a recurrent layer, or of attention
        if not torch.is_tensor(output) or output.is_complex():
            raise TypeError(
                "layers: expected a real tensor as output, or first in a tuple, got "
                f"{getattr(output, 'dtype', _check.type_of(output))} of {layer.name!r}"
            )
        unit = derive_seed("unit", *names, number) % output.shape[layer.features]
        for scope in scopes:
            whole = scope == "layer"
            values = output if whole else output.select(layer.features, unit)
            # A copy: non-linearities may work in place.
            values = values.detach().flatten().to(torch.float64, copy=True)
            last[number, scope] = layer.name, None if whole else unit, values

    def end_of_batch():
        for place, (*_, values) in last.items():
            lists.setdefault(place, []).append(values)

    for number, layer in enumerate(layers, start=1):
        if layer.chosen:
            linear, norm = modules[layer.name], modules[layer.norm_name]
            _on_output(linear, None, partial(keep, number, layer, ("input",)))
            inner = None if norm is linear else nonlinearity(norm)
            _on_output(norm, inner, partial(keep, number, layer, ("unit", "layer")))
    at.forward(end_of_batch)
    places = sorted(lists, key=lambda place: (place[0], _SCOPES.index(place[1])))
    return {place: (*last[place][:2], torch.cat(lists[place])) for place in places}


def _on_output(module, inner, keep) -> None:
    """Call ``keep`` with each output of a module, or with what enters ``inner`` in it."""
    waiting = []

    def enter(module, arguments):
        waiting.append(True)

    def enter_inner(module, arguments):
        if waiting:
            waiting.clear()
            keep(arguments[0])

    def leave(module, arguments, output):
        if waiting:
            waiting.clear()
            keep(output)

    module.register_forward_pre_hook(enter)
    module.register_forward_hook(leave)
    if inner is not None:
        inner.register_forward_pre_hook(enter_inner)


def _moments(sample):
    mean = sample.mean()
    variance = (sample - mean).square().mean()
    skewness = (sample - mean).pow(3).mean() / variance.pow(1.5)
    return {
        "mean": float(mean),
        "variance": float(variance),
        "skewness": float(skewness),
    }


def _histogram(sample, bins):
    if not sample.numel() or not bool(sample.isfinite().all()):
        return [{"left": math.nan, "right": math.nan, "density": math.nan}]
    low, high = float(sample.min()), float(sample.max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    counts = torch.histc(sample, bins, low, high)
    width = (high - low) / bins
    densities = (counts / counts.sum() / width).tolist()
    return [
        {"left": low + i * width, "right": low + (i + 1) * width, "density": density}
        for i, density in enumerate(densities)
    ]
