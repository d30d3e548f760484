"""Random images with labels, where only their number and size count."""

import torch


def images(count: int, shape=(32, 32, 3), classes: int = 10, whole: bool = False):
    """(images of shape (count, *shape), labels); whole: uint8 as in CIFAR-10, else normal."""
    draws = torch.Generator().manual_seed(0)
    size = (count, *shape)
    if whole:
        pixels = torch.randint(256, size, generator=draws, dtype=torch.uint8)
    else:
        pixels = torch.randn(size, generator=draws)
    return pixels, torch.arange(count) % classes


def data(train: int, test: int, **options) -> dict[str, torch.Tensor]:
    """A data set of random images, as ``normscape.datasets`` describes it."""
    found = {}
    for part, count in (("train", train), ("test", test)):
        pixels, labels = images(count, **options)
        found |= {f"{part}_inputs": pixels, f"{part}_targets": labels}
    if options.get("whole"):
        channels = found["train_inputs"].shape[-1]
        found["mean"] = torch.full((channels,), 128.0)
        found["deviation"] = torch.full((channels,), 64.0)
    return found
