"""Batch normalisation followed by noise that shifts the distributions again.

The paper's test of internal covariate shift (Section 2.1, Algorithm 1).
"""

from normscape.norms import batch
from normscape.norms.noise import Norm as Noise


class Norm(batch.Norm):
    """BatchNorm, then the noise of ``noise.py``; it takes the settings of these two.

    The noise comes after gamma and beta; the paper leaves its place open.
    """

    def __init__(self, features: int, *, eps, running_momentum, **noise_settings):
        super().__init__(features, eps=eps, running_momentum=running_momentum)
        self.add_noise = Noise(features, **noise_settings)

    def forward(self, y):
        return self.add_noise(super().forward(y))
