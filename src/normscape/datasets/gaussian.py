"""The deep linear network's data: Gaussian x and targets A x with a Gaussian A."""

import torch

from normscape.randomness import generator


def load(*, samples: int, features: int) -> dict[str, torch.Tensor]:
    """x of shape (samples, features) and A x; x and A have i.i.d. N(0, 1) entries."""
    draws = generator("gaussian")
    inputs = torch.randn(samples, features, generator=draws)
    matrix = torch.randn(features, features, generator=draws)
    return {"train_inputs": inputs, "train_targets": inputs @ matrix.T}
