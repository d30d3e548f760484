"""The largest eigenvalue of a symmetric matrix of which only products are known."""

from collections.abc import Callable

import numpy as np

# So many vectors of the matrix's size are kept; more would make the first sweep alone take
# more products than most spectra of Hessians need.
_VECTORS = 10


def largest_eigenvalue(
    product: Callable[[np.ndarray], np.ndarray], size: int, seed: int, tolerance: float
) -> tuple[float, np.ndarray]:
    """The algebraically largest eigenvalue lambda, and a unit vector v of it.

    Lanczos iteration with thick restarts (Wu and Simon 2000), in float64: with half of the
    vectors kept it is the same in exact arithmetic as ARPACK's, which SciPy calls, from the
    start that SciPy draws.

    product : the matrix times a vector. tolerance : of ||Av - lambda v|| / |lambda|. A
        RuntimeError says that it was not reached.

    >>> value, _ = largest_eigenvalue(lambda v: np.array([1.0, 3.0]) * v, 2, 0, 1e-9)
    >>> round(float(value), 9)
    3.0
    """
    count = min(_VECTORS, size)
    _, start = np.random.default_rng(seed).uniform(-1, 1, (2, size))
    start = product(start)
    if not start.any():
        return 0.0, start
    basis = np.zeros((count + 1, size))
    basis[0] = start / np.linalg.norm(start)
    projected = np.zeros((count + 1, count + 1))  # the matrix in the basis
    kept, smallest = 0, np.finfo(float).eps
    for _ in range(10 * size):
        for last in range(kept, count):
            rest = product(basis[last])
            here, along = basis[: last + 1], np.zeros(last + 1)
            for _ in range(2):  # rounding leaves too much after the first
                part = here @ rest
                rest, along = rest - part @ here, along + part
            projected[: last + 1, last] = projected[last, : last + 1] = along
            beta = np.linalg.norm(rest)
            if beta <= smallest * np.linalg.norm(along):
                break  # the basis holds eigenvectors
            basis[last + 1] = rest / beta
        values, vectors = np.linalg.eigh(projected[: last + 1, : last + 1])
        largest, of_largest = values[-1], vectors[:, -1]
        bound = beta * abs(of_largest[-1])
        if bound <= tolerance * max(abs(largest), smallest ** (2 / 3)):
            return largest, of_largest @ basis[: last + 1]
        kept = count // 2
        basis[:kept] = vectors[:, -kept:].T @ basis[:count]
        basis[kept] = basis[count]
        projected[:] = 0
        projected[range(kept), range(kept)] = values[-kept:]
    raise RuntimeError(f"no eigenvalue within {tolerance} after {10 * size} restarts")
