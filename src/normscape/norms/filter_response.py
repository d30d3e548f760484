"""Filter response normalisation (Singh and Krishnan 2020), without its thresholded unit."""

from normscape.norms import layer
from normscape.norms._affine import per_feature


class Norm(layer.Norm):
    """gamma * y / sqrt(mean(y**2) + eps) + beta, per feature over a sample's positions.

    In a vector a feature has one position, and y / sqrt(y**2 + eps) is nearly its sign:
    a larger ``eps`` keeps more of it (the paper learns one there).

    The paper follows it with max(z, tau), tau learnt, instead of the ReLU. Here the
    network's own non-linearity follows, as with every normaliser.
    """

    over_positions = True

    def forward(self, y):
        square = y.square()
        if y.dim() > 2:
            square = square.mean([*range(2, y.dim())], keepdim=True)
        scaled = y * (square + self.eps).rsqrt()
        return per_feature(self.gamma, y) * scaled + per_feature(self.beta, y)
