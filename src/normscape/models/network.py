"""Networks: stages in order, each of one or several layers."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

from normscape.norms import Normaliser
from normscape.randomness import generator


class Layer(nn.Module):
    """A linear map, its normaliser, and what follows up to the next linear map.

    It is also a stage of one layer, which a chain such as a VGG is made of.

    linear : ``nn.Linear`` or ``nn.Conv2d``; its weight is the W_i of Definition 2.1.
    norm : normaliser of the linear map's output; its output is the layer's activation.
        Where it acts on the weight, W_i is still the one that is trained, and the linear
        map multiplies with the effective weight. None: no normaliser.
    after : non-linearity, pooling, flattening. None: nothing.
    """

    def __init__(
        self,
        linear: nn.Module,
        norm: Normaliser | None = None,
        after: nn.Module | None = None,
    ):
        super().__init__()
        self.linear = linear
        self.norm = Normaliser() if norm is None else norm
        self.after = nn.Identity() if after is None else after
        # Stored here, because a measurement may replace the normaliser by any module.
        self._acts_on_weight = self.norm.acts_on_weight
        if self.norm.replaces_bias:
            linear.bias = None

    @property
    def layers(self) -> list["Layer"]:
        return [self]

    def forward(self, x):
        return self.after(self.norm(self._product(x)))

    def _product(self, x):
        if not self._acts_on_weight:
            return self.linear(x)
        effective = {"weight": self.norm.effective_weight(self.linear.weight)}
        return torch.func.functional_call(self.linear, effective, (x,))


class Residual(nn.Module):
    """A stage of several layers in a row with a skip connection around them.

    shortcut : maps the stage's input to the shape of the last layer's output; it has no
        weights. after : follows the sum.
    """

    def __init__(self, layers: list[Layer], shortcut: nn.Module, after: nn.Module):
        super().__init__()
        self.body = nn.Sequential(*layers)
        self.shortcut = shortcut
        self.after = after

    @property
    def layers(self) -> list[Layer]:
        return list(self.body)

    def forward(self, x):
        return self.after(self.body(x) + self.shortcut(x))


class Network(nn.Sequential):
    """Stages in order; ``stage.layers`` are a stage's layers, in order.

    ``classifies`` says whether accuracy has a meaning. ``nonlinearity`` is the one between
    layers, as ``torch.nn.init`` names it. A slice is a network, too.
    """

    classifies = False
    nonlinearity = "linear"

    @property
    def layers(self) -> list[Layer]:
        """Layers 1..k of all stages."""
        return [layer for stage in self for layer in stage.layers]

    @property
    def weights(self) -> list[torch.Tensor]:
        """W_1..W_k, as they are trained; see ``Layer``."""
        return [layer.linear.weight for layer in self.layers]

    def loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Scalar training loss of a batch, without the L2 penalty."""
        raise NotImplementedError

    def initialise(self, scheme: str, *names: object) -> None:
        """Draw each layer's weight from the stream of (*names, layer).

        scheme : "he_normal", "he_uniform", "glorot_normal" or "glorot_uniform"
            (He et al. 2015; Glorot and Bengio 2010). Biases start at 0. Normalisers of
            weights then start from what was drawn.
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
        before = "linear"  # the inputs come as they are
        for number, layer in enumerate(self.layers, start=1):
            draw(layer.linear.weight, generator("weights", *names, number))
            if layer.linear.bias is not None:
                nn.init.zeros_(layer.linear.bias)
            layer.norm.initialise(layer.linear.weight, before)
            before = self.nonlinearity


class Classifier(Network):
    """A network whose outputs are a score for each class."""

    classifies = True
    nonlinearity = "relu"

    def loss(self, outputs, targets):
        """Mean cross-entropy in nats over the batch."""
        return F.cross_entropy(outputs, targets)


def classes(data: dict[str, torch.Tensor]) -> int:
    """How many classes the labels from 0 up tell apart."""
    return int(data["train_targets"].max()) + 1


def convolution(
    channels: int, features: int, norm: Normaliser, after: nn.Module, stride: int = 1
) -> Layer:
    """A layer with a 3x3 convolution that keeps the size of maps except for the stride."""
    linear = nn.Conv2d(channels, features, 3, stride, padding=1)
    return Layer(linear, norm, after)


# Makes the normaliser of a layer with this number of features.
MakeNorm = Callable[[int], Normaliser]
