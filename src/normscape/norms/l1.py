"""L1 normalisation (Section 3.3 and Figure 5 of the paper)."""

from normscape.norms._lp import LpNorm, average


class Norm(LpNorm):
    """``LpNorm`` with s = mean |y|."""

    def squared_scale(self, y):
        return average(y.abs()).square()
