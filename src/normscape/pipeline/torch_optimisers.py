"""The optimisers of torch and their settings, read from its source.

To import torch would take longer than all the rest of the planning.
"""

import ast
import functools
import importlib.util
from pathlib import Path

from normscape import components

# LBFGS asks for the loss several times in a step; SparseAdam takes sparse gradients alone.
_LEFT_OUT = {"LBFGS", "Optimizer", "SparseAdam"}
_GIVEN_BY_RUN = {"self", "params", "lr"}
_TYPES = {
    "bool": "boolean",
    "float": "number",
    "int": "integer",
    "str": "string",
    "None": "null",
}


@functools.cache
def _folder() -> Path:
    (torch,) = importlib.util.find_spec("torch").submodule_search_locations
    return Path(torch) / "optim"


@functools.cache
def _files() -> dict[str, Path]:
    """The file that defines each optimiser."""
    return {
        alias.name: _folder() / f"{node.module.rpartition('.')[2]}.py"
        for node in components.parse(_folder() / "__init__.py").body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name[0].isupper() and alias.name not in _LEFT_OUT
    }


def names() -> list[str]:
    """The classes of ``torch.optim`` that can train, sorted.

    >>> {"AdamW", "SGD"} <= set(names())
    True
    """
    return sorted(_files())


def settings(name: str) -> dict[str, dict]:
    """The JSON schema of each setting of an optimiser, except its learning rate.

    >>> settings("SGD")["nesterov"]
    {'description': 'See torch.optim.SGD.', 'type': ['boolean']}
    """
    body = components.parse(_files()[name]).body
    (made,) = (n for n in body if isinstance(n, ast.ClassDef) and n.name == name)
    (init,) = (n for n in made.body if getattr(n, "name", "") == "__init__")
    schemas = {}
    for argument in (*init.args.args, *init.args.kwonlyargs):
        if argument.arg not in _GIVEN_BY_RUN:
            schemas[argument.arg] = {"description": f"See torch.optim.{name}."}
            if types := _types(argument.annotation):
                schemas[argument.arg]["type"] = types
            if "array" in types:  # such as Adafactor's eps, of which one may be null
                schemas[argument.arg]["items"] = {"type": ["number", "null"]}
    return schemas


def _types(annotation: ast.expr) -> list[str]:
    """The types of JSON schema that an annotation allows; those of tensors are none."""
    if isinstance(annotation, ast.BinOp):
        return _types(annotation.left) + _types(annotation.right)
    if isinstance(annotation, ast.Subscript):
        return ["array"] if ast.unparse(annotation.value) == "tuple" else []
    return [t for name, t in _TYPES.items() if name == ast.unparse(annotation)]
