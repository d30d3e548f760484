"""Adam (Kingma and Ba 2015, Algorithm 1), as ``torch.optim.Adam`` computes it."""

import torch


class Optimiser:
    """Decaying means of the gradient and of its square, both corrected for their start.

    beta1, beta2 : decay of the two means. eps : added to the root of the second.
    """

    def __init__(self, *, beta1: float, beta2: float, eps: float):
        self.beta1, self.beta2, self.eps = beta1, beta2, eps

    def init(self, parameters):
        return {
            "mean": [torch.zeros_like(p) for p in parameters],
            "square": [torch.zeros_like(p) for p in parameters],
            "count": [torch.zeros((), dtype=torch.float64)],
        }

    @torch.no_grad()
    def update(self, gradient, state):
        count = state["count"][0] + 1
        mean = torch._foreach_lerp(state["mean"], gradient, 1 - self.beta1)
        square = torch._foreach_mul(state["square"], self.beta2)
        torch._foreach_addcmul_(square, gradient, gradient, 1 - self.beta2)
        root = torch._foreach_sqrt(square)
        torch._foreach_div_(root, float(1 - self.beta2**count) ** 0.5)
        torch._foreach_add_(root, self.eps)
        step = torch._foreach_div(mean, root)
        torch._foreach_div_(step, float(1 - self.beta1**count))
        return step, {"mean": mean, "square": square, "count": [count]}
