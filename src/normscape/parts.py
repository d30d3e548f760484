"""Parts that declare themselves: what ``NAME.yaml`` beside ``NAME.py`` says.

A part is a data set, model, norm, optimiser or probe. Its declaration tells the pipeline
what it must know without importing the part: a label, settings, and what each kind adds
(``workflow/schemas/parts.schema.yaml`` describes every key). A norm may do without one:
its settings are then the keyword-only arguments of its class ``Norm``.
"""

import ast
import copy
import functools
from pathlib import Path

import jsonschema

from normscape import folders, schemas, strict_yaml

FOLDER = Path(__file__).parent
KINDS = ("datasets", "models", "norms", "optimisers", "probes")
SCHEMA = FOLDER.parents[1] / "workflow/schemas/parts.schema.yaml"


class DeclarationError(ValueError):
    """A mistake in a declaration, in one line that names the file and the key."""


def names(kind: str) -> list[str]:
    """The parts of a kind, sorted. Names that begin with an underscore are no parts.

    >>> names("optimisers")
    ['adam', 'sgd']
    """
    suffix = "py" if kind == "norms" else "yaml"
    return module_names(FOLDER / kind, f"*.{suffix}")


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
    try:
        return _parse_source(read_source(path))
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
    """What a part declares, checked, with the settings that it takes from other parts.

    A DeclarationError names a key that is wrong. Do not change what is returned.
    """
    path = FOLDER / kind / f"{name}.yaml"
    if not path.is_file():
        source = path.with_suffix(".py")
        try:
            return {"settings": _settings_of_class(source, "Norm")}
        except RecursionError:
            line = f"{source}: class Norm derives from itself; name another base class"
            raise DeclarationError(line) from None
    declared = read_yaml(path)
    _check(path, declared, kind)
    if not path.with_suffix(".py").is_file():
        raise DeclarationError(f"{path}: {name}.py is missing beside it")
    settings = {}
    for other in declared.get("settings_of", []):
        if not path.with_name(f"{other}.yaml").is_file():
            raise DeclarationError(f"{path}: settings_of: {other}.yaml does not exist")
        try:
            settings |= declaration(kind, other)["settings"]
        except RecursionError:
            raise DeclarationError(
                f"{path}: settings_of: {other} takes this one's settings in turn"
            ) from None
    return declared | {"settings": settings | declared.get("settings", {})}


def check_quantities(path: Path, quantities: dict) -> None:
    """Check quantities that are declared in a file of their own, and fill in defaults."""
    _check(path, quantities, "quantities")


def _check(path: Path, declared: dict, definition: str) -> None:
    """Check what a file declares by a definition of the schema, and fill in defaults."""
    schema = {"$ref": f"#/$defs/{definition}", "$defs": _definitions()}
    try:
        schemas.check(declared, schema)
        if definition in KINDS:
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
    return [
        key
        for key, setting in settings.items()
        if "default" not in setting and not setting.get("x-default")
    ]


def datasets_of(kind: str) -> list[str]:
    """The data sets of a kind, such as ``images``, which is what a model ``takes``."""
    return [
        name
        for name in names("datasets")
        if declaration("datasets", name)["kind"] == kind
    ]


def _settings_of_class(path: Path, name: str) -> dict:
    """Settings of a norm without a declaration, read from its source, not imported.

    They are what the file that defines its ``__init__`` declares, else the keyword-only
    arguments there, and those of its base class if it passes others on. Where the class
    has a default for one, its ``x-default`` is true.
    """
    if path.with_suffix(".yaml").is_file():
        return declaration("norms", path.stem)["settings"]
    tree = parse(path)
    definitions = {n.name: n for n in tree.body if isinstance(n, ast.ClassDef)}
    if name not in definitions:
        return {}
    for method in definitions[name].body:
        if isinstance(method, ast.FunctionDef) and method.name == "__init__":
            _check_arguments(path, name, method.args)
            arguments = zip(
                method.args.kwonlyargs, method.args.kw_defaults, strict=True
            )
            own = {
                argument.arg: {"description": "See its class Norm."}
                | ({"x-default": True} if default else {})
                for argument, default in arguments
            }
            # What it passes on is its base class's, except what it sets there itself.
            inherited = {}
            if method.args.kwarg:
                inherited = _inherited(path, tree, definitions, name)
            fixed = _keywords_of_super(method)
            return {k: v for k, v in inherited.items() if k not in fixed} | own
    return _inherited(path, tree, definitions, name)


def _check_arguments(path, name, arguments) -> None:
    """A norm is made as ``Norm(features, noise, **settings)``."""
    positional = [a.arg for a in (*arguments.posonlyargs, *arguments.args)][1:]
    required = len(positional) - len(arguments.defaults)
    if not (required <= 2 and (len(positional) >= 2 or arguments.vararg)):
        raise DeclarationError(
            f"{path}: class {name}: expected __init__(self, features, noise, *, settings), "
            f"got the positional arguments {', '.join(positional) or 'none'}; put settings "
            "after the *"
        )


def _keywords_of_super(method) -> set[str | None]:
    """The keywords that a method gives to its base class's: super().__init__(eps=1)."""
    return {
        keyword.arg
        for call in ast.walk(method)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__"
        for keyword in call.keywords
    }


def _inherited(path, tree, definitions, name) -> dict:
    """The settings of a class's first base class that is the project's."""
    for base in definitions[name].bases:
        module, _, attribute = ast.unparse(base).rpartition(".")
        if not module and attribute in definitions and attribute != name:
            return _settings_of_class(path, attribute)
        if found := _imported_from(path, tree, module or attribute):
            file, original = found
            return _settings_of_class(file, attribute if module else original)
    return {}


def _imported_from(path: Path, tree: ast.Module, name: str) -> tuple[Path, str] | None:
    """The project's file that an imported name is, or comes from; and its name there."""
    for node in tree.body:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        for alias in node.names:
            if name != (alias.asname or alias.name):
                continue
            if isinstance(node, ast.Import):
                places = [FOLDER.parent.joinpath(*alias.name.split("."))]
            else:
                root = path.parents[node.level - 1] if node.level else FOLDER.parent
                package = root.joinpath(*(node.module or "").split("."))
                places = [package / alias.name, package]
            for place in places:
                if (file := place.parent / f"{place.name}.py").is_file():
                    return file, alias.name
    return None


@functools.cache
def probe_of(table: str) -> str | None:
    """The probe that writes a table; None for one of training."""
    for probe in names("probes"):
        if table in declaration("probes", probe)["tables"]:
            return probe
    return None
