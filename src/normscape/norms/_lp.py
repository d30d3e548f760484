"""Lp normalisation, one formula for every order (Section 3.3 and Figure 5 of the paper)."""

import torch

from normscape.norms._affine import AffineNorm, per_feature


def dimensions(y: torch.Tensor) -> list[int]:
    """All but the features' dimension."""
    return [0, *range(2, y.dim())]


def average(y: torch.Tensor) -> torch.Tensor:
    """The mean of activations per feature, of shape (features,).

    On a CPU, in float32 and float64, it has the bits of ``y.mean(dimensions(y))``, and so has
    its gradient. That of ``mean`` writes one tensor of y's size more, a third of an Lp norm's
    time.

    >>> average(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([2., 3.])
    """
    return y.sum(dimensions(y)) / (y.numel() // y.shape[1])


class LpNorm(AffineNorm):
    """gamma * (y - mean) / sqrt(s**2 + eps) + beta, per feature over the batch.

    s is the average p-norm of y before the mean is subtracted, as Figure 5's caption says:
    mean |y|, sqrt(mean y**2) or max |y| for p = 1, 2, inf. eps and running_momentum are as
    in BatchNorm. Evaluation uses running averages of the mean and of s**2.

    >>> from normscape.norms.l2 import Norm
    >>> norm = Norm(1, eps=1e-5, running_momentum=0.1)
    >>> z = norm(torch.tensor([[3.0], [4.0], [-5.0]]))
    >>> [round(value, 3) for value in z.flatten().tolist()]
    [0.572, 0.816, -1.388]
    """

    def squared_scale(self, y: torch.Tensor) -> torch.Tensor:
        """s**2, of shape (features,)."""
        raise NotImplementedError

    def __init__(self, features: int, *, eps, running_momentum):
        super().__init__(features)
        self.eps = eps
        self.running_momentum = running_momentum
        self.register_buffer("running_mean", torch.zeros(features))
        self.register_buffer("running_square_scale", torch.ones(features))

    def forward(self, y):
        mean, square = self.running_mean, self.running_square_scale
        if self.training:
            running = [mean, square]
            mean, square = average(y), self.squared_scale(y)
            batch = [mean.detach(), square.detach()]
            torch._foreach_lerp_(running, batch, self.running_momentum)
        factor = self.gamma * (square + self.eps).rsqrt()
        shift = self.beta - factor * mean
        # One pass over y instead of three.
        return torch.addcmul(per_feature(shift, y), per_feature(factor, y), y)
