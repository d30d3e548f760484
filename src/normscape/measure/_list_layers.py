"""The layers of a network, as rows."""

from collections.abc import Sequence

from torch import nn

from normscape.measure._evaluation import measuring
from normscape.measure._layers import Stages


def layers(
    network: nn.Module,
    loss,
    batch,
    *,
    layers: str | Sequence[str] | None = None,
    stages: Stages | None = None,
) -> list[dict]:
    """The layers that the loss calls, in order; measurements give their rows.

    Parameters
    ----------
    network, loss, batch, layers, stages
        See ``help(normscape.measure)``.

    Returns
    -------
    list of dict
        One row per layer, with the columns:

        layer : its number, from 1.
        name : of the linear map, as in ``network.named_modules()``.
        kind : the class of the linear map.
        norm : the name of its normaliser, or None.
        parameters : names of the trained parameters from it up to the next layer, as in
            ``network.named_parameters()``.

    Examples
    --------
    >>> import torch
    >>> network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.LayerNorm(3))
    >>> row, = layers(network, lambda f, x: f(x).pow(3).sum(), (torch.ones(1, 2),))
    >>> row["name"], row["kind"], row["norm"]
    ('0', 'Linear', '1')
    >>> row["parameters"]
    ['0.weight', '0.bias', '1.weight', '1.bias']
    """
    settings = {"stages": stages, "layers": layers, "differentiated": False}
    with measuring(network, loss, batch, **settings) as at:
        names = {p: name for name, p in at.network.named_parameters()}
        return [
            {
                "layer": number,
                "name": layer.name,
                "kind": type(layer.linear).__name__,
                "norm": None if layer.norm is layer.linear else layer.norm_name,
                "parameters": [names[p] for p in layer.parameters],
            }
            for number, layer in enumerate(at.layers, start=1)
            if layer.chosen
        ]
