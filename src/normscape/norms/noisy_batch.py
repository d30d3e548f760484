"""Batch normalisation followed by noise that shifts the distributions again.

The paper's test of internal covariate shift (Section 2.1, Algorithm 1).
"""

from normscape.norms import batch
from normscape.norms._affine import per_feature
from normscape.norms.noise import Norm as Noise
from normscape.pullbacks import by_autograd


class Norm(batch.Norm):
    """BatchNorm, then the noise of ``noise.py``; it takes the settings of both.

    placement : "after_affine", or "before_affine": between the normalisation and gamma,
        beta. The paper does not say which.
    """

    def __init__(
        self,
        features: int,
        noise,
        *,
        placement,
        eps,
        running_momentum,
        **noise_settings,
    ):
        super().__init__(features, noise, eps=eps, running_momentum=running_momentum)
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
