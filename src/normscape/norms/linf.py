"""Linf normalisation (Section 3.3 and Figure 5 of the paper)."""

from normscape.norms._affine import per_feature
from normscape.norms._lp import LpNorm, dimensions


class Norm(LpNorm):
    """Centre, then divide by s = max |y| over the batch; see ``LpNorm``."""

    def scale(self, u):
        if u.dim() < 4:
            return u.abs().amax(dimensions(u))
        # Images, channels last: whole images at once, many times faster than by channel.
        largest = u.abs().movedim(1, -1).flatten(1).amax(0)
        return largest.view(-1, u.shape[1]).amax(0)

    def scale_gradient(self, u, scale):
        # 1 where |u| is the largest, else 0. Several such share the maximum's gradient.
        is_largest = u.abs().ge_(per_feature(scale, u))
        count = is_largest.sum(dimensions(u))
        return is_largest.mul_(u), 1 / count
