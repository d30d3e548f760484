"""Stochastic gradient descent, with or without momentum."""

import torch


class Optimiser:
    """velocity <- momentum * velocity + gradient; the step is the velocity."""

    def __init__(self, *, momentum: float):
        self.momentum = momentum

    def init(self, parameters):
        if not self.momentum:
            return {}
        return {"velocity": [torch.zeros_like(p) for p in parameters]}

    @torch.no_grad()
    def update(self, gradient, state):
        if not self.momentum:
            return gradient, state
        decayed = torch._foreach_mul(state["velocity"], self.momentum)
        velocity = torch._foreach_add(gradient, decayed)
        return velocity, {"velocity": velocity}
