"""Real handwritten digits that ship inside scikit-learn: 1,797 images of 8x8."""

import torch

from normscape.datasets import _digits


def load(*, side: int) -> dict[str, torch.Tensor]:
    """Digits enlarged bilinearly to ``side`` x ``side`` pixels, 1500 / 297.

    The split is the same for every run; mean and deviation are the training set's.
    """
    parts = _digits.parts(side)
    images = {part: pixels for part, (pixels, _) in parts.items()}
    return _digits.standardised(images, {p: labels for p, (_, labels) in parts.items()})
