"""The statements of Section 4 and Appendix C, checked in float64.

One unit of a linear layer followed by batch normalisation (eps = 0) over m values:

    yhat = (y - mean(y)) / sigma,    z = gamma * yhat + beta,    Lhat(y) = L(z).

With g = dL/dz, H = d2L/dz2, and v = dLhat/dy and Hhat = d2Lhat/dy2 from autograd, each
statement is a bound on an actual value, in the form that holds and, where v3 of the paper
prints another, in the printed one. Derivations: ``docs/theory.md``.
"""

import dataclasses
from collections.abc import Callable, Iterator

import torch
from scipy import optimize
from torch import Tensor

from normscape.theory.worst_inputs import largest_gradient


@dataclasses.dataclass
class Unit:
    """One unit at one point; vectors have shape (m,), the rest are numbers."""

    y: Tensor
    gamma: float
    g: Tensor
    v: Tensor
    quadratic: float  # v' H v
    quadratic_hat: float  # v' Hhat v

    @property
    def m(self) -> int:
        return len(self.y)

    @property
    def sigma(self) -> float:
        return float(self.y.std(correction=0))

    @property
    def normalised(self) -> Tensor:
        return normalise(self.y)


def normalise(y: Tensor) -> Tensor:
    """(y - mean) / sigma of a vector, with the biased sigma and no eps."""
    return (y - y.mean()) / y.std(correction=0)


def differentiate(y: Tensor, gamma, beta, loss: Callable[[Tensor], Tensor]) -> Unit:
    """Return the unit at y whose loss is ``loss(z)``, a scalar that can be derived twice."""
    y = y.detach().requires_grad_()
    z = gamma * normalise(y) + beta
    (v,) = torch.autograd.grad(loss(z), y, create_graph=True)
    direction = v.detach()
    (curved,) = torch.autograd.grad(v, y, direction)
    z = z.detach().requires_grad_()
    (g,) = torch.autograd.grad(loss(z), z, create_graph=True)
    hessian_v = torch.zeros_like(g)
    if g.requires_grad:
        (hessian_v,) = torch.autograd.grad(g, z, direction)
    return Unit(
        y.detach(),
        float(gamma),
        g.detach(),
        direction,
        float(direction @ hessian_v),
        float(direction @ curved),
    )


# Each statement about a unit returns its actual value and the terms of its bound.


def fact_c1(unit: Unit):
    """dLhat/dy = gamma / sigma * P g, P = I - 11'/m - yhat yhat'/m."""
    yhat, g = unit.normalised, unit.g
    projected = g - g.mean() - yhat * (yhat @ g) / unit.m
    return unit.v, [unit.gamma / unit.sigma * projected]


def theorem_41(unit: Unit):
    """The gradient's squared norm, which two projections reduce."""
    return unit.v @ unit.v, _norm_bound(unit, unit.m)


def theorem_41_printed(unit: Unit):
    """With 1 / sqrt(m) in the last term."""
    return unit.v @ unit.v, _norm_bound(unit, unit.m**0.5)


def theorem_42(unit: Unit):
    """The curvature along the gradient."""
    along = unit.g @ unit.normalised
    return unit.quadratic_hat, [
        (unit.gamma / unit.sigma) ** 2 * unit.quadratic,
        -unit.gamma / (unit.m * unit.sigma**2) * along * (unit.v @ unit.v),
    ]


def theorem_44(unit: Unit, bound: float, ghat: float, g_max: float):
    """The largest squared weight gradient over all inputs with ||X|| <= ``bound``.

    ghat : the largest with normalisation, ||X'v||^2. g_max : without, ||X'g||^2.
    """
    factor = (unit.gamma / unit.sigma) ** 2
    return ghat, [
        factor * g_max,
        -factor * bound**2 * unit.m * unit.g.mean() ** 2,
        -factor * bound**2 * (unit.g @ unit.normalised) ** 2 / unit.m,
    ]


def theorem_44_printed(unit: Unit, bound: float, ghat: float, g_max: float):
    """Without lambda^2 in the second term, and without 1 / m in the third."""
    factor = (unit.gamma / unit.sigma) ** 2
    return ghat, [
        factor * g_max,
        -factor * unit.m * unit.g.mean() ** 2,
        -factor * bound**2 * (unit.g @ unit.normalised) ** 2,
    ]


def _norm_bound(unit, divisor):
    """The terms of (gamma / sigma)^2 * ||P g||^2."""
    factor = (unit.gamma / unit.sigma) ** 2
    return [
        factor * (unit.g @ unit.g),
        -factor * unit.g.sum() ** 2 / unit.m,
        -factor * (unit.g @ unit.normalised) ** 2 / divisor,
    ]


def observation_43(unit: Unit):
    """With gamma = sigma and beta = mean the output is the input."""
    return unit.sigma * unit.normalised + unit.y.mean(), [unit.y]


def scale_invariance(unit: Unit, factor: float = 3.7):
    """BN(a W x) = BN(W x), on which Lemma 4.5 rests."""
    return normalise(factor * unit.y), [unit.normalised]


def lemma_45(start: Tensor, optimum: Tensor):
    """The squared distance from the start to the nearest optimum k W*, k > 0.

    The nearest is found by a search and not computed, so that the bound is tested.
    """
    largest = float(start.norm() / optimum.norm())
    nearest = optimize.minimize_scalar(
        lambda k: float((start - k * optimum).square().sum()),
        bounds=(0, largest),
        method="bounded",
        options={"xatol": 1e-12 * largest},
    )
    square = optimum @ optimum
    return nearest.fun, [
        (start - optimum).square().sum(),
        -((square - optimum @ start) ** 2) / square,
    ]


def statements(unit: Unit, bound: float) -> Iterator[tuple]:
    """Yield (statement, form, actual, terms); ``bound`` is Theorem 4.4's lambda."""
    largest = largest_gradient(unit.v, bound), largest_gradient(unit.g, bound)
    yield "Fact C.1", "holds", *fact_c1(unit)
    yield "Theorem 4.1", "holds", *theorem_41(unit)
    yield "Theorem 4.1", "printed", *theorem_41_printed(unit)
    yield "Theorem 4.2", "holds", *theorem_42(unit)
    yield "Observation 4.3", "holds", *observation_43(unit)
    yield "Theorem 4.4", "holds", *theorem_44(unit, bound, *largest)
    yield "Theorem 4.4", "printed", *theorem_44_printed(unit, bound, *largest)
    yield "Lemma 4.5: BN(aWx) = BN(Wx)", "holds", *scale_invariance(unit)
