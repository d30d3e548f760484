"""Handwritten digits at random places of a noisy canvas.

In the manner of the translated and cluttered MNIST of Mnih et al. (2014), from the digits
that ship inside scikit-learn: a task that a small network does not finish in some hundred
steps.
"""

import torch

from normscape.datasets import _digits
from normscape.randomness import generator

_AXES = "row", "column"


def load(
    *,
    side: int,
    digit_side: int,
    noise: float,
    training_images: int,
    test_images: int,
) -> dict[str, torch.Tensor]:
    """``training_images`` and ``test_images``, standardised.

    Each shows a digit of its own part of the split, enlarged to ``digit_side``, at a random
    place of a canvas of ``side`` pixels, and Gaussian noise of standard deviation ``noise``,
    where a digit's values go from 0 to 1.
    """
    if digit_side > side:
        raise ValueError(
            f"digit_side: expected at most side = {side}, got {digit_side}"
        )
    images, labels = {}, {}
    counts = {"train": training_images, "test": test_images}
    for part, (digits, digit_labels) in _digits.parts(digit_side).items():
        digits = digits / 16

        def draw(name, high, part=part):
            draws = generator("scattered_digits", part, name)
            return torch.randint(high, (counts[part],), generator=draws)

        chosen = draw("digit", len(digits))
        corner = [draw(f"place {axis}", side - digit_side + 1) for axis in _AXES]
        canvas = torch.zeros(counts[part], side, side)
        canvas[_window(corner, digit_side)] = digits[chosen]
        draws = generator("scattered_digits", part, "noise")
        canvas += noise * torch.randn(canvas.shape, generator=draws)
        images[part], labels[part] = canvas, digit_labels[chosen]
    return _digits.standardised(images, labels)


def _window(corner: list[torch.Tensor], size: int) -> tuple[torch.Tensor, ...]:
    """The index of a window of each image, given its upper left corners."""
    rows, columns = (start[:, None] + torch.arange(size) for start in corner)
    images = torch.arange(len(rows))
    return images[:, None, None], rows[:, :, None], columns[:, None, :]
