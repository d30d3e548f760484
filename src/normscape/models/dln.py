"""DLN: the paper's deep linear network, W_k ... W_1 x fitted to A x."""

from torch import nn

from normscape.models.network import Layer, Network


class DLN(Network):
    def loss(self, outputs, targets):
        """Squared error summed over samples and features."""
        return (outputs - targets).square().sum()


def build(data, settings, norm, seed) -> DLN:
    """DLN for inputs of shape (count, features) and targets of the same shape.

    settings : depth; normalise_last, whether the last layer is normalised too (the
        paper does not say); initialisation.
    """
    features = data["train_inputs"].shape[1]
    depth = settings["depth"]
    layers = []
    for number in range(1, depth + 1):
        normalised = number < depth or settings["normalise_last"]
        layers.append(
            Layer(
                nn.Linear(features, features, bias=False),
                norm(features, number) if normalised else nn.Identity(),
                nn.Identity(),
            )
        )
    network = DLN(*layers)
    network.initialise(settings["initialisation"], "dln", seed)
    return network
