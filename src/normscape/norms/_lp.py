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
    @staticmethod
    def forward(ctx, y, gamma, beta, mean, scale, order, centred, eps):
        square = scale.square()
        ctx.save_for_backward(y, gamma, mean, scale, square)
        ctx.order, ctx.centred, ctx.eps = order, centred, eps
        return F.batch_norm(y, mean, square, gamma, beta, eps=eps)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, g):
        y, gamma, mean, scale, square = ctx.saved_tensors
        # In evaluation mode, batch_norm's backward is gamma / r * g, and the sums of
        # g * xhat and of g.
        gradient, gamma_gradient, beta_gradient = (
            torch.ops.aten.native_batch_norm_backward(
                g, y, gamma, mean, square, None, None, False, ctx.eps, [True] * 3
            )
        )
        variance = square + ctx.eps
        shift = gamma * variance.rsqrt() * beta_gradient * (y.shape[1] / y.numel())
        direction, factor = _scale_gradient(y, mean, scale, ctx.order, ctx.centred)
        factor = gamma * gamma_gradient / variance * factor
        if ctx.centred:
            shift = shift - factor * direction.mean(_dimensions(y))
        gradient -= per_feature(shift, y)
        gradient.addcmul_(direction, per_feature(factor, y), value=-1)
        return gradient, gamma_gradient, beta_gradient, *[None] * 5


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
        if not self.training:
            return F.batch_norm(
                y,
                self.running_mean,
                self.running_square_scale,
                self.gamma,
                self.beta,
                eps=self.eps,
            )
        with torch.no_grad():
            mean, scale = _statistics(y, self.order, self.centred)
            self.running_mean.lerp_(mean, self.running_momentum)
            self.running_square_scale.lerp_(scale.square(), self.running_momentum)
        return _Normalise.apply(
            y, self.gamma, self.beta, mean, scale, self.order, self.centred, self.eps
        )
