"""The handwritten digits that ship inside scikit-learn, split once and for all."""

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

from normscape.randomness import generator

TRAINING_IMAGES = 1500


def parts(side: int) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """For "train" and "test": images (count, side, side) from 0 to 16, and labels.

    The 1,797 images of 8x8 are enlarged bilinearly; 1500 of them are for training.
    """
    digits = load_digits()
    images = torch.from_numpy(digits.images).float()[:, None]
    images = F.interpolate(images, size=(side, side), mode="bilinear")[:, 0]
    labels = torch.from_numpy(digits.target).long()
    order = torch.randperm(len(images), generator=generator("split", "digits"))
    chosen = {"train": order[:TRAINING_IMAGES], "test": order[TRAINING_IMAGES:]}
    return {part: (images[rows], labels[rows]) for part, rows in chosen.items()}


def standardised(images: dict[str, torch.Tensor], labels) -> dict[str, torch.Tensor]:
    """A data set of images with one channel, by the training set's mean and deviation."""
    mean, deviation = images["train"].mean(), images["train"].std()
    return {
        f"{part}_inputs": ((pixels - mean) / deviation)[..., None]
        for part, pixels in images.items()
    } | {f"{part}_targets": labels[part] for part in images}
