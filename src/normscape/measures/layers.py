"""The layers of a network: its linear maps in order, each with what belongs to it."""

from dataclasses import dataclass

import torch
from torch import nn

from normscape.measures.evaluation import replayed
from normscape.models.network import Network

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


def layers(network: nn.Module, loss, batch) -> list[Layer]:
    """All layers of a network, in order.

    The networks of ``normscape.models`` name their own. Of any other, a layer is a
    ``nn.Linear`` or a convolution that the loss calls, in the order of the first calls; its
    normaliser is a module with parameters or buffers that takes the linear map's output as
    it is; parameters of other modules belong to the layer before them. A ValueError says
    that there are none.
    """
    return [layer for _, of_stage in stages(network, loss, batch) for layer in of_stage]


def stages(network: nn.Module, loss, batch) -> list[tuple[nn.Module, list[Layer]]]:
    """For each stage the network from there on, and the stage's layers.

    A ``Network`` is a row of stages, of which the first can be passed by itself; any other
    module is one stage.
    """
    if isinstance(network, Network):
        return [
            (network[position:], [_named(layer) for layer in stage.layers])
            for position, stage in enumerate(network)
        ]
    return [(network, _called(network, loss, batch))]


def _named(layer):
    return Layer(layer.linear, layer.norm, list(layer.parameters()), 1)


def _called(network, loss, batch):
    found: list[Layer] = []
    products = {}  # the output of each linear map
    claimed, before = set(), []  # before: parameters of modules before the first layer

    def claim(parameters):
        owner = found[-1].parameters if found else before
        owner += [p for p in parameters if p.requires_grad and p not in claimed]
        claimed.update(parameters)

    def enter(module, arguments):
        if _is_trained(module) and module.weight not in claimed:
            parameters = [] if found else before
            dimension = -1 if isinstance(module, nn.Linear) else 1
            found.append(Layer(module, module, parameters, dimension))
        claim(list(module.parameters(recurse=False)))

    def leave(module, arguments, output):
        # Also those of modules inside that are not called, as in nn.MultiheadAttention.
        claim(list(module.parameters()))
        last = found[-1] if found else None
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
    if not found:
        raise ValueError("the loss calls no nn.Linear or convolution that is trained")
    return found


def _is_trained(module):
    weight = module._parameters.get("weight")
    return isinstance(module, _LINEAR) and weight is not None and weight.requires_grad


def _is_norm(module, taken, given):
    other = any(isinstance(m, (*_LINEAR, nn.PReLU)) for m in module.modules())
    return bool(module.state_dict()) and not other and given.shape == taken.shape
