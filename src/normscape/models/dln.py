"""DLN: the paper's deep linear network, W_k ... W_1 x fitted to A x."""

import torch
import torch.nn.functional as F
from torch import nn

from normscape.models.network import Layer, Network
from normscape.pullbacks import with_pullback


class DLN(Network):
    def loss(self, outputs, targets):
        """Squared error summed over samples and features."""
        return F.mse_loss(outputs, targets, reduction="sum")

    @torch.no_grad()
    def loss_and_gradient(self, inputs, targets):
        """As ``Network.loss_and_gradient``, backward in closed form.

        Each layer's product takes microseconds, and autograd as long again. Behind a
        normaliser of weights it is left to autograd.
        """
        if any(layer.acts_on_weight for layer in self):
            with torch.enable_grad():
                return super().loss_and_gradient(inputs, targets)
        columns, passed = inputs.t(), []
        for layer in self:
            product = (layer.linear.weight @ columns).unsqueeze(0)
            normalised, pullback = with_pullback(layer.norm, product)
            passed.append((layer.linear.weight, columns, pullback))
            columns = normalised.squeeze(0)
        residual = columns - targets.t()
        loss = torch.dot(residual.view(-1), residual.view(-1))
        g = residual.mul_(2).unsqueeze(0)
        gradient = []
        for weight, columns_before, pullback in reversed(passed):
            g, of_parameters = pullback(g)
            g = g.squeeze(0)
            gradient[:0] = [g @ columns_before.t(), *of_parameters]
            g = (weight.t() @ g).unsqueeze(0)
        return loss, columns.t(), gradient


class _Linear(nn.Linear):
    """W x for activations of shape (1, features, samples), or inputs (samples, features).

    With the samples side by side in memory, products of a 10x10 matrix and the
    statistics of a feature take a third of the time.
    """

    def forward(self, x):
        columns = x.t() if x.dim() == 2 else x.squeeze(0)
        return (self.weight @ columns).unsqueeze(0)


class _SamplesFirst(nn.Module):
    def forward(self, x):
        return x.squeeze(0).t()


class _PerSample(nn.Module):
    """A ``per_sample`` normaliser, which takes samples as rows; here they are columns."""

    def __init__(self, norm: nn.Module):
        super().__init__()
        self.norm = norm

    def forward(self, y):
        return self.norm(y.squeeze(0).t()).t().contiguous().unsqueeze(0)


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
        normaliser = norm(features, number) if normalised else nn.Identity()
        if getattr(normaliser, "per_sample", False):
            normaliser = _PerSample(normaliser)
        layers.append(
            Layer(
                _Linear(features, features, bias=False),
                normaliser,
                _SamplesFirst() if last else nn.Identity(),
            )
        )
    network = DLN(*layers)
    network.initialise(settings["initialisation"], "dln", seed)
    return network
