"""Handwritten digits at random places of a noisy canvas.

In the manner of the translated and cluttered MNIST of Mnih et al. (2014), from the digits
that ship inside scikit-learn: a task that a small network does not finish in some hundred
steps.
"""

import torch

from normscape.datasets import _digits
from normscape.randomness import generator

_PIECE = 4  # height and width of a piece of clutter


def load(
    *,
    side: int,
    digit_side: int,
    noise: float,
    training_images: int,
    test_images: int,
    clutter: int,
) -> dict[str, torch.Tensor]:
    """``training_images`` and ``test_images``, standardised.

    Each shows a digit of its own part of the split, enlarged to ``digit_side``, at a random
    place of a canvas of ``side`` pixels; then ``clutter`` pieces of 4x4 pixels from other
    digits of that part at random places, where the larger value stays; then Gaussian noise
    of deviation ``noise``, where a digit's values go from 0 to 1.
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

        def place(name, size, draw=draw):
            return [
                draw(f"{name} {axis}", side - size + 1) for axis in ("row", "column")
            ]

        chosen = draw("digit", len(digits))
        canvas = torch.zeros(counts[part], side, side)
        canvas[_window(place("place", digit_side), digit_side)] = digits[chosen]
        for number in range(clutter):
            other = chosen + 1 + draw(f"other {number}", len(digits) - 1)
            cut = [
                draw(f"cut {axis} {number}", digit_side - _PIECE + 1) for axis in "yx"
            ]
            pieces = digits[other % len(digits)][_window(cut, _PIECE)]
            window = _window(place(f"clutter {number}", _PIECE), _PIECE)
            canvas[window] = torch.maximum(canvas[window], pieces)
        draws = generator("scattered_digits", part, "noise")
        canvas += noise * torch.randn(canvas.shape, generator=draws)
        images[part], labels[part] = canvas, digit_labels[chosen]
    return _digits.standardised(images, labels)


def _window(corner: list[torch.Tensor], size: int) -> tuple[torch.Tensor, ...]:
    """The index of a window of each image, given its upper left corners."""
    rows, columns = (start[:, None] + torch.arange(size) for start in corner)
    images = torch.arange(len(rows))
    return images[:, None, None], rows[:, :, None], columns[:, None, :]
