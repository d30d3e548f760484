"""Weight normalisation (Salimans and Kingma 2016)."""

import torch
from torch import nn

from normscape.norms._normaliser import Normaliser


class Norm(Normaliser):
    """The layer multiplies with g * v / ||v||; v, one vector per unit, is its weight.

    g starts at ||v||, so that the network starts as it does without normalisation.

    >>> norm = Norm(1)
    >>> v = torch.tensor([[3.0, 4.0]])
    >>> norm.effective_weight(v).tolist()  # of g = 1
    [[0.6000000238418579, 0.800000011920929]]
    """

    acts_on_weight = True

    def __init__(self, features: int):
        super().__init__()
        self.g = nn.Parameter(torch.ones(features))

    @torch.no_grad()
    def initialise(self, weight, nonlinearity):
        self.g.copy_(_lengths(weight).flatten())

    def effective_weight(self, weight):
        lengths = _lengths(weight)
        return weight * (self.g.view_as(lengths) / lengths)


def _lengths(weight):
    """Euclidean norm of each unit's vector, in a shape that broadcasts."""
    dims = [*range(1, weight.dim())]
    return torch.linalg.vector_norm(weight, dim=dims, keepdim=True)
