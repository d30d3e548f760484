"""Layer normalisation (Ba et al. 2016)."""

import torch.nn.functional as F

from normscape.norms._affine import AffineNorm


class Norm(AffineNorm):
    """gamma * (y - mean) / sqrt(variance + eps) + beta, statistics of each sample.

    They are taken over all features and positions of the sample; gamma and beta are one
    number per feature, as ``torch.nn.GroupNorm`` has them. A ValueError says where a
    statistic would be of a single value, of which nothing would be left.

    groups : an attribute; the features are split into so many groups in a row, and each
        has its statistics.
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
