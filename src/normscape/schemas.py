"""Files that users write, checked by JSON schemas: a mistake in one line, and defaults."""

import copy
import difflib
import json
import math
import re

import jsonschema

# Whole numbers are written without a point, and numbers are finite.
VALIDATOR = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many(
        {
            "integer": lambda _, value: type(value) is int,
            "number": lambda _, value: (
                type(value) is int or (type(value) is float and math.isfinite(value))
            ),
        }
    ),
)


class ConfigError(ValueError):
    """A mistake in one line: the key, what was expected, what it got, what to do."""


def check(value, schema: dict) -> None:
    """Raise a ConfigError for what a schema does not allow."""
    errors = VALIDATOR(schema).iter_errors(value)
    if error := jsonschema.exceptions.best_match(errors):
        raise ConfigError(line(error))


_RELATIONS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
}


def line(error) -> str:
    """One line for an error of jsonschema: "KEY: expected X, got Y; do Z"."""
    path, value, limit = error.absolute_path, error.instance, error.validator_value
    properties = error.schema.get("properties", {})
    match error.validator:
        case "additionalProperties":
            name = min(str(name) for name in value if name not in properties)
            path = [*path, name]
            text = f"unknown key; {choices(properties)}{nearest(name, properties)}"
        case "required":
            name = next(name for name in limit if name not in value)
            path = [*path, name]
            known = properties.get(name, {}).get("enum")
            text = f"missing; {choices(known) if known else 'add it'}"
        case "type":
            types = [limit] if isinstance(limit, str) else limit
            expected = " or ".join(_TYPES[name] for name in types)
            text = f"expected {expected}, got {shown(value)}{_advice(value, types)}"
        case "enum":
            text = unknown_value(value, limit)
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            text = f"expected {_RELATIONS[error.validator]} {limit}, got {value}"
        case "uniqueItems":
            twice = next(v for i, v in enumerate(value) if v in value[:i])
            text = f"duplicate value {shown(twice)}; keep one"
        case "minItems" | "minProperties" | "minLength":
            text = f"expected a length of {limit} or more, got {shown(value)}"
        case "maxLength":
            got = f"{len(value)}: {shown(value)}"
            text = f"expected at most {limit} characters, got {got}"
        case "pattern":
            expected = error.schema.get("x-allowed", f"a string that matches {limit}")
            text = f"expected {expected}, got {shown(value)}"
        case _:
            text = error.message
    return f"{key_path(path) or 'the file'}: {text}"


def key_path(path) -> str:
    """The key of a place, such as ``models.vgg.seeds[1]``, in one line.

    >>> key_path(["models", "vgg", "seeds", 1]), key_path(["a\\nb"])
    ('models.vgg.seeds[1]', "'a\\\\nb'")
    """
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if str(part).isprintable() else f".{part!r}"
    return text.removeprefix(".")


def shown(value) -> str:
    """A value with its kind, as YAML names it, in at most some 60 characters.

    >>> shown("600"), shown(600), shown(True), shown([1, 2]), shown([])
    ("the string '600'", 'the number 600', 'true', 'the list [1, 2]', 'an empty list')
    """
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    kinds = {str: "string", int: "number", float: "number", list: "list"}
    kind = kinds.get(type(value), "mapping")
    if value in ("", [], {}):
        return f"an empty {kind}"
    text = repr(value).replace("\n", " ")
    text = text if len(text) <= 60 else text[:57] + "..."
    return f"the {kind} {text}"


_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "a string",
    "integer": "an integer",
    "number": "a finite number",
    "boolean": "true or false",
    "null": "null",
}
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False}
_WORDS |= {"off": False, "null": None, "none": None, "~": None, "": None}


def _advice(value, types) -> str:
    """How a value of another type is written as one of these types, where that is clear."""
    if value is None:
        return "; give it a value or remove the key"
    meant = _meaning(value)
    if any(VALIDATOR({}).is_type(meant, name) for name in types):
        text = json.dumps(meant)
        return "; remove the quotes" if text == value else f"; write {text}"
    if "array" in types and re.fullmatch(r"[\w.+-]+", str(value)):
        return f"; write it as a list: [{value}]"
    if "string" in types and isinstance(value, bool | int | float):
        return "; put it in quotes"
    return ""


def _meaning(value):
    """The constant or number that a value looks like; 9.0 looks like 9."""
    if isinstance(value, str) and value.lower() in _WORDS:
        return _WORDS[value.lower()]
    try:
        number = float(value)
    except (TypeError, ValueError):
        return value
    return int(number) if number.is_integer() else number


def choices(names) -> str:
    """The names to choose from; the middle of many is left out.

    >>> choices(["sgd", "adam"]), choices(["side"]), choices([])
    ('expected one of sgd, adam', 'expected side', 'expected no key')
    """
    names = [str(name) for name in names]
    if len(names) < 2:
        return f"expected {names[0]}" if names else "expected no key"
    if len(names) > 20:
        names[10:-2] = ["..."]
    return f"expected one of {', '.join(names)}"


def nearest(got, names) -> str:
    """The question whether the nearest of the names was meant; empty where none is near.

    >>> nearest("ADAMM", ["sgd", "adam"]), nearest("lbfgs", ["sgd", "adam"])
    ('; did you mean adam?', '')
    """
    names = {str(name).lower(): name for name in names}
    near = difflib.get_close_matches(str(got).lower(), names, n=1)
    return f"; did you mean {names[near[0]]}?" if near else ""


def unknown_value(got, names) -> str:
    """What a line says of a value that is none of the names.

    >>> unknown_value("adamm", ["sgd", "adam"])
    "expected one of sgd, adam, got the string 'adamm'; did you mean adam?"
    """
    near = nearest(got, names) if isinstance(got, str) else ""
    return f"{choices(names)}, got {shown(got)}{near}"


def fill_defaults(value, schema: dict, top: dict | None = None) -> None:
    """Fill in the defaults of keys that are not given, in place."""
    top = top or schema
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
                fill_defaults(child, part, top)
    elif isinstance(value, list) and "items" in schema:
        for child in value:
            fill_defaults(child, schema["items"], top)


def _resolved(schema, top):
    if "$ref" in schema:
        return top["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    return schema
