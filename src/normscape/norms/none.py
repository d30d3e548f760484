"""No normalisation: the paper's standard network."""

from normscape.norms._normaliser import Normaliser


class Norm(Normaliser):
    """The identity."""

    def __init__(self, features: int):
        super().__init__()
