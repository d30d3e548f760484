"""What all networks are here: a chain of layers, each with one weight."""

import torch
from torch import nn

from normscape.randomness import generator


class Layer(nn.Module):
    """A linear map, its normaliser, and what follows up to the next linear map.

    linear : ``nn.Linear`` or ``nn.Conv2d``; its weight is the W_i of Definition 2.1.
    norm : normaliser of the linear map's output; its output is the layer's activation.
    after : non-linearity, pooling, flattening.
    """

    def __init__(self, linear: nn.Module, norm: nn.Module, after: nn.Module):
        super().__init__()
        self.linear = linear
        self.norm = norm
        self.after = after

    def forward(self, x):
        return self.after(self.norm(self.linear(x)))


class Network(nn.Sequential):
    """Layers 1..k in order. ``classifies`` says whether accuracy has a meaning."""

    classifies = False

    def loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Scalar training loss of a batch, without any weight penalty."""
        raise NotImplementedError

    def loss_and_gradient(self, inputs: torch.Tensor, targets: torch.Tensor) -> tuple:
        """(loss, outputs, gradient of each parameter) of a batch; no graph is kept."""
        outputs = self(inputs)
        loss = self.loss(outputs, targets)
        gradient = torch.autograd.grad(loss, list(self.parameters()))
        return loss.detach(), outputs.detach(), list(gradient)

    def initialise(self, scheme: str, *names: object) -> None:
        """Draw each layer's weight from the stream of (*names, layer).

        scheme : "he_normal", "he_uniform", "glorot_normal" or "glorot_uniform"
            (He et al. 2015; Glorot and Bengio 2010). Biases start at 0.
        """
        draw = {
            "he_normal": lambda weight, draws: nn.init.kaiming_normal_(
                weight, nonlinearity="relu", generator=draws
            ),
            "he_uniform": lambda weight, draws: nn.init.kaiming_uniform_(
                weight, nonlinearity="relu", generator=draws
            ),
            "glorot_normal": lambda weight, draws: nn.init.xavier_normal_(
                weight, generator=draws
            ),
            "glorot_uniform": lambda weight, draws: nn.init.xavier_uniform_(
                weight, generator=draws
            ),
        }[scheme]
        for number, layer in enumerate(self, start=1):
            draw(layer.linear.weight, generator("weights", *names, number))
            if layer.linear.bias is not None:
                nn.init.zeros_(layer.linear.bias)
