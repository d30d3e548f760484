"""Declarations of components, in ``NAME.yaml`` beside ``NAME.py``.

A component is a data set, model, norm, optimiser or probe. Its declaration tells the
pipeline a label, settings and what each kind adds, so that planning imports no component
(``workflow/schemas/components.schema.yaml`` describes every key).
"""

import ast
import copy
import functools
from pathlib import Path

import jsonschema

from normscape import folders, schemas, strict_yaml

FOLDER = Path(__file__).parent
KINDS = ("datasets", "models", "norms", "optimisers", "probes")
SCHEMA = FOLDER.parents[1] / "workflow/schemas/components.schema.yaml"


class DeclarationError(ValueError):
    """A mistake in a declaration, in one line that names the file and the key."""


def names(kind: str) -> list[str]:
    """The components of a kind, sorted. Names that begin with an underscore are shared modules.

    >>> names("models")
    ['dln', 'resnet', 'vgg', 'vit']
    """
    return module_names(FOLDER / kind, "*.yaml")


def module_names(folder: Path, pattern: str) -> list[str]:
    """The stems of a folder's files that can be modules to look up, sorted.

    Backups, copies such as "batch (1).py" and other leftovers are none.
    """
    return sorted(
        path.stem
        for path in folder.glob(pattern)
        if path.stem.isidentifier()
        and not path.stem.startswith("_")
        and not folders.is_leftover(path.name)
    )


def read_source(path: Path) -> str:
    """The text of a Python file; a DeclarationError names one that can't be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DeclarationError(f"{path}: not readable: {error.strerror}") from None
    except UnicodeDecodeError:
        line = f"{path}: expected UTF-8, got other bytes; save it as UTF-8"
        raise DeclarationError(line) from None


def parse(path: Path) -> ast.Module:
    """A Python file as a syntax tree; a DeclarationError names one that is not Python."""
    source = read_source(path)
    try:
        return _parse_source(source)
    except SyntaxError as error:
        line = f"{path}: line {error.lineno} is not Python: {error.msg}"
        raise DeclarationError(line) from None
    except ValueError as error:  # A null byte, in Python 3.11.
        raise DeclarationError(f"{path}: not Python: {error}") from None


_parse_source = functools.cache(ast.parse)


def _check_setting(key: str, setting: dict) -> None:
    """A setting's schema must be one, and its default one of the values it allows."""
    try:
        schemas.VALIDATOR.check_schema(setting)
    except jsonschema.SchemaError as error:
        place = ".".join([key, *map(str, error.absolute_path)])
        raise schemas.ConfigError(f"{place}: {error.message}") from None
    if "default" in setting:
        schemas.check({key: setting["default"]}, {"properties": {key: setting}})


@functools.cache
def declaration(kind: str, name: str) -> dict:
    """The checked declaration of a component, with the settings that it takes from others.

    A DeclarationError names a key that is wrong. Do not change what is returned.
    """
    path = FOLDER / kind / f"{name}.yaml"
    declared = read_yaml(path)
    _check(path, declared, kind)
    if not path.with_suffix(".py").is_file():
        raise DeclarationError(
            f"{path}: expected {name}.py with it, got none; write it"
        )
    settings = {}
    for other in declared.get("settings_of", []):
        if not path.with_name(f"{other}.yaml").is_file():
            raise DeclarationError(
                f"{path}: settings_of: expected a component, got {other!r}, which has no "
                f"{other}.yaml; correct the name"
            )
        try:
            settings |= declaration(kind, other)["settings"]
        except RecursionError:
            raise DeclarationError(
                f"{path}: settings_of: expected no circle, got {other}, which has settings of "
                f"{name} itself; remove one"
            ) from None
    return declared | {"settings": settings | declared["settings"]}


def smallest_declaration(kind: str) -> str:
    """The YAML that a component of a kind must at least have, on one line.

    >>> smallest_declaration("norms")
    '{label: ..., description: ...}'
    """
    keys = _definitions()[kind]["required"]
    return "{" + ", ".join(f"{key}: ..." for key in keys) + "}"


def _check(path: Path, declared: dict, definition: str) -> None:
    """Check what a file declares by a definition of the schema, and fill in defaults."""
    schema = {"$ref": f"#/$defs/{definition}", "$defs": _definitions()}
    try:
        schemas.check(declared, schema)
        for key in ("settings", "model_settings"):
            for name, setting in declared.get(key, {}).items():
                _check_setting(f"{key}.{name}", setting)
    except schemas.ConfigError as error:
        raise DeclarationError(f"{path}: {error}") from None
    schemas.fill_defaults(declared, schema)


@functools.cache
def _definitions() -> dict:
    return read_yaml(SCHEMA)["$defs"]


def read_yaml(path: Path) -> dict:
    """A YAML file; a DeclarationError names one that can't be read, or read in two ways."""
    try:
        return strict_yaml.read(path)
    except strict_yaml.YamlError as error:
        raise DeclarationError(str(error)) from None


def defaults(kind: str, name: str) -> dict:
    """The default of each setting that has one.

    >>> defaults("norms", "batch")
    {'eps': 1e-05, 'running_momentum': 0.1}
    """
    return {
        key: copy.deepcopy(setting["default"])
        for key, setting in declaration(kind, name)["settings"].items()
        if "default" in setting
    }


def required(kind: str, name: str) -> list[str]:
    """The settings that must be given: those without a default.

    >>> required("norms", "batch")
    []
    """
    settings = declaration(kind, name)["settings"]
    return [key for key, setting in settings.items() if "default" not in setting]


def datasets_of(kind: str) -> list[str]:
    """The data sets of a kind, such as ``images``, which is what a model ``takes``."""
    return [
        name
        for name in names("datasets")
        if declaration("datasets", name)["kind"] == kind
    ]


@functools.cache
def probe_of(table: str) -> str | None:
    """The probe that writes a table; None for one of training."""
    for probe in names("probes"):
        if table in declaration("probes", probe)["tables"]:
            return probe
    return None
