"""Lp normalisation: one forward and one closed-form backward pass for every order.

For y with m values of a feature, mean mu and scale s,

    z = gamma * (y - mu) / r + beta,    r = sqrt(s**2 + eps),

where s is the average p-norm of y, before the mean is shifted away: mean |y|,
sqrt(mean y**2) or max |y| for p = 1, 2, inf (Figure 5's caption). With
``centred=True`` s is taken of y - mu instead. eps guards r as it does in BatchNorm.

Backward, with g = dL/dz, xhat = (y - mu) / r and u = y (or y - mu when centred),

    dL/dy = gamma / r * (g - mean(g)) - gamma * sum(g * xhat) / r**2 * d(s**2)/2 du,

where d(s**2)/2 du is each order's own (l1.py, linf.py); when centred, its own
mean is subtracted once more. For p = 2 it is u / m, and nearly all of this is BatchNorm's
backward pass (l2.py). Both passes are few and whole: torch's vector_norm and
where take several times as long as what stands here.
"""

import torch
import torch.nn.functional as F

from normscape.norms._affine import AffineNorm, per_feature


def dimensions(y: torch.Tensor) -> list[int]:
    """All but the features' dimension."""
    return [0, *range(2, y.dim())]


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
        "before shifting the mean".
    eps, running_momentum : as in BatchNorm. Evaluation uses the running averages of
        the mean and of the squared scale.

    >>> from normscape.norms.l2 import Norm
    >>> norm = Norm(1, None, centred=False, eps=1e-5, running_momentum=0.1)
    >>> z = norm(torch.tensor([[3.0], [4.0], [-5.0]]))
    >>> [round(value, 3) for value in z.flatten().tolist()]
    [0.572, 0.816, -1.388]
    """

    def scale(self, u: torch.Tensor) -> torch.Tensor:
        """s, of shape (features,)."""
        raise NotImplementedError

    def scale_gradient(self, u: torch.Tensor, scale: torch.Tensor):
        """d(s**2)/2 du as a direction of u's shape and a factor for each feature."""
        raise NotImplementedError

    def __init__(self, features: int, noise, *, centred, eps, running_momentum):
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
        mean = y.mean(dimensions(y))
        u = y - per_feature(mean, y) if self.centred else y
        scale = self.scale(u)
        square = scale.square()
        running = [self.running_mean, self.running_square_scale]
        torch._foreach_lerp_(running, [mean, square], self.running_momentum)

        def pullback(g):
            gradient, *of_parameters = self.gradients(g, y, u, mean, scale, square)
            return gradient, tuple(of_parameters)

        return self._affine(y, mean, square), pullback

    def gradients(self, g, y, u, mean, scale, square):
        """dL/dy, dL/dgamma and dL/dbeta of g = dL/dz.

        u : y, centred where the norm is taken of the centred values.
        mean, scale, square : mu, s and s**2 of each feature.
        """
        # In evaluation mode, batch_norm's backward is gamma / r * g, and the sums
        # of g * xhat and of g.
        gradient, of_gamma, of_beta = torch.ops.aten.native_batch_norm_backward(
            g, y, self.gamma, mean, square, None, None, False, self.eps, [True] * 3
        )
        inverse = (square + self.eps).rsqrt()
        factor = self.gamma * inverse
        direction, along = self.scale_gradient(u, scale)
        along = along * factor * inverse * of_gamma
        shift = factor * of_beta * (y.shape[1] / y.numel())
        if self.centred:
            shift -= along * direction.mean(dimensions(y))
        gradient -= per_feature(shift, y)
        gradient.addcmul_(direction, per_feature(along, y), value=-1)
        return gradient, of_gamma, of_beta

    def _affine(self, y, mean, square_scale):
        gamma, beta = self.gamma, self.beta
        return F.batch_norm(y, mean, square_scale, gamma, beta, eps=self.eps)
