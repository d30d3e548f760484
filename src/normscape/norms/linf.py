"""L∞ normalisation (Section 3.3 and Figure 5 of the paper)."""

from normscape.norms._lp import LpNorm, dimensions


class Norm(LpNorm):
    """``LpNorm`` with s = max |y|; equal maxima share its gradient."""

    def squared_scale(self, y):
        return y.abs().amax(dimensions(y)).square()
