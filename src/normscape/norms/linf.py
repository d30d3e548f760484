"""Linf normalisation (Section 3.3 and Figure 5 of the paper)."""

import math

from normscape.norms._lp import LpNorm


class Norm(LpNorm):
    """Centre, then divide by the batch's Linf scale; see ``LpNorm``."""

    order = math.inf
