"""Batch normalisation followed by noise that shifts the distributions again.

The paper's test of internal covariate shift (Section 2.1, Algorithm 1).
"""

from normscape.norms import batch
from normscape.norms._affine import per_feature
from normscape.norms.noise import Norm as Noise
from normscape.pullbacks import by_autograd


class Norm(batch.Norm):
    """BatchNorm, then the noise of ``noise.py``, whose settings it takes too.

    placement : "after_affine" (default), or "before_affine": between the
        normalisation and gamma, beta. The paper does not say which.
    """

    def __init__(
        self, features: int, noise, *, placement="after_affine", **noise_settings
    ):
        super().__init__(features, noise)
        if placement not in ("after_affine", "before_affine"):
            raise ValueError(
                f"placement: found {placement!r}, "
                "allowed are 'after_affine' and 'before_affine'"
            )
        self.placement = placement
        self.add_noise = Noise(features, noise, **noise_settings)

    def forward(self, y):
        if self.placement == "after_affine":
            return self.add_noise(super().forward(y))
        noisy = self.add_noise(self.normalise(y, None, None))
        return per_feature(self.gamma, y) * noisy + per_feature(self.beta, y)

    def with_pullback(self, y):
        if self.placement == "before_affine":
            return by_autograd(self, y)
        normalised, of_batch_norm = super().with_pullback(y)
        noisy, of_noise = self.add_noise.with_pullback(normalised)
        return noisy, lambda g: of_batch_norm(of_noise(g)[0])
