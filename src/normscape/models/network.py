"""Networks: stages in order, each of one or several layers."""

import functools
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

from normscape.norms import Normaliser
from normscape.randomness import generator

INITIALISATIONS = {
    "he_normal": functools.partial(nn.init.kaiming_normal_, nonlinearity="relu"),
    "he_uniform": functools.partial(nn.init.kaiming_uniform_, nonlinearity="relu"),
    "glorot_normal": nn.init.xavier_normal_,
    "glorot_uniform": nn.init.xavier_uniform_,
}


class NormalisedLayer(nn.Module):
    """A linear map, its normaliser, and the modules before the next linear map.

    A layer is also a stage of one layer; a chain such as a VGG consists of these.

    Parameters
    ----------
    linear : torch.nn.Linear or torch.nn.Conv2d
        Its weight is W_i of Definition 2.1.
    norm : Normaliser, optional
        Normaliser of the linear map's output; its output is the layer's activation. If it acts on
        the weight, W_i is the trained weight, and the linear map multiplies with the effective
        weight. By default there is no normaliser.
    after : torch.nn.Module, optional
        Non-linearity, pooling or flattening. By default there is none.

    Examples
    --------
    >>> NormalisedLayer(nn.Linear(3, 2), after=nn.ReLU())(torch.ones(5, 3)).shape
    torch.Size([5, 2])
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
    def layers(self) -> list["NormalisedLayer"]:
        return [self]

    def forward(self, x):
        return self.after(self.norm(self._product(x)))

    def _product(self, x):
        if not self._acts_on_weight:
            return self.linear(x)
        effective = {"weight": self.norm.effective_weight(self.linear.weight)}
        return torch.func.functional_call(self.linear, effective, (x,))


class Residual(nn.Module):
    """A stage of consecutive layers with a skip connection around them.

    Parameters
    ----------
    layers : list[NormalisedLayer]
    shortcut : torch.nn.Module
        Maps the stage's input to the shape of the last layer's output; it has no weights.
    after : torch.nn.Module
        Applied to the sum.

    Examples
    --------
    >>> body = [NormalisedLayer(nn.Linear(3, 3)), NormalisedLayer(nn.Linear(3, 3))]
    >>> Residual(body, nn.Identity(), nn.ReLU())(torch.ones(5, 3)).shape
    torch.Size([5, 3])
    """

    def __init__(
        self, layers: list[NormalisedLayer], shortcut: nn.Module, after: nn.Module
    ):
        super().__init__()
        self.body = nn.Sequential(*layers)
        self.shortcut = shortcut
        self.after = after

    @property
    def layers(self) -> list[NormalisedLayer]:
        return list(self.body)

    def forward(self, x):
        return self.after(self.body(x) + self.shortcut(x))


class Network(nn.Sequential):
    """Base class of networks: stages in order, each with its ``layers``.

    A slice is a network, too. Subclasses define ``loss``.

    Attributes
    ----------
    classifies : bool
        Whether outputs are scores of classes, so that there is an accuracy.
    nonlinearity : str
        The non-linearity between layers, as ``torch.nn.init`` names it.

    Examples
    --------
    >>> network = Network(NormalisedLayer(nn.Linear(4, 3)), NormalisedLayer(nn.Linear(3, 2)))
    >>> [tuple(weight.shape) for weight in network.weights]
    [(3, 4), (2, 3)]
    """

    classifies = False
    nonlinearity = "linear"

    @property
    def layers(self) -> list[NormalisedLayer]:
        """Layers 1 to k of all stages, in order."""
        return [layer for stage in self for layer in stage.layers]

    @property
    def weights(self) -> list[torch.Tensor]:
        """The trained weights W_1 to W_k; see ``NormalisedLayer``."""
        return [layer.linear.weight for layer in self.layers]

    def loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Training loss of a batch, without the L2 penalty.

        Parameters
        ----------
        outputs, targets : torch.Tensor
            Outputs of the network, and the targets of the batch.

        Returns
        -------
        torch.Tensor
            A scalar.
        """
        raise NotImplementedError

    def initialise(self, scheme: str, *names: object) -> None:
        """Draw the initial weights; biases start at 0.

        Parameters
        ----------
        scheme : {"he_normal", "he_uniform", "glorot_normal", "glorot_uniform"}
            Distribution of the weights (He et al. 2015; Glorot and Bengio 2010).
        *names : object
            Key of the random numbers, such as the architecture and the seed. The number of the
            layer is added to it.
        """
        before = "linear"  # the inputs come as they are
        for number, layer in enumerate(self.layers, start=1):
            draws = generator("weights", *names, number)
            INITIALISATIONS[scheme](layer.linear.weight, generator=draws)
            if layer.linear.bias is not None:
                nn.init.zeros_(layer.linear.bias)
            layer.norm.initialise(layer.linear.weight, before)
            before = self.nonlinearity


class Classifier(Network):
    """Base class of networks whose outputs are scores of shape (batch, classes)."""

    classifies = True
    nonlinearity = "relu"

    def loss(self, outputs, targets):
        """Mean cross-entropy over the batch, in nats.

        Parameters
        ----------
        outputs : torch.Tensor
            Scores of shape (batch, classes).
        targets : torch.Tensor
            Labels from 0, of shape (batch,).

        Returns
        -------
        torch.Tensor
            A scalar.

        Examples
        --------
        >>> round(float(Classifier().loss(torch.zeros(1, 10), torch.tensor([3]))), 2)  # ln 10
        2.3
        """
        return F.cross_entropy(outputs, targets)


def classes(data: dict[str, torch.Tensor]) -> int:
    """The number of classes of a data set whose labels are integers from 0.

    Parameters
    ----------
    data : dict[str, torch.Tensor]
        With ``train_targets`` of shape (samples,).

    Returns
    -------
    int

    Examples
    --------
    >>> classes({"train_targets": torch.tensor([0, 2, 1])})
    3
    """
    return int(data["train_targets"].max()) + 1


class Convolution(nn.Conv2d):
    """A 3x3 convolution with padding 1, as a matrix product on maps of up to 2x2 pixels.

    On such a map every pixel of the output depends on all of the input, and the product
    leaves the padding's zeros out. On a CPU, forward and backward pass of the layer take
    half the time of ``nn.Conv2d``, or less; results differ by rounding.

    Parameters
    ----------
    channels, features : int
        Numbers of input and output channels.
    stride : int
        With another stride than 1, it is ``nn.Conv2d``.

    Examples
    --------
    >>> Convolution(3, 8)(torch.ones(5, 3, 2, 1)).shape
    torch.Size([5, 8, 2, 1])
    """

    def __init__(self, channels: int, features: int, stride: int = 1):
        super().__init__(channels, features, 3, stride, padding=1)

    def forward(self, x):
        if x.dim() != 4 or max(x.shape[2:]) > 2 or self.stride != (1, 1):
            return super().forward(x)
        # A row per pixel and feature of the output, a column per pixel and channel of the
        # input. A pixel of the output uses the part of the kernel that covers the map.
        height, width = x.shape[2:]
        kernel = self.weight.permute(0, 2, 3, 1)
        matrix = torch.stack(
            [
                kernel[:, 1 - row : 1 - row + height, 1 - column : 1 - column + width]
                for row in range(height)
                for column in range(width)
            ]
        ).flatten(2)
        bias = None if self.bias is None else self.bias.repeat(height * width)
        y = F.linear(x.permute(0, 2, 3, 1).flatten(1), matrix.flatten(0, 1), bias)
        return y.unflatten(1, (height, width, -1)).permute(0, 3, 1, 2)


def convolution(
    channels: int, features: int, norm: Normaliser, after: nn.Module, stride: int = 1
) -> NormalisedLayer:
    """A layer with a 3x3 convolution and padding 1.

    Parameters
    ----------
    channels, features : int
        Numbers of input and output channels.
    norm : Normaliser
        Normaliser of the convolution's output.
    after : torch.nn.Module
        Non-linearity and pooling.
    stride : int
        Maps of height h get height ceil(h / stride).

    Returns
    -------
    NormalisedLayer

    Examples
    --------
    >>> layer = convolution(3, 8, Normaliser(), nn.ReLU(), stride=2)
    >>> layer(torch.ones(1, 3, 32, 32)).shape
    torch.Size([1, 8, 16, 16])
    """
    linear = Convolution(channels, features, stride)
    return NormalisedLayer(linear, norm, after)


# Makes the normaliser of a layer with this number of features.
MakeNorm = Callable[[int], Normaliser]
