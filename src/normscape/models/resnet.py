"""A residual network for small images (He et al. 2016, Section 4.2).

A 3x3 convolution, three groups of n blocks of two 3x3 convolutions each, global average
pooling and a linear classifier: 6n + 2 layers. The second and the third group halve the
maps and double the channels; there the skip connection takes every second pixel and fills
the new channels with zeros (the paper's option A), so that all weights are layers'.
"""

import torch.nn.functional as F
from torch import nn

from normscape.models.network import (
    Classifier,
    MakeNorm,
    NormalisedLayer,
    Residual,
    classes,
    convolution,
)


class _Shortcut(nn.Module):
    """The identity, or every second pixel with zeros for channels that are new."""

    def __init__(self, stride: int, new_channels: int):
        super().__init__()
        self.stride, self.new_channels = stride, new_channels

    def forward(self, x):
        if self.stride == 1:
            return x
        x = x[:, :, :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, 0, self.new_channels))


def build(data, settings, norm: MakeNorm, seed) -> Classifier:
    """ResNet for images of shape (count, height, width, channels) and labels from 0 up.

    settings : depth, 6n + 2 layers; width, the channels of the first group;
        initialisation.
    """
    width, blocks = settings["width"], (settings["depth"] - 2) // 6
    channels = data["train_inputs"].shape[-1]
    stages = [convolution(channels, width, norm(width), nn.ReLU())]
    channels = width
    for group in range(3):
        for block in range(blocks):
            features = width * 2**group
            stride = 2 if group > 0 and block == 0 else 1
            layers = [
                convolution(channels, features, norm(features), nn.ReLU(), stride),
                convolution(features, features, norm(features), nn.Identity()),
            ]
            after = [nn.ReLU()]
            if (group, block) == (2, blocks - 1):
                after += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
            shortcut = _Shortcut(stride, features - channels)
            stages.append(Residual(layers, shortcut, nn.Sequential(*after)))
            channels = features
    stages.append(NormalisedLayer(nn.Linear(channels, classes(data))))

    network = Classifier(*stages)
    network.initialise(settings["initialisation"], "resnet", seed)
    return network
