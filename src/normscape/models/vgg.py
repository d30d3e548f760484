"""VGG: the 13 convolutions of VGG-16 (Simonyan and Zisserman 2015), any width.

``width`` counts the channels of the first block; 64 is the full network. Max-pooling
follows each of the first four blocks for as long as it leaves maps of at least 2x2; a
last max-pooling takes whatever is left to 1x1. For 32x32 inputs that is VGG-16, and for
smaller ones the deep blocks still see 2x2 maps.
"""

from torch import nn

from normscape.models.network import Classifier, Layer, MakeNorm, classes, convolution

# (convolutions, channels as a multiple of the width) of each block
BLOCKS = ((2, 1), (2, 2), (3, 4), (3, 8), (3, 8))


def build(data, settings, norm: MakeNorm, seed) -> Classifier:
    """VGG for images of shape (count, side, side, channels) and labels from 0 up.

    settings : width; fc_widths, the hidden fully connected layers before the
        classifier, normalised like the others; initialisation.
    """
    side, _, channels = data["train_inputs"].shape[1:]
    layers = []
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
            normaliser = norm(features, len(layers) + 1)
            after = nn.Sequential(*after)
            layers.append(convolution(channels, features, normaliser, after))
            channels = features
    for features in settings["fc_widths"]:
        normaliser = norm(features, len(layers) + 1)
        linear = nn.Linear(channels, features)
        layers.append(Layer(linear, normaliser, nn.ReLU(inplace=True)))
        channels = features
    layers.append(
        Layer(nn.Linear(channels, classes(data)), nn.Identity(), nn.Identity())
    )

    network = Classifier(*layers)
    network.initialise(settings["initialisation"], "vgg", seed)
    return network
