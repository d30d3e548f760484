"""The deep linear network's data: Gaussian x and targets A x with a Gaussian A."""

import torch

from normscape.randomness import generator


def load(*, samples: int, features: int, seed: int) -> dict[str, torch.Tensor]:
    """x of shape (samples, features) and A x; x and A have i.i.d. N(0, 1) entries.

    Each seed has a problem of its own, so that intervals over seeds cover the problem.
    """
    draws = generator("gaussian", seed)
    inputs = torch.randn(samples, features, generator=draws)
    matrix = torch.randn(features, features, generator=draws)
    return {"train_inputs": inputs, "train_targets": inputs @ matrix.T}
