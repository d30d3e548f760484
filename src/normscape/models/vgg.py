"""VGG: the convolutions of VGG-16 (Simonyan and Zisserman 2015, Table 1, column D), any width.

``width`` counts the channels of the first block; 64 is the full network.
Max-pooling after each of the first four blocks halves the height of the maps for as long
as that leaves at least 2 pixels, and independently their width; a last max-pooling takes
what remains to 1x1. Smaller and narrower images reach the deep blocks as maps of at least
2x2, unless they are narrower than that themselves. Hidden fully connected layers are left
out, as the paper gives none.
"""

from torch import nn

from normscape.models.network import (
    Classifier,
    MakeNorm,
    NormalisedLayer,
    classes,
    convolution,
)

# Convolutions of each block, and its channels as a multiple of the width.
BLOCKS = ((2, 1), (2, 2), (3, 4), (3, 8), (3, 8))


def build(data, settings, norm: MakeNorm, seed) -> Classifier:
    """VGG for images of shape (count, height, width, channels) and labels from 0 up.

    Parameters
    ----------
    data, norm, seed
        As in ``normscape.models.build``.
    settings : dict
        ``width`` and ``initialisation``.
    """
    *size, channels = data["train_inputs"].shape[1:]
    layers = []
    for block, (convolutions, factor) in enumerate(BLOCKS):
        for number in range(convolutions):
            features = factor * settings["width"]
            after = [nn.ReLU(inplace=True)]
            if number == convolutions - 1:
                if block == len(BLOCKS) - 1:
                    after += [nn.AdaptiveMaxPool2d(1), nn.Flatten()]
                elif max(size) >= 4:
                    pool = tuple(2 if pixels >= 4 else 1 for pixels in size)
                    after.append(nn.MaxPool2d(pool))
                    size = [pixels // by for pixels, by in zip(size, pool, strict=True)]
            after = nn.Sequential(*after)
            layers.append(convolution(channels, features, norm(features), after))
            channels = features
    layers.append(NormalisedLayer(nn.Linear(channels, classes(data))))

    network = Classifier(*layers)
    network.initialise(settings["initialisation"], "vgg", seed)
    return network
