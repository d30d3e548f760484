"""Real handwritten digits that ship inside scikit-learn: 1,797 images of 8x8."""

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

from normscape.randomness import generator

TRAINING_IMAGES = 1500


def load(*, side: int) -> dict[str, torch.Tensor]:
    """Digits enlarged bilinearly to ``side`` x ``side`` pixels, 1500 / 297.

    The split is the same for every run; mean and deviation are the training set's.
    """
    digits = load_digits()
    images = torch.from_numpy(digits.images).float()[:, None]
    images = F.interpolate(images, size=(side, side), mode="bilinear")
    labels = torch.from_numpy(digits.target).long()
    order = torch.randperm(len(images), generator=generator("split", "digits"))
    train, test = order[:TRAINING_IMAGES], order[TRAINING_IMAGES:]
    images = (images - images[train].mean()) / images[train].std()
    images = images.movedim(1, -1)
    return {
        "train_inputs": images[train],
        "train_targets": labels[train],
        "test_inputs": images[test],
        "test_targets": labels[test],
    }
