"""The noise of noisy batch normalisation, without the normalisation.

Without normalisation this is the paper's control: the same noise stops the network from
training (Section 2.1).
"""

import torch

from normscape.norms._affine import per_feature
from normscape.norms._normaliser import RandomNormaliser


class Norm(RandomNormaliser):
    """s * a + m with shifts m and scales s redrawn at every step (Algorithm 1).

    Per feature j: mu_j ~ U(-mean_shift, mean_shift), sigma_j ~ U(1, scale_shift).
    Per element i of feature j: m_ij ~ U(mu_j - mean_jitter, mu_j + mean_jitter),
    s_ij ~ N(sigma_j, scale_jitter). For convolutions a feature is a channel, and
    every pixel of every image is an element.

    Parameters
    ----------
    features : int
        Number of units, or of channels after a convolution.
    mean_shift, scale_shift, mean_jitter, scale_jitter : float
        n_mu, n_sigma, r_mu and r_sigma of the paper.

    Notes
    -----
    r_sigma is a standard deviation, and evaluation mode adds no noise. The paper specifies
    neither.
    """

    def __init__(
        self,
        features: int,
        *,
        mean_shift,
        scale_shift,
        mean_jitter,
        scale_jitter,
    ):
        super().__init__()
        self.mean_shift = mean_shift
        self.scale_shift = scale_shift
        self.mean_jitter = mean_jitter
        self.scale_jitter = scale_jitter

    def forward(self, a):
        if not self.training:
            return a
        m, s = self._draw(a)
        return m.addcmul_(s, a)

    @torch.no_grad()
    def _draw(self, a):
        """m and s of a's shape; drawn in float32, so that they are the same in float64."""
        generator = self.generator(a.device)
        m, s = (torch.empty_like(a, dtype=torch.float32) for _ in range(2))
        mean, scale = m.new_empty(2, a.shape[1])
        mean.uniform_(-self.mean_shift, self.mean_shift, generator=generator)
        scale.uniform_(1, self.scale_shift, generator=generator)
        jitter = self.mean_jitter
        _in_memory_order(m).uniform_(-jitter, jitter, generator=generator)
        _in_memory_order(s).normal_(0, self.scale_jitter, generator=generator)
        m.add_(per_feature(mean, a))
        s.add_(per_feature(scale, a))
        return m.to(a.dtype), s.to(a.dtype)


def _in_memory_order(dense: torch.Tensor) -> torch.Tensor:
    """All values as a vector; filling it is 6x faster than filling channels_last."""
    return dense.as_strided((dense.numel(),), (1,))
