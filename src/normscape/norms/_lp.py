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

import torch
import torch.nn.functional as F

from normscape.norms._affine import AffineNorm


def _as_matrix(y: torch.Tensor) -> torch.Tensor:
    """View (batch, features, height, width) as (values, features); copies only NCHW."""
    return y if y.dim() == 2 else y.movedim(1, -1).reshape(-1, y.shape[1])


def _like(matrix: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The inverse of ``_as_matrix`` for a tensor of y's shape."""
    if y.dim() == 2:
        return matrix
    batch, features, height, width = y.shape
    return matrix.view(batch, height, width, features).movedim(-1, 1)


def _statistics(matrix, order, centred):
    """Mean and scale of each column, both of shape (features,)."""
    mean = matrix.mean(0)
    values = matrix - mean if centred else matrix
    scale = torch.linalg.vector_norm(values, ord=order, dim=0)
    if order == 1:
        scale = scale / len(matrix)
    elif order == 2:
        scale = scale / len(matrix) ** 0.5
    return mean, scale


def _add_scale_gradient(gradient, matrix, mean, scale, order, centred, factor):
    """Add factor * d(s**2)/2 du to ``gradient`` in place, column by column."""
    values = matrix - mean if centred else matrix
    if order == 1:
        direction = values.sign()
        factor = factor * scale / len(matrix)
    elif order == 2:
        direction = values
        factor = factor / len(matrix)
    else:
        row = values.abs().argmax(0, keepdim=True)
        largest = values.gather(0, row)
        gradient.scatter_add_(0, row, factor * largest)
        if centred:
            gradient -= factor * largest / len(matrix)
        return
    gradient.addcmul_(direction, factor)
    if centred:
        gradient -= factor * direction.mean(0)


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
        direct, gamma_gradient, beta_gradient = torch.ops.aten.native_batch_norm_backward(
            g,
            y,
            gamma,
            mean,
            square,
            None,
            None,
            False,
            ctx.eps,
            [True, True, True],
        )
        matrix, gradient = _as_matrix(y), _as_matrix(direct)
        by_mean = (square + ctx.eps).rsqrt_().mul_(gamma)
        gradient -= by_mean * beta_gradient / len(matrix)
        by_scale = -gamma * gamma_gradient / (square + ctx.eps)
        _add_scale_gradient(
            gradient, matrix, mean, scale, ctx.order, ctx.centred, by_scale
        )
        return _like(gradient, y), gamma_gradient, beta_gradient, *[None] * 5


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
            mean, scale = _statistics(_as_matrix(y), self.order, self.centred)
            self.running_mean.lerp_(mean, self.running_momentum)
            self.running_square_scale.lerp_(scale.square(), self.running_momentum)
        return _Normalise.apply(
            y, self.gamma, self.beta, mean, scale, self.order, self.centred, self.eps
        )
