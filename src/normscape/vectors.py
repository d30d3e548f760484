"""Lists of tensors, such as gradients, treated as one long vector.

Sums are taken in float64, so that differences of nearly equal gradients survive.
"""

import math


def dot(a, b) -> float:
    """Inner product."""
    return sum(
        float(x.double().flatten() @ y.double().flatten())
        for x, y in zip(a, b, strict=True)
    )


def norm(a) -> float:
    """Euclidean norm."""
    return math.sqrt(dot(a, a))


def distance(a, b) -> float:
    """Euclidean norm of the difference."""
    return norm([x.double() - y for x, y in zip(a, b, strict=True)])


def cosine(a, b) -> float:
    """Cosine of the angle; exactly 1 for equal vectors, NaN if one is zero.

    >>> import torch
    >>> cosine([torch.tensor([3.0, 4.0])], [torch.tensor([3.0, 4.0])])
    1.0
    """
    squares = dot(a, a) * dot(b, b)
    return dot(a, b) / math.sqrt(squares) if squares > 0 else math.nan
