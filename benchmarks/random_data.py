"""Random images with labels, for benchmarks that depend only on number and size."""

import torch


def images(count: int, shape=(32, 32, 3), classes: int = 10):
    """Return uint8 images of shape (count, *shape), as CIFAR-10's, and their labels."""
    draws = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (count, *shape), generator=draws, dtype=torch.uint8)
    return pixels, torch.arange(count) % classes


def dataset(train: int, test: int, **options) -> dict[str, torch.Tensor]:
    """Return a data set of random images, as ``normscape.datasets`` describes it."""
    tensors = {}
    for part, count in (("train", train), ("test", test)):
        pixels, labels = images(count, **options)
        tensors |= {f"{part}_inputs": pixels, f"{part}_targets": labels}
    channels = pixels.shape[-1]
    mean, deviation = torch.full((channels,), 128.0), torch.full((channels,), 64.0)
    return tensors | {"mean": mean, "deviation": deviation}
