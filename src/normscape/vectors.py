"""Lists of tensors, such as gradients, treated as one long vector.

Sums are taken in float64, so that differences of nearly equal gradients survive. A complex
number counts as two real ones.
"""

import math
from collections.abc import Iterator

import torch

# So many numbers are converted to float64 at a time.
_AT_ONCE = 2**21


def dot(a, b) -> float:
    """Inner product."""
    return sum(float(x @ y) for x, y in zip(_pieces(a), _pieces(b), strict=True))


def norm(a) -> float:
    """Euclidean norm."""
    return math.sqrt(sum(float(x @ x) for x in _pieces(a)))


def distance(a, b) -> float:
    """Euclidean norm of the difference."""
    pairs = zip(_pieces(a), _pieces(b), strict=True)
    differences = (x - y for x, y in pairs)
    return math.sqrt(sum(float(d @ d) for d in differences))


def cosine(a, b) -> float:
    """Cosine of the angle; exactly 1 for equal vectors, NaN if one is zero.

    >>> import torch
    >>> cosine([torch.tensor([3.0, 4.0])], [torch.tensor([3.0, 4.0])])
    1.0
    """
    aa = bb = ab = 0.0
    for x, y in zip(_pieces(a), _pieces(b), strict=True):
        aa, bb, ab = aa + float(x @ x), bb + float(y @ y), ab + float(x @ y)
    squares = aa * bb
    return ab / math.sqrt(squares) if squares > 0 else math.nan


def real(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor, or a view of the real and imaginary parts of a complex one."""
    return torch.view_as_real(tensor) if tensor.is_complex() else tensor


def _pieces(tensors) -> Iterator[torch.Tensor]:
    """The long vector in float64, in pieces."""
    # Small tensors are joined: each operation on one costs more than its numbers do.
    joined, numbers = [], 0
    for tensor in tensors:
        whole = real(tensor).flatten()
        for piece in [whole] if whole.numel() <= _AT_ONCE else whole.split(_AT_ONCE):
            full = numbers + piece.numel() > _AT_ONCE
            if joined and (full or joined[0].device != piece.device):
                yield torch.cat(joined).double()
                joined, numbers = [], 0
            joined.append(piece)
            numbers += piece.numel()
    if joined:
        yield torch.cat(joined).double()
