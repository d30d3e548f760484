"""Group normalisation (Wu and He 2018)."""

from normscape.norms import layer


class Norm(layer.Norm):
    """Layer normalisation of each of several groups of features by itself.

    groups : how many. Where the number of features is not a multiple of it, there are
        fewer: the largest number that divides the features.

    >>> [Norm(features, eps=1e-5, groups=4).groups for features in (8, 10, 7, 2)]
    [4, 2, 1, 2]
    """

    def __init__(self, features: int, *, eps, groups):
        super().__init__(features, eps=eps)
        fewer = range(min(groups, features), 0, -1)
        self.groups = next(number for number in fewer if features % number == 0)
