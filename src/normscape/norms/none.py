"""No normalisation. The paper calls such a network "standard"."""

from normscape.norms._normaliser import Normaliser


class Norm(Normaliser):
    """The identity."""

    def __init__(self, features: int):
        super().__init__()
