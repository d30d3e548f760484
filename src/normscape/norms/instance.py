"""Instance normalisation (Ulyanov et al. 2016)."""

from normscape.norms import layer


class Norm(layer.Norm):
    """Layer normalisation of each feature by itself: over the positions of a sample.

    For convolutions: of vectors, which have one position, nothing would be left, and
    a ValueError says so.
    """

    over_positions = True

    def __init__(self, features: int, *, eps):
        super().__init__(features, eps=eps)
        self.groups = features
