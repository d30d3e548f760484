"""Deep linear network (DLN) of the paper, W_k ... W_1 x fitted to A x."""

import torch
import torch.nn.functional as F
from torch import nn

from normscape.models.network import MakeNorm, Network, NormalisedLayer
from normscape.norms import Normaliser


class DLN(Network):
    def loss(self, outputs, targets):
        """Squared error summed over samples and features."""
        return F.mse_loss(outputs, targets, reduction="sum")


class _Linear(nn.Linear):
    """W x for activations of shape (1, features, samples), or inputs (samples, features).

    With the samples side by side in memory, products of a 10x10 matrix and the
    statistics of a feature take a third of the time.
    """

    def forward(self, x):
        columns = x.t().unsqueeze(0) if x.dim() == 2 else x
        return torch.bmm(self.weight.unsqueeze(0), columns)


class _SamplesFirst(nn.Module):
    def forward(self, x):
        return x.squeeze(0).t()


class _PerSample(Normaliser):
    """A ``per_sample`` normaliser, which takes samples as rows, for samples in columns."""

    def __init__(self, norm: Normaliser):
        super().__init__()
        self.norm = norm

    def forward(self, y):
        return self.norm(y.squeeze(0).t()).t().contiguous().unsqueeze(0)


def build(data, settings, norm: MakeNorm, seed) -> DLN:
    """DLN for inputs of shape (count, features) and targets of the same shape.

    The last layer has no normaliser; the paper does not say.

    Parameters
    ----------
    data, norm, seed
        As in ``normscape.models.build``.
    settings : dict
        ``depth`` and ``initialisation``.
    """
    features = data["train_inputs"].shape[1]

    def linear():
        return _Linear(features, features, bias=False)

    layers = []
    for _ in range(settings["depth"] - 1):
        normaliser = norm(features)
        if normaliser.per_sample:
            normaliser = _PerSample(normaliser)
        layers.append(NormalisedLayer(linear(), normaliser))
    network = DLN(*layers, NormalisedLayer(linear(), after=_SamplesFirst()))
    network.initialise(settings["initialisation"], "dln", seed)
    return network
