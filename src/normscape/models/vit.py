"""A small vision transformer (Dosovitskiy et al. 2021), normalised before each branch.

As in "Better plain ViT baselines" (Beyer et al. 2022) positions are fixed sines and cosines,
and the classifier sees the mean over patches, so that there is no class token.

A patch counts as a sample: activations have the shape (batch * patches, features), and a
normaliser of samples normalises each patch by itself, as transformers have it.
"""

import math

import torch
from torch import nn

from normscape.models.network import Classifier, Layer, MakeNorm, Residual, classes


class PreNorm(Layer):
    """A layer whose normaliser comes first: x -> norm -> linear -> after.

    Its linear map keeps its bias: with fewer inputs than outputs, beta can't take its place.
    """

    norm_follows = False

    def forward(self, x):
        return self.after(self._product(self.norm(x)))


class Embedding(nn.Module):
    """Maps (batch, features, rows, columns) of patches to tokens, and adds their positions."""

    def __init__(self, features: int, rows: int):
        super().__init__()
        self.register_buffer("positions", positions(features, rows), persistent=False)

    def forward(self, x):
        tokens = x.flatten(2).movedim(1, -1)
        return (tokens + self.positions).flatten(0, 1)


class Attention(nn.Module):
    """Multi-head self-attention between the patches of an image (Vaswani et al. 2017).

    Maps queries, keys and values side by side, (batch * patches, 3 * features), to
    (batch * patches, features). In plain operations, which can be differentiated twice.
    """

    def __init__(self, heads: int, patches: int):
        super().__init__()
        self.heads, self.patches = heads, patches

    def forward(self, x):
        size = x.shape[-1] // (3 * self.heads)
        parts = x.view(-1, self.patches, 3, self.heads, size)
        queries, keys, values = parts.permute(2, 0, 3, 1, 4)
        scores = queries @ keys.transpose(-2, -1) / math.sqrt(size)
        return (scores.softmax(-1) @ values).transpose(1, 2).reshape(len(x), -1)


class MeanOverPatches(nn.Module):
    """Maps (batch * patches, features) to (batch, features)."""

    def __init__(self, patches: int):
        super().__init__()
        self.patches = patches

    def forward(self, x):
        return x.view(-1, self.patches, x.shape[-1]).mean(1)


def positions(features: int, rows: int) -> torch.Tensor:
    """Sines and cosines of rows and columns, (rows * rows, features).

    A quarter of the features for each; periods are 2 pi to 20,000 pi (Vaswani et al. 2017).
    """
    quarter = features // 4
    periods = 10000 ** (torch.arange(quarter) / max(quarter - 1, 1))
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(rows), indexing="ij")
    angles = [place.flatten()[:, None] / periods for place in (x, y)]
    return torch.cat([f(a) for a in angles for f in (torch.sin, torch.cos)], dim=1)


def build(data, settings, norm: MakeNorm, seed) -> Classifier:
    """ViT for images of shape (count, side, side, channels) and labels from 0 up.

    settings : patch, the side of a patch, which divides that of the images; width, the
        features of a patch; heads; depth, the number of blocks, each of attention and of a
        network with one hidden layer of ``mlp_ratio`` times the width; initialisation. A
        ValueError names a setting that does not fit.
    """
    width, patch, heads = settings["width"], settings["patch"], settings["heads"]
    side, channels = data["train_inputs"].shape[-2:]
    if side % patch:
        raise ValueError(f"patch: found {patch}, allowed are divisors of {side}")
    if width % 4 or width % heads:
        raise ValueError(
            f"width: found {width}, allowed are multiples of 4 and {heads}"
        )
    rows = side // patch
    hidden = settings["mlp_ratio"] * width

    def layer(number, features, outputs, after):
        linear = nn.Linear(features, outputs)
        normaliser = norm(features, number)
        if hasattr(normaliser, "effective_weight"):  # its features are the weight's
            normaliser = norm(outputs, number)
        return PreNorm(linear, normaliser, after)

    embed = nn.Conv2d(channels, width, patch, stride=patch)
    stages = [Layer(embed, nn.Identity(), Embedding(width, rows))]
    number = 2
    for _ in range(settings["depth"]):
        for outputs, after, inner in (
            (3 * width, Attention(heads, rows * rows), width),
            (hidden, nn.GELU(), hidden),
        ):
            back = Layer(nn.Linear(inner, width), nn.Identity(), nn.Identity())
            branch = [layer(number, width, outputs, after), back]
            stages.append(Residual(branch, nn.Identity(), nn.Identity()))
            number += 2
    # Of a linear map it is all the same whether the mean is taken before or after it.
    stages.append(layer(number, width, classes(data), MeanOverPatches(rows * rows)))

    network = Classifier(*stages)
    network.initialise(settings["initialisation"], "vit", seed)
    return network
