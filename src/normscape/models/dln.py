"""DLN: the paper's deep linear network, W_k ... W_1 x fitted to A x."""

from torch import nn

from normscape.models.network import Layer, Network


class DLN(Network):
    def loss(self, outputs, targets):
        """Squared error summed over samples and features."""
        return (outputs - targets).square().sum()


class _Linear(nn.Linear):
    """W x for activations of shape (1, features, samples), or inputs (samples, features).

    With the samples side by side in memory, products of a 10x10 matrix and the
    statistics of a feature take a third of the time.
    """

    def forward(self, x):
        columns = x.t() if x.dim() == 2 else x[0]
        return (self.weight @ columns)[None]


class _SamplesFirst(nn.Module):
    def forward(self, x):
        return x[0].t()


def build(data, settings, norm, seed) -> DLN:
    """DLN for inputs of shape (count, features) and targets of the same shape.

    settings : depth; normalise_last, whether the last layer is normalised too (the
        paper does not say); initialisation.
    """
    features = data["train_inputs"].shape[1]
    depth = settings["depth"]
    layers = []
    for number in range(1, depth + 1):
        last = number == depth
        normalised = not last or settings["normalise_last"]
        layers.append(
            Layer(
                _Linear(features, features, bias=False),
                norm(features, number) if normalised else nn.Identity(),
                _SamplesFirst() if last else nn.Identity(),
            )
        )
    network = DLN(*layers)
    network.initialise(settings["initialisation"], "dln", seed)
    return network
