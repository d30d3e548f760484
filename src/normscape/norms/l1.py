"""L1 normalisation (Section 3.3 and Figure 5 of the paper)."""

from normscape.norms._lp import LpNorm, dimensions


class Norm(LpNorm):
    """Centre, then divide by s = mean |y| over the batch; see ``LpNorm``."""

    def scale(self, u):
        return u.abs().mean(dimensions(u))

    def scale_gradient(self, u, scale):
        return u.sign(), scale * (u.shape[1] / u.numel())
