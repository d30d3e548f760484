"""The layers of a network: its linear maps in order, each with what belongs to it."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

import torch
from torch import nn

_CONVOLUTION = nn.modules.conv._ConvNd
_LINEAR = (nn.Linear, _CONVOLUTION)
_CHANNELS_FIRST = (
    nn.modules.batchnorm._NormBase,
    nn.GroupNorm,
    nn.LocalResponseNorm,
)
_NORM = (*_CHANNELS_FIRST, nn.LayerNorm, nn.RMSNorm)


@dataclass
class Layer:
    """A linear map, its normaliser, and all parameters up to the next layer.

    linear : its ``weight`` is the W_i of Definition 2.1.
    norm : the normaliser of the linear map's output; the linear map itself where there is
        none. Its output is the layer's activation.
    parameters : those that require gradients.
    features : the dimension of the features in an activation.
    name, norm_name : of both modules in ``named_modules``.
    chosen : whether it gets rows.
    """

    linear: nn.Module
    norm: nn.Module
    parameters: list[nn.Parameter]
    features: int
    name: str = ""
    norm_name: str = ""
    chosen: bool = True

    @property
    def weights(self) -> list[nn.Parameter]:
        """What is trained of the weight: itself, or what it is computed from."""
        return _weights(self.linear)


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


def set_names(stages: Iterable[Stage], names: dict[nn.Module, str]) -> None:
    """Name the modules of each layer as ``named_modules`` does."""
    for stage in stages:
        for layer in stage.layers:
            layer.name = names.get(layer.linear, "")
            layer.norm_name = names.get(layer.norm, "")


def find_layers(
    network: nn.Module, evaluate, choice=None
) -> tuple[list[Layer], set[torch.dtype], object]:
    """The layers that ``evaluate()`` calls, the types it computes in, and what it returns.

    A layer is a trained ``nn.Linear`` or convolution, in the order of the first calls. Its
    normaliser is a module of torch's, or one with "norm" or "bn" in its name or that of its
    class, that takes the linear map's output as it is. Parameters of other modules belong to
    the layer before them.

    choice : names of the layers that get rows, or patterns such as "layer4.*". A name may be
        that of any module with parameters, which then is a layer. None for all.
    """
    named, fitting = _choose(network, choice)
    chosen = named | fitting
    called: list[Layer] = []
    linears = set()
    product, version = None, 0  # the last linear map's output
    candidates = set()  # modules that take it as it is
    claimed, before = set(), []  # before: parameters of modules before the first layer
    names = {module: name for name, module in network.named_modules()}
    # Found beforehand, because a loss may replace them, as torch.func.functional_call does.
    direct = {module: list(module.parameters(recurse=False)) for module in names}
    inside = {module: list(module.parameters()) for module in names}
    weights_of = {module: _weights(module) for module in filter(_is_linear, names)}
    above = _parameters_above(network)
    precisions = {parameter.dtype for parameter in network.parameters()}

    def claim(parameters):
        owner = called[-1].parameters if called else before
        owner += [p for p in parameters if p.requires_grad and p not in claimed]
        claimed.update(parameters)

    def enter(module, arguments):
        nonlocal product
        claim(above[module])
        precisions.update(map(_precision, direct[module]))
        taken = product is not None and arguments and arguments[0] is product
        if taken and product._version == version and _is_norm(module, names[module]):
            candidates.add(module)
        new = module in chosen or not claimed.issuperset(weights_of.get(module, ()))
        if new and module not in linears:
            parameters = [] if called else before
            rows = choice is None or module in chosen
            layer = Layer(module, module, parameters, _features(module), chosen=rows)
            called.append(layer)
            linears.add(module)
            product = None
        claim(direct[module])

    def leave(module, arguments, output):
        nonlocal product, version
        # Also those of modules inside that are not called, as in nn.MultiheadAttention.
        claim(inside[module])
        if not called or not torch.is_tensor(output):
            return
        last = called[-1]
        if module is last.linear:
            product, version = output, output._version
        elif (
            module in candidates
            and last.norm is last.linear
            and output.shape == product.shape
        ):
            last.norm = module

    hooks = []
    for module in network.modules():
        hooks.append(module.register_forward_pre_hook(enter))
        hooks.append(module.register_forward_hook(leave))
    try:
        result = evaluate()
    finally:
        for hook in hooks:
            hook.remove()
    missing = named - linears or (fitting if fitting.isdisjoint(linears) else ())
    for module in missing:
        raise ValueError(
            f"layers: expected modules that the loss calls, got {names[module]!r}"
        )
    return called, precisions, result


def _choose(network, choice) -> tuple[set[nn.Module], set[nn.Module]]:
    """The modules that are named, and those that fit a pattern."""
    modules = dict(network.named_modules())
    named, fitting = set(), set()
    for name in [choice] if isinstance(choice, str) else choice or ():
        if not isinstance(name, str):
            raise TypeError(
                f"layers: expected names such as 'layer1.0.conv1', got {name!r}; take those "
                "of named_modules()"
            )
        if name in modules and any(True for _ in _own(modules[name])):
            named.add(modules[name])
            continue
        matching = {
            module
            for other, module in modules.items()
            if fnmatchcase(other, name) and _is_linear(module)
        }
        if not matching:
            raise ValueError(
                "layers: expected the name of a module with parameters of its own, or a "
                f"pattern that fits a nn.Linear or convolution, got {name!r}"
            )
        fitting |= matching
    return named, fitting


def _precision(parameter) -> torch.dtype:
    """The type that a module computes in with a parameter. Autocast leaves float64 alone."""
    device = parameter.device.type
    if parameter.dtype == torch.float32 and torch.is_autocast_enabled(device):
        return torch.get_autocast_dtype(device)
    return parameter.dtype


def _is_linear(module):
    # transformers' Conv1D is a linear map of another layout.
    return isinstance(module, _LINEAR) or type(module).__name__ == "Conv1D"


def _own(module):
    """Names and parameters of a module without its children, but with parametrisations."""
    yield from module.named_parameters(recurse=False)
    if "parametrizations" in module._modules:
        yield from module.parametrizations.named_parameters()


def _parameters_above(network) -> dict[nn.Module, list[nn.Parameter]]:
    """Of each module, the parameters of the modules that contain it, but no others.

    The loss may call those by a method, which no hook sees.
    """
    above = {network: []}
    for name, module in network.named_modules():
        if module is not network:
            parent = network.get_submodule(name.rpartition(".")[0])
            above[module] = [*above[parent], *parent.parameters(recurse=False)]
    return above


def _weights(module):
    named = [(name, p) for name, p in _own(module) if p.requires_grad]
    weights = [p for name, p in named if "weight" in name]
    return weights or [p for _, p in named]


def _features(module):
    """The dimension of the features in the output."""
    if isinstance(module, _CONVOLUTION):
        return -1 - len(module.kernel_size)
    return 1 if isinstance(module, _CHANNELS_FIRST) else -1


def _is_norm(module, name):
    other = any(isinstance(m, (*_LINEAR, nn.PReLU)) for m in module.modules())
    names = f"{type(module).__name__} {name.rpartition('.')[2]}"
    named = re.search("norm|bn", names, re.IGNORECASE)
    known = isinstance(module, _NORM) or (named and module.state_dict())
    return bool(known) and not other


def nonlinearity(norm: nn.Module) -> nn.Module | None:
    """The non-linearity that a normaliser contains, such as timm's ``BatchNormAct2d``."""
    for name, module in norm.named_modules():
        activation = type(module).__module__ == nn.ReLU.__module__
        if activation or (
            "act" in name.rpartition(".")[2] and type(module) is not nn.Identity
        ):
            return module
    return None
