"""Root-mean-square layer normalisation (Zhang and Sennrich 2019)."""

from normscape.norms import layer
from normscape.norms._affine import per_feature


class Norm(layer.Norm):
    """gamma * y / sqrt(mean(y**2) + eps) + beta: layer normalisation without centring.

    >>> import torch
    >>> Norm(2, eps=1e-9)(torch.tensor([[1.0, 7.0]])).tolist()[0]  # 5 is the scale
    [0.20000000298023224, 1.399999976158142]
    """

    def forward(self, y):
        square = y.square().mean([*range(1, y.dim())], keepdim=True)
        scaled = y * (square + self.eps).rsqrt()
        return per_feature(self.gamma, y) * scaled + per_feature(self.beta, y)
