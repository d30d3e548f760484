"""L2 normalisation (Section 3.3 and Figure 5 of the paper)."""

from normscape.norms._lp import LpNorm


class Norm(LpNorm):
    """Centre, then divide by the batch's L2 scale; see ``LpNorm``."""

    order = 2
