"""The layers of a network: its linear maps in order, each with what belongs to it."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from normscape.measure._evaluation import replayed

_LINEAR = (nn.Linear, nn.modules.conv._ConvNd)


@dataclass
class Layer:
    """A linear map, its normaliser, and all parameters up to the next layer.

    linear : its ``weight`` is the W_i of Definition 2.1.
    norm : the normaliser of the linear map's output; the linear map itself where there is
        none. Its output is the layer's activation.
    parameters : those that require gradients.
    features : the dimension of the features in an activation.
    """

    linear: nn.Module
    norm: nn.Module
    parameters: list[nn.Parameter]
    features: int


@dataclass
class Stage:
    """Consecutive layers of a network, and the network from there on.

    rest : the network from this stage on, which the loss takes in place of the network.
    layers : of this stage, in order.
    first : the module that maps this stage's input to the next stage's, or None. It is then
        passed once, instead of once for each later layer.
    """

    rest: nn.Module
    layers: list[Layer]
    first: nn.Module | None = None


Stages = Callable[[nn.Module], list[Stage]]


def layers(
    network: nn.Module, loss, batch, stages: Stages | None = None
) -> list[Layer]:
    """All layers of a network, in order."""
    divided = stages(network) if stages else find_stages(network, loss, batch)
    return [layer for stage in divided for layer in stage.layers]


def find_stages(network: nn.Module, loss, batch) -> list[Stage]:
    """The network as one stage, with the layers that the loss calls.

    A layer is a ``nn.Linear`` or a convolution, in the order of the first calls. Its
    normaliser is a module with parameters or buffers that takes the linear map's output as
    it is. Parameters of other modules belong to the layer before them. Raises ValueError if
    there are none.
    """
    called: list[Layer] = []
    products = {}  # the output of each linear map
    claimed, before = set(), []  # before: parameters of modules before the first layer

    def claim(parameters):
        owner = called[-1].parameters if called else before
        owner += [p for p in parameters if p.requires_grad and p not in claimed]
        claimed.update(parameters)

    def enter(module, arguments):
        if _is_trained(module) and module.weight not in claimed:
            parameters = [] if called else before
            dimension = -1 if isinstance(module, nn.Linear) else 1
            called.append(Layer(module, module, parameters, dimension))
        claim(list(module.parameters(recurse=False)))

    def leave(module, arguments, output):
        # Also those of modules inside that are not called, as in nn.MultiheadAttention.
        claim(list(module.parameters()))
        last = called[-1] if called else None
        if last and module is last.linear:
            products[module] = output
        elif last and last.norm is last.linear and arguments:
            product = products.get(last.linear)
            if arguments[0] is product is not None and _is_norm(
                module, product, output
            ):
                last.norm = module

    hooks = []
    for module in network.modules():
        hooks.append(module.register_forward_pre_hook(enter))
        hooks.append(module.register_forward_hook(leave))
    with torch.no_grad(), replayed(network):
        loss(network, *batch)
    for hook in hooks:
        hook.remove()
    if not called:
        raise ValueError(
            "the loss uses no trainable nn.Linear or convolution; "
            "say with stages= which layers the network has"
        )
    return [Stage(network, called)]


def _is_trained(module):
    weight = module._parameters.get("weight")
    return isinstance(module, _LINEAR) and weight is not None and weight.requires_grad


def _is_norm(module, taken, given):
    other = any(isinstance(m, (*_LINEAR, nn.PReLU)) for m in module.modules())
    return bool(module.state_dict()) and not other and given.shape == taken.shape
