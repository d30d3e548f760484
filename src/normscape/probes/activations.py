"""Distributions of activations (Section 2.1, Figures 1, 2, 6, 8 and 9)."""

import copy
import math

import torch

from normscape.randomness import derive_seed
from normscape.training.run import Run


def measure(run: Run, *, bins: int) -> dict[str, list[dict]]:
    """Rows of moments and of histograms, for each layer and scope.

    An activation is the output of a layer's normaliser, before the non-linearity, in
    training mode, on the first samples of the training set (as many as in a batch).
    Scope "unit" is one unit, fixed by architecture and layer, over the batch (for
    convolutions over batch, height and width); scope "layer" is all units. Scope "input",
    of moments alone, is the unit before the normaliser: behind it the mean of a normalised
    unit is beta, however the layers before have moved.

    Moments are mean, biased variance and skewness; next_mean and next_variance are those
    after the step that training takes next (Figure 8 looks from a step to the next).
    Histograms have ``bins`` equal bins from the smallest to the largest value, and a
    density that integrates to 1; where values are not finite, there is one bin, of NaN.
    """
    here = _activations(run, copy.deepcopy(run.network))
    there = _activations_after_the_step(run)
    moments, histograms = [], []
    for (number, scope), (unit, sample) in here.items():
        place = {"layer": number, "scope": scope, "unit": unit}
        after = _moments(there[number, scope][1])
        following = {f"next_{key}": after[key] for key in ("mean", "variance")}
        moments.append(place | _moments(sample) | following)
        if scope != "input":
            histograms += [place | bin_ for bin_ in _histogram(sample, bins)]
    return {"moments": moments, "histograms": histograms}


@torch.no_grad()
def _activations(
    run, network
) -> dict[tuple[int, str], tuple[int | None, torch.Tensor]]:
    """For each layer and scope the unit, None for all, and its values in float64."""
    values = {}

    def keep(number):
        def hook(module, arguments, output):
            unit = fixed_unit(run.spec.architecture, number, output.shape[1])
            for scope, of, tensor in (
                ("unit", unit, output[:, unit]),
                ("layer", None, output),
                ("input", unit, arguments[0][:, unit]),
            ):
                # A copy: non-linearities may work in place.
                values[number, scope] = (
                    of,
                    tensor.flatten().to(torch.float64, copy=True),
                )

        return hook

    for number, layer in enumerate(network.layers, start=1):
        layer.norm.register_forward_hook(keep(number))
    network(run.fixed_batch()[0])
    return values


def _activations_after_the_step(run):
    """The same at the next step, with its noise; the run stays where it is."""
    moved = copy.deepcopy(run.network)
    _, _, gradient = run.loss_and_gradient(moved)
    run.move(moved, run.step_for(gradient))
    run.step += 1
    try:
        following = copy.deepcopy(run.network)  # copied noise stays at its step
        following.load_state_dict(moved.state_dict())
        return _activations(run, following)
    finally:
        run.step -= 1


def fixed_unit(architecture: str, layer: int, features: int) -> int:
    """The unit that is watched, counted from 0; the same for all norms and seeds."""
    return derive_seed("unit", architecture, layer) % features


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
