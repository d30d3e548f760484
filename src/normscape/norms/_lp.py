"""Lp normalisation: one forward and one closed-form backward pass for every order.

For y with m values of a feature, mean mu and scale s,

    z = gamma * (y - mu) / r + beta,    r = sqrt(s**2 + eps),

where s is the average p-norm of y, before the mean is shifted away: mean |y|,
sqrt(mean y**2) or max |y| for p = 1, 2, inf (Figure 5's caption). With
``centred=True`` s is taken of y - mu instead. eps guards r as it does in BatchNorm.

Backward, with g = dL/dz, xhat = (y - mu) / r and u = y (or y - mu when centred),

    dL/dy = gamma / r * (g - mean(g)) - gamma * sum(g * xhat) / r**2 * d(s**2)/2 du,

where d(s**2)/2 du is s * sign(u) / m, u / m, or s * sign(u) at the largest |u|;
when centred, its own mean is subtracted once more.
"""

import math

import torch
import torch.nn.functional as F

from normscape.norms._affine import AffineNorm, per_feature


def _dimensions(y: torch.Tensor) -> list[int]:
    """All but the features' dimension."""
    return [0, *range(2, y.dim())]


def _values(y, mean, centred):
    return y - per_feature(mean, y) if centred else y


def _statistics(y, order, centred):
    """Mean and scale of each feature, both of shape (features,)."""
    mean = y.mean(_dimensions(y))
    scale = torch.linalg.vector_norm(
        _values(y, mean, centred), ord=order, dim=_dimensions(y)
    )
    if order != math.inf:
        scale *= (y.shape[1] / y.numel()) ** (1 / order)
    return mean, scale


def _scale_gradient(y, mean, scale, order, centred):
    """d(s**2)/2 du as a direction of y's shape and a factor for each feature.

    Where several |u| are the largest, they share the gradient of the maximum.
    """
    u = _values(y, mean, centred)
    count = y.numel() // y.shape[1]
    if order == 1:
        return u.sign(), scale / count
    if order == 2:
        return u, 1 / count
    largest = torch.where(u.abs() == per_feature(scale, y), u, 0)
    total = torch.linalg.vector_norm(largest, ord=1, dim=_dimensions(y))
    return largest, scale / total.clamp_min(torch.finfo(y.dtype).tiny)


class _Normalise(torch.autograd.Function):
    """The normaliser's own pullback as autograd's backward pass."""

    @staticmethod
    def forward(ctx, y, gamma, beta, norm):
        z, ctx.pullback = norm.with_pullback(y)
        return z

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, g):
        gradient, of_parameters = ctx.pullback(g)
        return gradient, *of_parameters, None


class LpNorm(AffineNorm):
    """Divide by the average Lp norm of a feature's values, after centring.

    centred : take the norm of the centred values; the paper's caption reads as
        "before shifting the mean", so the default is False.
    eps, running_momentum : as in BatchNorm. Evaluation uses the running averages of
        the mean and of the squared scale.

    >>> from normscape.norms.l2 import Norm
    >>> z = Norm(1, None)(torch.tensor([[3.0], [4.0], [-5.0]]))
    >>> [round(value, 3) for value in z.flatten().tolist()]
    [0.572, 0.816, -1.388]
    """

    order: float

    def __init__(
        self, features: int, noise, *, centred=False, eps=1e-5, running_momentum=0.1
    ):
        super().__init__(features)
        self.centred = centred
        self.eps = eps
        self.running_momentum = running_momentum
        self.register_buffer("running_mean", torch.zeros(features))
        self.register_buffer("running_square_scale", torch.ones(features))

    def forward(self, y):
        if self.training:
            return _Normalise.apply(y, self.gamma, self.beta, self)
        return self._affine(y, self.running_mean, self.running_square_scale)

    @torch.no_grad()
    def with_pullback(self, y):
        mean, scale = _statistics(y, self.order, self.centred)
        square = scale.square()
        running = [self.running_mean, self.running_square_scale]
        torch._foreach_lerp_(running, [mean, square], self.running_momentum)

        def pullback(g):
            # In evaluation mode, batch_norm's backward is gamma / r * g, and the sums
            # of g * xhat and of g.
            gradient, *of_parameters = torch.ops.aten.native_batch_norm_backward(
                g, y, self.gamma, mean, square, None, None, False, self.eps, [True] * 3
            )
            gamma_gradient, beta_gradient = of_parameters
            inverse = (square + self.eps).rsqrt()
            scaled = self.gamma * inverse
            direction, factor = _scale_gradient(
                y, mean, scale, self.order, self.centred
            )
            factor = factor * scaled * inverse * gamma_gradient
            shift = scaled * beta_gradient * (y.shape[1] / y.numel())
            if self.centred:
                shift -= factor * direction.mean(_dimensions(y))
            gradient -= per_feature(shift, y)
            gradient.addcmul_(direction, per_feature(factor, y), value=-1)
            return gradient, tuple(of_parameters)

        return self._affine(y, mean, square), pullback

    def _affine(self, y, mean, square_scale):
        return F.batch_norm(y, mean, square_scale, self.gamma, self.beta, eps=self.eps)
