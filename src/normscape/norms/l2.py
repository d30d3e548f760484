"""L2 normalisation (Section 3.3 and Figure 5 of the paper)."""

from normscape.norms._lp import LpNorm, dimensions


class Norm(LpNorm):
    """Centre, then divide by s = sqrt(mean y**2) over the batch; see ``LpNorm``."""

    def scale(self, u):
        return u.square().mean(dimensions(u)).sqrt()

    def scale_gradient(self, u, scale):
        return u, u.shape[1] / u.numel()
