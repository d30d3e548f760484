"""VGG: the convolutions of a network of Simonyan and Zisserman (2015), any width.

``configuration`` is a column of their Table 1: D, the paper's, is VGG-16; A is VGG-11, B
VGG-13 and E VGG-19. ``width`` counts the channels of the first block; 64 is the full network.
Max-pooling after each of the first four blocks halves the height of the maps for as long
as that leaves at least 2 pixels, and independently their width; a last max-pooling takes
what remains to 1x1. For 32x32 inputs that is VGG-16. Smaller and narrower images reach
the deep blocks as maps of at least 2x2, unless they are narrower than that themselves.
"""

from torch import nn

from normscape.models.network import Classifier, Layer, MakeNorm, classes, convolution

# Convolutions of each block, and its channels as a multiple of the width.
CONVOLUTIONS = {
    "A": (1, 1, 2, 2, 2),
    "B": (2, 2, 2, 2, 2),
    "D": (2, 2, 3, 3, 3),
    "E": (2, 2, 4, 4, 4),
}
CHANNELS = (1, 2, 4, 8, 8)


def blocks(configuration: str) -> list[tuple[int, int]]:
    """Number of convolutions, and channels as a multiple of the width, of each block.

    >>> blocks("A")
    [(1, 1), (1, 2), (2, 4), (2, 8), (2, 8)]
    """
    return list(zip(CONVOLUTIONS[configuration], CHANNELS, strict=True))


def build(data, settings, norm: MakeNorm, seed) -> Classifier:
    """VGG for images of shape (count, height, width, channels) and labels from 0 up.

    Parameters
    ----------
    data, norm, seed
        As in ``normscape.models.build``.
    settings : dict
        ``configuration``, ``width``, ``initialisation``, and ``fc_widths``, the widths of hidden
        fully connected layers before the classifier, which are normalised like the others.
    """
    *size, channels = data["train_inputs"].shape[1:]
    layers = []
    vgg_blocks = blocks(settings["configuration"])
    for block, (convolutions, factor) in enumerate(vgg_blocks):
        for number in range(convolutions):
            features = factor * settings["width"]
            after = [nn.ReLU(inplace=True)]
            if number == convolutions - 1:
                if block == len(vgg_blocks) - 1:
                    after += [nn.AdaptiveMaxPool2d(1), nn.Flatten()]
                elif max(size) >= 4:
                    pool = tuple(2 if pixels >= 4 else 1 for pixels in size)
                    after.append(nn.MaxPool2d(pool))
                    size = [pixels // by for pixels, by in zip(size, pool, strict=True)]
            after = nn.Sequential(*after)
            layers.append(convolution(channels, features, norm(features), after))
            channels = features
    for features in settings["fc_widths"]:
        linear = nn.Linear(channels, features)
        layers.append(Layer(linear, norm(features), nn.ReLU(inplace=True)))
        channels = features
    layers.append(Layer(nn.Linear(channels, classes(data))))

    network = Classifier(*layers)
    network.initialise(settings["initialisation"], "vgg", seed)
    return network
