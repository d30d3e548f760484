"""The config, checked before any job: one clear line for what is wrong."""

import ast
import copy
import functools
import math
import os
import sys
from pathlib import Path

import jsonschema
import yaml

from workflow import grid

SCHEMA = Path(__file__).parent / "schemas" / "config.schema.yaml"


# Whole numbers are written without a point, and numbers are finite.
_VALIDATOR = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many(
        {
            "integer": lambda _, value: type(value) is int,
            "number": lambda _, value: (
                type(value) in (int, float) and math.isfinite(value)
            ),
        }
    ),
)


class ConfigError(ValueError):
    """A mistake in the config, in one line that names the key."""


def validate_config(config: dict) -> dict:
    """The config with defaults filled in; ends the program on a mistake."""
    try:
        return checked(config)
    except ConfigError as error:
        sys.exit(f"config: {error}")


def checked(config: dict) -> dict:
    """The config with defaults filled in, or a ConfigError."""
    schema = _schema()
    error = jsonschema.exceptions.best_match(_VALIDATOR(schema).iter_errors(config))
    if error:
        raise ConfigError(_line(error))
    config = copy.deepcopy(config)
    _fill_defaults(config, schema, schema)
    _expand_steps(config)
    _check_folder(config)
    _check_source(config)
    _check_models(config)
    _check_norm_settings(config)
    for probe in config["probes"]:
        _check_probe(config, probe)
    return config


@functools.cache
def _schema() -> dict:
    return yaml.safe_load(SCHEMA.read_text())


def _fill_defaults(value, schema, top):
    schema = _resolved(schema, top)
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        for key, part in properties.items():
            part = _resolved(part, top)
            if "default" in part:
                value.setdefault(key, copy.deepcopy(part["default"]))
        for key, child in value.items():
            part = properties.get(key, schema.get("additionalProperties"))
            if isinstance(part, dict):
                _fill_defaults(child, part, top)
    elif isinstance(value, list) and "items" in schema:
        for child in value:
            _fill_defaults(child, schema["items"], top)


def _resolved(schema, top):
    if "$ref" in schema:
        return top["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    return schema


def _key(path) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".") or "the config"


def _shown(value) -> str:
    if isinstance(value, str):
        return f"the text {value!r}"
    if value is None:
        return "nothing"
    text = repr(value).replace("\n", " ")
    return text if len(text) <= 60 else text[:57] + "..."


_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a finite number",
    "boolean": "true or false",
    "null": "null",
}


def _line(error) -> str:
    """One line for an error of jsonschema: key, what was found, what is allowed."""
    key, value, allowed = (
        _key(error.absolute_path),
        error.instance,
        error.validator_value,
    )
    match error.validator:
        case "additionalProperties":
            known = error.schema.get("properties", {})
            unknown = sorted(str(k) for k in value if k not in known)[0]
            return f"{_key([*error.absolute_path, unknown])}: unknown key; allowed are {_list(known)}"
        case "required":
            missing = [name for name in allowed if name not in value][0]
            return f"{_key([*error.absolute_path, missing])}: missing; it must be given"
        case "type":
            types = [allowed] if isinstance(allowed, str) else allowed
            expected = " or ".join(_TYPES[name] for name in types)
            return f"{key}: found {_shown(value)}, allowed is {expected}{_hint(value, types)}"
        case "enum":
            return f"{key}: found {_shown(value)}, allowed are {_list(allowed)}"
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            relation = {
                "minimum": "at least",
                "maximum": "at most",
                "exclusiveMinimum": "more than",
                "exclusiveMaximum": "less than",
            }[error.validator]
            return f"{key}: found {_shown(value)}, allowed is {relation} {allowed}"
        case "uniqueItems":
            twice = next(v for i, v in enumerate(value) if v in value[:i])
            return f"{key}: found {_shown(twice)} twice, allowed is once"
        case "minItems":
            return f"{key}: found an empty list, allowed is at least one entry"
        case "minProperties":
            return f"{key}: found nothing, allowed is at least one entry"
        case "pattern":
            return (
                f"{key}: found {_shown(value)}, allowed are {error.schema['x-allowed']}"
            )
    return f"{key}: {error.message}"


def _hint(value, types) -> str:
    if isinstance(value, str) and {"number", "integer"} & set(types):
        try:
            number = float(value)
        except ValueError:
            return ""
        number = int(number) if "integer" in types and number % 1 == 0 else number
        return f"; YAML reads it as text, write {number!r} without quotes"
    return ""


def _list(names) -> str:
    names = [str(name) for name in names]
    if len(names) > 20:
        names[10:-2] = ["..."]
    return ", ".join(names) or "nothing"


def _expand_steps(config):
    """Lists in place of "every N"."""
    for model in config["models"].values():
        for key in {"checkpoints", "evaluations"} & model.keys():
            model[key] = _steps(model[key], model)
    for probe in config["probes"].values():
        for name, settings in probe["models"].items():
            for block in settings["grid"]:
                if "steps" in block and name in config["models"]:
                    block["steps"] = _steps(block["steps"], config["models"][name])


def _steps(steps, model):
    if isinstance(steps, str):
        return list(range(0, model["steps"] + 1, int(steps.removeprefix("every "))))
    return steps


def _check_folder(config):
    folder = Path(grid.root(config))
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise ConfigError(
            f"name: results go to {folder}/, but {existing} cannot be written to; "
            "allowed is a folder with write permission"
        )


def _check_source(config):
    source = config["datasets"]["cifar10"]["source"]
    if source is None:
        return
    key, path = "datasets.cifar10.source", Path(source)
    if path.is_dir():
        missing = [part for part in ("train", "test") if not (path / part).is_dir()]
        if missing:
            raise ConfigError(
                f"{key}: found the folder {source!r} without {missing[0]}/, allowed is "
                "one with images in train/CLASS/ and test/CLASS/"
            )
    elif not path.is_file():
        raise ConfigError(
            f"{key}: found {source!r}, which is not there; allowed is the archive "
            "cifar-10-python.tar.gz, a folder of images, or null to download it"
        )


def _check_models(config):
    known = grid.available("norms")
    for model, settings in config["models"].items():
        key = f"models.{model}"
        for number, block in enumerate(settings["grid"]):
            for index, norm in enumerate(block["norms"]):
                if norm not in known:
                    raise ConfigError(
                        f"{key}.grid[{number}].norms[{index}]: found {norm!r}, allowed are "
                        f"{_list(known)} (the files in src/normscape/norms/)"
                    )
        for steps in ("checkpoints", "evaluations"):
            for index, step in enumerate(settings.get(steps, [])):
                if step > settings["steps"]:
                    raise ConfigError(
                        f"{key}.{steps}[{index}]: found {step}, allowed is up to the "
                        f"last step, {key}.steps = {settings['steps']}"
                    )
    if not grid.cells(config):
        raise ConfigError("models: every grid is empty; allowed is at least one run")


def _check_norm_settings(config):
    known = grid.available("norms")
    built_in = _schema()["properties"]["norm_settings"]["properties"]
    for norm, settings in config["norm_settings"].items():
        if norm not in known:
            raise ConfigError(
                f"norm_settings.{norm}: unknown normaliser; allowed are {_list(known)}"
            )
        if norm in built_in:
            continue
        allowed = _keyword_arguments(norm)
        for key in settings:
            if key not in allowed:
                raise ConfigError(
                    f"norm_settings.{norm}.{key}: unknown key; allowed are "
                    f"{_list(allowed)} (keyword-only arguments of its class Norm)"
                )


def _keyword_arguments(norm):
    path = grid.SRC / f"normscape/norms/{norm}.py"
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef) and node.name == "Norm":
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                    return [argument.arg for argument in method.args.kwonlyargs]
    return []


def _check_probe(config, probe):
    cells = grid.cells(config)
    for model, settings in config["probes"][probe]["models"].items():
        trained = [cell for cell in cells if cell.model == model]
        checkpoints = config["models"].get(model, {}).get("checkpoints", [])
        for number, block in enumerate(settings["grid"]):
            key = f"probes.{probe}.models.{model}.grid[{number}]"
            for name, found, allowed in (
                ("norms", block.get("norms", []), [c.norm for c in trained]),
                (
                    "learning_rates",
                    map(float, block.get("learning_rates", [])),
                    [float(c.lr) for c in trained],
                ),
                ("seeds", block.get("seeds", []), [c.seed for c in trained]),
                ("steps", block.get("steps", []), checkpoints),
            ):
                allowed = list(dict.fromkeys(allowed))
                for value in found:
                    if value not in allowed:
                        raise ConfigError(
                            f"{key}.{name}: found {value!r}, outside the grid of "
                            f"models.{model}; allowed are {_list(allowed)}"
                        )
            _check_products(key, block, trained)


def _check_products(key, block, trained):
    """Norm and learning rate may each be in the grid, but not together."""
    pairs = {(cell.norm, cell.lr) for cell in trained}
    for norm in block.get("norms", []):
        for lr in map(grid.lr_text, block.get("learning_rates", [])):
            if (norm, lr) not in pairs:
                raise ConfigError(
                    f"{key}: found norm {norm!r} with learning rate {lr}, which no "
                    "block of the model's grid trains"
                )
