"""VGG: the 13 convolutions of VGG-16 (Simonyan and Zisserman 2015), any width.

``width`` counts the channels of the first block; 64 is the full network. Max-pooling
follows each of the first four blocks for as long as it leaves maps of at least 2x2; a
last max-pooling takes whatever is left to 1x1. For 32x32 inputs that is VGG-16, and for
smaller ones the deep blocks still see 2x2 maps.
"""

import torch.nn.functional as F
from torch import nn

from normscape.models.network import Layer, Network

# (convolutions, channels as a multiple of the width) of each block
BLOCKS = ((2, 1), (2, 2), (3, 4), (3, 8), (3, 8))


class VGG(Network):
    classifies = True

    def loss(self, outputs, targets):
        """Mean cross-entropy in nats over the batch."""
        return F.cross_entropy(outputs, targets)


def build(data, settings, norm, seed) -> VGG:
    """VGG for images of shape (count, side, side, channels) and labels from 0 up.

    settings : width; fc_widths, the hidden fully connected layers before the
        classifier, normalised like the others; initialisation.
    """
    images, labels = data["train_inputs"], data["train_targets"]
    side, _, channels = images.shape[1:]
    layers = []

    def add(linear, features, after):
        layers.append(Layer(linear, norm(features, len(layers) + 1), after))
        if getattr(layers[-1].norm, "replaces_bias", False):
            linear.bias = None

    for block, (convolutions, factor) in enumerate(BLOCKS):
        for number in range(convolutions):
            features = factor * settings["width"]
            after = [nn.ReLU(inplace=True)]
            if number == convolutions - 1:
                if block == len(BLOCKS) - 1:
                    after += [nn.AdaptiveMaxPool2d(1), nn.Flatten()]
                elif side >= 4:
                    after.append(nn.MaxPool2d(2))
                    side //= 2
            add(
                nn.Conv2d(channels, features, 3, padding=1),
                features,
                nn.Sequential(*after),
            )
            channels = features
    for features in settings["fc_widths"]:
        add(nn.Linear(channels, features), features, nn.ReLU(inplace=True))
        channels = features
    classes = int(labels.max()) + 1
    layers.append(Layer(nn.Linear(channels, classes), nn.Identity(), nn.Identity()))

    network = VGG(*layers)
    network.initialise(settings["initialisation"], "vgg", seed)
    return network
