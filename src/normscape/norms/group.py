"""Group normalisation (Wu and He 2018)."""

from normscape.norms import layer


class Norm(layer.Norm):
    """Layer normalisation per group of features.

    Parameters
    ----------
    features : int
        Number of units, or of channels after a convolution.
    eps : float
        Added to the variance.
    groups : int
        Largest number of groups. If it does not divide ``features``, there are fewer groups: the
        largest number that does.

    Examples
    --------
    >>> [Norm(features, eps=1e-5, groups=4).groups for features in (8, 10, 7, 2)]
    [4, 2, 1, 2]
    """

    def __init__(self, features: int, *, eps, groups):
        super().__init__(features, eps=eps)
        fewer = range(min(groups, features), 0, -1)
        self.groups = next(number for number in fewer if features % number == 0)
