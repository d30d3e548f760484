"""Distributions of activations (Section 2.1, Figures 1, 2, 6, 8 and 9)."""

import copy
import itertools
import math
from collections.abc import Sequence

import torch
from torch import nn

from normscape.measure._evaluation import replayed
from normscape.measure._layers import Stages, layers
from normscape.randomness import derive_seed


def activations(
    network: nn.Module,
    loss,
    batch,
    after: nn.Module,
    *,
    bins: int = 40,
    names: Sequence = (),
    stages: Stages | None = None,
) -> tuple[list[dict], list[dict]]:
    """Rows of moments and of histograms, per layer and scope.

    An activation is the output of a layer's normaliser, before the non-linearity. Scope
    "unit" is one unit, fixed by names and layer, over the batch (for convolutions over
    batch, height and width); scope "layer" is all units. Scope "input", of moments alone, is
    the unit before the normaliser: behind it the mean of a normalised unit is beta, however
    the layers before have moved.

    Moments are mean, biased variance and skewness; next_mean and next_variance are those
    after the next step (Figure 8 looks from a step to the next). Histograms have ``bins``
    equal bins from the smallest to the largest value, and a density that integrates to 1.
    Values that are not finite give one bin, of NaN.
    """
    before, moved = (
        _values(each, loss, batch, names, stages) for each in (network, after)
    )
    moments, histograms = [], []
    for (number, scope), (unit, sample) in before.items():
        place = {"layer": number, "scope": scope, "unit": unit}
        following = _moments(moved[number, scope][1])
        following = {f"next_{key}": following[key] for key in ("mean", "variance")}
        moments.append(place | _moments(sample) | following)
        if scope != "input":
            histograms += [place | bin_ for bin_ in _histogram(sample, bins)]
    return moments, histograms


@torch.no_grad()
def _values(
    network, loss, batch, names, stages
) -> dict[tuple[int, str], tuple[int | None, torch.Tensor]]:
    """For each layer and scope the unit, None for all, and its values in float64."""
    network = copy.deepcopy(network)
    network_layers = layers(network, loss, batch, stages)
    numbers = range(1, len(network_layers) + 1)
    places = itertools.product(numbers, ("unit", "layer", "input"))
    values = dict.fromkeys(places)

    def keep(number, dimension, *scopes):
        def hook(module, arguments, output):
            unit = derive_seed("unit", *names, number) % output.shape[dimension]
            for scope in scopes:
                # A copy: non-linearities may work in place.
                whole = output if scope == "layer" else output.select(dimension, unit)
                values[number, scope] = (
                    None if scope == "layer" else unit,
                    whole.flatten().to(torch.float64, copy=True),
                )

        return hook

    for number, layer in enumerate(network_layers, start=1):
        dimension = layer.features
        layer.linear.register_forward_hook(keep(number, dimension, "input"))
        layer.norm.register_forward_hook(keep(number, dimension, "unit", "layer"))
    with replayed(network):
        loss(network, *batch)
    return values


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
    if not bool(sample.isfinite().all()):
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
