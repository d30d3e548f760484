"""Instance normalisation (Ulyanov et al. 2016)."""

from normscape.norms import layer


class Norm(layer.Norm):
    """Layer normalisation per feature, over the positions of a sample.

    It is for convolutions. Vectors have one position, so that ``forward`` raises ValueError.
    """

    over_positions = True

    def __init__(self, features: int, *, eps):
        super().__init__(features, eps=eps)
        self.groups = features
