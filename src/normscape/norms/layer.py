"""Layer normalisation (Ba et al. 2016)."""

import torch.nn.functional as F

from normscape.norms._affine import AffineNorm


class Norm(AffineNorm):
    """gamma * (y - mean) / sqrt(variance + eps) + beta, with statistics per sample.

    Statistics are over all features and positions of the sample. gamma and beta have one number
    per feature, as in ``torch.nn.GroupNorm``.

    Parameters
    ----------
    features : int
        Number of units, or of channels after a convolution.
    eps : float
        Added to the variance.

    Attributes
    ----------
    groups : int
        Number of groups of consecutive features, each with its own statistics.

    Raises
    ------
    ValueError
        By ``forward``, if each group is a single value, which normalisation would remove.
    """

    per_sample = True
    groups = 1

    def __init__(self, features: int, *, eps):
        super().__init__(features)
        self.eps = eps

    def forward(self, y):
        if y.shape[1:].numel() == self.groups:
            raise ValueError(
                f"{self.groups} groups of {y.shape[1]} features with one position: "
                "each group is a single value, which normalisation would remove"
            )
        return F.group_norm(y, self.groups, self.gamma, self.beta, self.eps)
