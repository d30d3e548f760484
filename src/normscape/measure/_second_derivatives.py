"""Products of the Hessian with vectors."""

import contextlib
import re
from collections.abc import Iterator, Sequence

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.overrides import TorchFunctionMode

from normscape import vectors
from normscape.measure._evaluation import Evaluation, dense, divided

METHODS = "exact", "difference"


class _WeightNorm(TorchFunctionMode):
    """Compute torch's weight normalisation by its definition.

    Its own second derivative takes the norm of v for a constant.
    """

    def __torch_function__(self, function, types, arguments=(), settings=None):
        if function is torch._weight_norm:
            v, g, *dimension = arguments
            return v * (g / torch.norm_except_dim(v, 2, *dimension, **settings or {}))
        return function(*arguments, **settings or {})


@contextlib.contextmanager
def twice_differentiable(network):
    """A context in which attention and weight normalisation have a second derivative."""
    hooks = (h for m in network.modules() for h in m._forward_pre_hooks.values())
    names = {type(each).__name__ for each in (*network.modules(), *hooks)}
    normalised = {"WeightNorm", "_WeightNorm"} & names
    weight_norm = _WeightNorm() if normalised else contextlib.nullcontext()
    with sdpa_kernel(SDPBackend.MATH), weight_norm:
        yield


class Hessian:
    """The Hessian of a loss.

    method : "exact", by a backward pass through the gradient's graph, which is kept if
        there is one batch; or "difference", by central differences of gradients.
    gradient : of all parameters of the copy.
    """

    def __init__(self, at: Evaluation, parameters, method: str):
        if method not in METHODS:
            raise ValueError(
                f"method: expected 'exact' or 'difference', got {method!r}"
            )
        self._at, self._parameters = at, parameters
        self._kept = None
        self._exact = method == "exact"
        if self._exact and len(at.batches) == 1:
            # The evaluation stays open, because to end it changes buffers of the graph.
            self._open = at.graphs(parameters)
            with _named_operation():
                self._kept = next(self._open)
            self.gradient = [g.detach() for g in self._kept]
        else:
            _, self.gradient = at.loss_and_gradient(parameters)

    def close(self) -> None:
        """End the evaluation."""
        if self._kept is not None:
            self._open.close()

    def product(self, vector, indices: Sequence[int] | None = None) -> list:
        """H v for tensors like the parameters; of the block of some of them, if named."""
        indices = range(len(self._parameters)) if indices is None else indices
        chosen = [self._parameters[i] for i in indices]
        if not self._exact:
            return self._difference(vector, chosen)
        total = None
        with _named_operation():
            for graph in self._graphs():
                gradients = [graph[i] for i in indices]
                terms = _differentiated(gradients, chosen, vector)
                total = terms if total is None else torch._foreach_add(total, terms)
        return divided(total, len(self._at.batches))

    def _graphs(self) -> Iterator[list[torch.Tensor]]:
        if self._kept is not None:
            return iter([self._kept])
        return self._at.graphs(self._parameters)

    def _difference(self, vector, chosen) -> list:
        """(g(theta + h v) - g(theta - h v)) / 2h for the step h of least error."""
        length = vectors.norm(vector)
        if not length:
            return [torch.zeros_like(v) for v in vector]
        scale = 1 + vectors.norm([p.detach() for p in chosen])
        step = torch.finfo(chosen[0].dtype).eps ** (1 / 3) * scale / length
        ends = []
        for sign in (1, -1):
            with self._at.moved(vector, sign * step, chosen):
                ends.append(self._at.loss_and_gradient(chosen)[1])
        return [(a - b) / (2 * step) for a, b in zip(*ends, strict=True)]


def _differentiated(gradients, parameters, vector) -> list[torch.Tensor]:
    """The derivative of <gradients, vector>; a gradient without a graph is constant."""
    pairs = [(g, v) for g, v in zip(gradients, vector, strict=True) if g.requires_grad]
    if not pairs:
        return [torch.zeros_like(p) for p in parameters]
    outputs, weights = zip(*pairs, strict=True)
    return dense(
        torch.autograd.grad(
            outputs,
            parameters,
            weights,
            retain_graph=True,
            allow_unused=True,
            materialize_grads=True,
        )
    )


_LACKS = re.compile(
    r"derivative for '?(?:aten::)?([^']+?)'? is not implemented"
    r"|marked with @?(once_differentiable)"
    r"|(\S+) does not (?:currently )?support double backward"
)


@contextlib.contextmanager
def _named_operation():
    """Name the operation which has no second derivative."""
    try:
        yield
    except RuntimeError as error:
        lacking = _LACKS.search(str(error))
        if not lacking:
            raise
        raise ValueError(
            "loss: expected operations with a second derivative, got "
            f"{next(filter(None, lacking.groups()))}, for which torch has none; use "
            'method="difference", best in float64'
        ) from error


def rayleigh_quotient(vector: torch.Tensor, product: torch.Tensor) -> float:
    """v'Hv / v'v for v and Hv of one shape; NaN for v = 0.

    >>> rayleigh_quotient(torch.tensor([1.0, 1.0]), torch.tensor([2.0, 4.0]))
    3.0
    """
    vector, product = vector.double().flatten(), product.double().flatten()
    return float(vector @ product / vector.square().sum())
