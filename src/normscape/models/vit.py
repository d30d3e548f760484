"""A small pre-norm vision transformer (Dosovitskiy et al. 2021).

As Beyer et al. (2022, "Better plain ViT baselines") simplify it: patches of 4x4 pixels become
tokens, fixed sines and cosines tell their places, and the scores are means over tokens.
Patches that reach beyond the right or bottom edge of an image are padded with zeros, the
mean of standardised images.
Between these lie blocks of self-attention and of a network of two layers, each with a skip
connection around it. A normaliser stands before each attention, before each such network and
before the classifier: 4 * depth + 2 layers, and 2 * depth + 1 normalisers.

Activations have shape (batch, features, tokens), so that tokens are positions.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from normscape.models.network import (
    Classifier,
    MakeNorm,
    NormalisedLayer,
    Residual,
    classes,
)
from normscape.norms import Normaliser

PATCH = 4
# Of the network in a block: its hidden features, as a multiple of the width.
EXPANSION = 4


class _VisionTransformer(Classifier):
    # Before each layer that has a normaliser stand sums of linear maps.
    nonlinearity = "linear"


class _PatchEmbedding(nn.Conv2d):
    """W x + b for each patch x of an image of any height and width, padded with zeros."""

    def __init__(self, channels: int, features: int):
        super().__init__(channels, features, PATCH, stride=PATCH)

    def forward(self, x):
        height, width = x.shape[2:]
        return super().forward(F.pad(x, (0, -width % PATCH, 0, -height % PATCH)))


class _TokenLinear(nn.Linear):
    """W x + b for each token x of activations of shape (batch, features, tokens)."""

    def forward(self, x):
        return super().forward(x.mT).mT


class _PerToken(nn.Module):
    """A ``per_sample`` normaliser, to which each token is a sample of its own."""

    def __init__(self, norm: Normaliser):
        super().__init__()
        self.norm = norm

    def forward(self, y):
        samples, _, tokens = y.shape
        normalised = self.norm(y.mT.flatten(0, 1))
        return normalised.unflatten(0, (samples, tokens)).mT


class PreNormLayer(NormalisedLayer):
    """A layer that normalises what it takes in, not what its linear map puts out.

    A normaliser of weights acts on the linear map's, as in every layer. One that is
    ``per_sample`` normalises each token by itself, as layer normalisation does in
    transformers, unless it is ``over_positions``.
    """

    def __init__(self, linear: nn.Linear, make_norm: MakeNorm, after: nn.Module):
        before, weight_norm = make_norm(linear.in_features), None
        if before.acts_on_weight:
            before, weight_norm = Normaliser(), make_norm(linear.out_features)
        super().__init__(linear, weight_norm, after)
        per_token = before.per_sample and not before.over_positions
        self.before = _PerToken(before) if per_token else before

    def forward(self, x):
        return super().forward(self.before(x))


class _Tokens(nn.Module):
    """Maps of shape (batch, features, rows, columns) as tokens, with their places added."""

    def __init__(self, features: int, rows: int, columns: int):
        super().__init__()
        self.register_buffer("places", places(features, rows, columns))

    def forward(self, x):
        return x.flatten(2) + self.places


def places(features: int, rows: int, columns: int) -> torch.Tensor:
    """Sines and cosines of each place's row and column, (features, rows * columns).

    A quarter of the features each: sines of the column, its cosines, and the same of the
    row, at frequencies that fall from 1 to 1e-4.
    """
    frequencies = torch.logspace(0, -4, features // 4, dtype=torch.float64)
    row, column = torch.meshgrid(
        torch.arange(rows), torch.arange(columns), indexing="ij"
    )
    angles = [frequencies[:, None] * axis.flatten() for axis in (column, row)]
    waves = [wave(angle) for angle in angles for wave in (torch.sin, torch.cos)]
    return torch.cat(waves).float()


class _Attention(nn.Module):
    """The values of queries, keys and values, mixed by the attention of each head.

    (batch, 3 * features, tokens) -> (batch, features, tokens).
    """

    def __init__(self, heads: int):
        super().__init__()
        self.heads = heads

    def forward(self, x):
        batch, _, tokens = x.shape
        shape = batch, tokens, 3, self.heads, -1
        # (batch, heads, tokens, features of a head) each, with features adjacent in memory.
        queries, keys, values = x.mT.reshape(shape).transpose(1, 3).unbind(2)
        mixed = F.scaled_dot_product_attention(queries, keys, values)
        return mixed.transpose(1, 2).flatten(2).mT


class _MeanOverTokens(nn.Module):
    def forward(self, x):
        return x.mean(2)


def build(data, settings, norm: MakeNorm, seed) -> Classifier:
    """ViT for images of shape (count, height, width, channels) and labels from 0 up.

    Parameters
    ----------
    data, norm, seed
        As in ``normscape.models.build``.
    settings : dict
        ``depth``, the number of blocks; ``width``, the features of a token; ``heads``;
        ``initialisation``.

    Raises
    ------
    ValueError
        If ``heads`` does not divide ``width``.
    """
    width, heads = settings["width"], settings["heads"]
    *size, channels = data["train_inputs"].shape[1:]
    if width % heads:
        raise ValueError(
            f"heads: expected a divisor of width = {width}, got {heads}; change either"
        )

    def pre_norm(inputs, outputs, after):
        return PreNormLayer(_TokenLinear(inputs, outputs), norm, after)

    def plain(inputs):
        return NormalisedLayer(_TokenLinear(inputs, width))

    def residual(*layers):
        return Residual(list(layers), nn.Identity(), nn.Identity())

    tokens = _Tokens(width, *(math.ceil(pixels / PATCH) for pixels in size))
    stages = [NormalisedLayer(_PatchEmbedding(channels, width), after=tokens)]
    hidden = EXPANSION * width
    for _ in range(settings["depth"]):
        attention = pre_norm(width, 3 * width, _Attention(heads))
        expansion = pre_norm(width, hidden, nn.GELU())
        stages += [
            residual(attention, plain(width)),
            residual(expansion, plain(hidden)),
        ]
    stages.append(pre_norm(width, classes(data), _MeanOverTokens()))

    network = _VisionTransformer(*stages)
    network.initialise(settings["initialisation"], "vit", seed)
    return network
