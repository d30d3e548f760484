"""Files that users write, checked by JSON schemas: a mistake in one line, and defaults."""

import copy
import difflib
import math
import re

import jsonschema

from normscape import strict_yaml

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


def line(error) -> str:
    """One line for an error of jsonschema: "KEY: expected X, got Y; do Z"."""
    key, value = _key(error.absolute_path), error.instance
    limit = error.validator_value
    match error.validator:
        case "additionalProperties":
            known = error.schema.get("properties", {})
            unknown = sorted(str(k) for k in value if k not in known)[0]
            key = _key([*error.absolute_path, unknown])
            return f"{key}: unknown key; {choices(known, unknown)}{nearest(unknown, known)}"
        case "required":
            missing = [name for name in limit if name not in value][0]
            known = error.schema.get("properties", {}).get(missing, {}).get("enum")
            advice = choices(known) if known else "add it"
            return f"{_key([*error.absolute_path, missing])}: missing; {advice}"
        case "type":
            types = [limit] if isinstance(limit, str) else limit
            expected = " or ".join(_TYPES[name] for name in types)
            return (
                f"{key}: expected {expected}, got {shown(value)}{_advice(value, types)}"
            )
        case "enum":
            return f"{key}: {unknown_value(value, limit)}"
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            relation = {
                "minimum": "at least",
                "maximum": "at most",
                "exclusiveMinimum": "more than",
                "exclusiveMaximum": "less than",
            }[error.validator]
            return f"{key}: expected {relation} {limit}, got {value}"
        case "uniqueItems":
            twice = next(v for i, v in enumerate(value) if v in value[:i])
            return f"{key}: duplicate value {shown(twice)}; keep one"
        case "minItems":
            return f"{key}: expected at least one entry, got an empty list"
        case "minProperties":
            return f"{key}: expected at least one entry, got an empty mapping"
        case "minLength":
            return f"{key}: expected a string, got an empty one"
        case "maxLength":
            got = f"{len(value)}: {shown(value)}"
            return f"{key}: expected at most {limit} characters, got {got}"
        case "pattern":
            expected = error.schema.get("x-allowed", f"a string that matches {limit}")
            return f"{key}: expected {expected}, got {shown(value)}"
    return f"{key}: {error.message}"


def _key(path) -> str:
    return strict_yaml.key_path(path) or "the file"


def shown(value) -> str:
    """A value with its kind, as YAML names it, in at most some 60 characters.

    >>> shown("600"), shown(600), shown(True), shown(None), shown([1, 2])
    ("the string '600'", 'the number 600', 'true', 'null', 'the list [1, 2]')
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    kinds = {str: "string", int: "number", float: "number", list: "list"}
    text = repr(value).replace("\n", " ")
    text = text if len(text) <= 60 else text[:57] + "..."
    return f"the {kinds.get(type(value), 'mapping')} {text}"


_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "a string",
    "integer": "an integer",
    "number": "a finite number",
    "boolean": "true or false",
    "null": "null",
}


def _advice(value, types) -> str:
    """How a value of another type is written as one of these types, where that is clear."""
    if value is None:
        return "; give it a value or remove the key"
    if isinstance(value, str) and (plain := _without_quotes(value, types)):
        same = plain == value
        return "; remove the quotes" if same else f"; write {plain} without quotes"
    if "array" in types and re.fullmatch(r"[\w.+-]+", str(value)):
        return f"; write it as a list: [{value}]"
    if type(value) in (int, float) and "string" in types:
        return f'; quote it: "{value}"'
    if type(value) is bool and "string" in types:
        return f'; quote it: "{shown(value)}"'
    if type(value) is float and value % 1 == 0 and "integer" in types:
        return f"; write {int(value)}"
    return ""


def _without_quotes(text: str, types) -> str | None:
    """What a string says that YAML would read as one of these types."""
    word = text.lower()
    if "boolean" in types and word in ("true", "yes", "on", "false", "no", "off"):
        return "true" if word in ("true", "yes", "on") else "false"
    if "null" in types and word in ("null", "none", "~", ""):
        return "null"
    if {"integer", "number"} & set(types):
        try:
            number = float(text)
        except ValueError:
            return None
        if math.isfinite(number) and ("number" in types or number % 1 == 0):
            return strict_yaml.shortest(number)
    return None


def choices(names, got=None) -> str:
    """The names to choose from; the middle of many is left out, but not the one nearest to got.

    >>> choices(["sgd", "adam"]), choices(["side"]), choices([])
    ('expected one of sgd, adam', 'expected side', 'expected no key')
    """
    names = [str(name) for name in names]
    if len(names) < 2:
        return f"expected {names[0]}" if names else "expected no key"
    if len(names) > 20:
        near = _nearest(got, names[10:-2])
        names[10:-2] = ["...", *near, "..."] if near else ["..."]
    return f"expected one of {', '.join(names)}"


def nearest(got, names) -> str:
    """The question whether the nearest of the names was meant; empty where none is near.

    >>> nearest("ADAMM", ["sgd", "adam"]), nearest("lbfgs", ["sgd", "adam"])
    ('; did you mean adam?', '')
    """
    return "".join(f"; did you mean {name}?" for name in _nearest(got, names))


def _nearest(got, names) -> list[str]:
    """The name that is nearest to what was given, or none; case does not count."""
    if not isinstance(got, str):
        return []
    names = {str(name).lower(): str(name) for name in names}
    return [names[n] for n in difflib.get_close_matches(got.lower(), names, n=1)]


def unknown_value(got, names) -> str:
    """What a line says of a value that is none of the names.

    >>> unknown_value("adamm", ["sgd", "adam"])
    "expected one of sgd, adam, got the string 'adamm'; did you mean adam?"
    """
    return f"{choices(names, got)}, got {shown(got)}{nearest(got, names)}"


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
