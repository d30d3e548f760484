"""Files that users write, checked by JSON schemas: a mistake in one line, and defaults."""

import copy
import math

import jsonschema

# Whole numbers are written without a point, and numbers are finite.
VALIDATOR = jsonschema.validators.extend(
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
    """A mistake in one line that names the key, what was found and what is allowed."""


def check(value, schema: dict) -> None:
    """Raise a ConfigError for what a schema does not allow."""
    errors = VALIDATOR(schema).iter_errors(value)
    if error := jsonschema.exceptions.best_match(errors):
        raise ConfigError(line(error))


def line(error) -> str:
    """One line for an error of jsonschema: key, what was found, what is allowed."""
    key, value = _key(error.absolute_path), error.instance
    limit = error.validator_value
    match error.validator:
        case "additionalProperties":
            known = error.schema.get("properties", {})
            unknown = sorted(str(k) for k in value if k not in known)[0]
            return f"{_key([*error.absolute_path, unknown])}: unknown key; {allowed(known)}"
        case "required":
            missing = [name for name in limit if name not in value][0]
            known = error.schema.get("properties", {}).get(missing, {}).get("enum")
            must = allowed(known) if known else "it must be given"
            return f"{_key([*error.absolute_path, missing])}: missing; {must}"
        case "type":
            types = [limit] if isinstance(limit, str) else limit
            expected = " or ".join(_TYPES[name] for name in types)
            return f"{key}: found {shown(value)}, allowed is {expected}{_hint(value, types)}"
        case "enum":
            return f"{key}: found {shown(value)}, {allowed(limit)}"
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            relation = {
                "minimum": "at least",
                "maximum": "at most",
                "exclusiveMinimum": "more than",
                "exclusiveMaximum": "less than",
            }[error.validator]
            return f"{key}: found {shown(value)}, allowed is {relation} {limit}"
        case "uniqueItems":
            twice = next(v for i, v in enumerate(value) if v in value[:i])
            return f"{key}: found {shown(twice)} twice, allowed is once"
        case "minItems":
            return f"{key}: found an empty list, allowed is at least one entry"
        case "minProperties":
            return f"{key}: found nothing, allowed is at least one entry"
        case "minLength":
            return f"{key}: found an empty text"
        case "pattern":
            return (
                f"{key}: found {shown(value)}, allowed are {error.schema['x-allowed']}"
            )
    return f"{key}: {error.message}"


def _key(path) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".") or "the file"


def shown(value) -> str:
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


def _hint(value, types) -> str:
    if isinstance(value, str) and {"number", "integer"} & set(types):
        try:
            number = float(value)
        except ValueError:
            return ""
        number = int(number) if "integer" in types and number % 1 == 0 else number
        text = repr(number)
        if "e" in text and "." not in text:  # YAML wants a point
            text = text.replace("e", ".0e")
        return f"; YAML reads it as text, write {text} without quotes"
    return ""


def allowed(names) -> str:
    """What a line says of the names that are allowed; the middle of many is left out.

    >>> allowed(["sgd", "adam"]), allowed(["side"]), allowed([])
    ('allowed are sgd, adam', 'allowed is side', 'none is allowed')
    """
    names = [str(name) for name in names]
    if len(names) > 20:
        names[10:-2] = ["..."]
    verb = "is" if len(names) == 1 else "are"
    return f"allowed {verb} {', '.join(names)}" if names else "none is allowed"


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
