"""Lists of tensors, such as gradients, treated as one long vector.

Sums are taken in float64, so that differences of nearly equal gradients survive.
"""

import math

import torch


def flat(tensors) -> torch.Tensor:
    """The one long vector, in float64."""
    # Joined first: each operation on a small tensor costs more than its numbers do.
    return torch.cat([tensor.flatten() for tensor in tensors]).double()


def dot(a, b) -> float:
    """Inner product."""
    return float(flat(a) @ flat(b))


def norm(a) -> float:
    """Euclidean norm."""
    return _length(flat(a))


def distance(a, b) -> float:
    """Euclidean norm of the difference."""
    return _length(flat(a) - flat(b))


def cosine(a, b) -> float:
    """Cosine of the angle; exactly 1 for equal vectors, NaN if one is zero.

    >>> import torch
    >>> cosine([torch.tensor([3.0, 4.0])], [torch.tensor([3.0, 4.0])])
    1.0
    """
    a, b = flat(a), flat(b)
    squares = float(a @ a) * float(b @ b)
    return float(a @ b) / math.sqrt(squares) if squares > 0 else math.nan


def _length(vector: torch.Tensor) -> float:
    return math.sqrt(float(vector @ vector))
