"""L2 normalisation (Section 3.3 and Figure 5 of the paper)."""

from normscape.norms._affine import centred_backward, per_feature
from normscape.norms._lp import LpNorm, dimensions


class Norm(LpNorm):
    """Centre, then divide by s = sqrt(mean y**2) over the batch; see ``LpNorm``."""

    def scale(self, u):
        return u.square().mean(dimensions(u)).sqrt()

    def gradients(self, g, y, u, mean, scale, square):
        inverse = (square + self.eps).rsqrt()
        gradient, of_gamma, of_beta = centred_backward(
            g, y, self.gamma, mean, inverse, self.eps
        )
        if not self.centred:
            # BatchNorm's s**2 moves with y - mean; this one's with y.
            along = self.gamma * inverse.square() * of_gamma * mean
            gradient.sub_(per_feature(along, y), alpha=y.shape[1] / y.numel())
        return gradient, of_gamma, of_beta
