"""The stages of a network of ``normscape.models``, as ``normscape.measure`` takes them."""

from normscape.measure._layers import Layer, Stage
from normscape.models.network import Network


def stages(network: Network) -> list[Stage]:
    """The network's stages, each with its layers and the network from there on."""
    return [
        Stage(
            network[position:],
            [
                Layer(layer.linear, layer.norm, list(layer.parameters()), 1)
                for layer in stage.layers
            ],
            stage,
        )
        for position, stage in enumerate(network)
    ]
