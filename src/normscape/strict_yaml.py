"""YAML and JSON files that users write, read without surprises.

PyYAML follows YAML 1.1, where ``010`` is 8, ``on`` is true and ``1e3`` is a string. Here a
value without quotes is what YAML 1.2 says, with numbers in decimal digits; anything else,
such as ``010`` or a date, is a string. A key may stand once in a mapping.
"""

import json
import re
from pathlib import Path

import yaml
from yaml.constructor import ConstructorError


class YamlError(ValueError):
    """A mistake in one line that names the file, and the key or the line."""


def read(path: Path):
    """The content of a file, JSON where its name ends so; a YamlError names it."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise YamlError(f"{path}: expected UTF-8; save the file as UTF-8") from None
    except OSError as error:
        raise YamlError(f"{path}: not readable: {error.strerror}") from None
    if path.suffix == ".json":
        return _parse_json(text, path)
    return parse(text, path)


def read_mapping(path: Path) -> dict:
    """The content of a file, which must be keys and values."""
    value = read(path)
    if not isinstance(value, dict):
        got = "an empty file" if value is None else f"a {type(value).__name__}"
        raise YamlError(f"{path}: expected keys and values (name: value), got {got}")
    return value


def parse(text: str, source):
    """The value of a YAML text.

    source : its file or other origin, for a YamlError.

    >>> parse("{lr: 1e-3, seeds: [1, 010], name: on}", "my.yaml")
    {'lr': 0.001, 'seeds': [1, '010'], 'name': 'on'}
    """
    try:
        return yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reasons = ", ".join(filter(None, (error.context, error.problem)))
        reason = f"{reasons} (line {mark.line + 1})" if mark else reasons
    except (yaml.YAMLError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0]
    raise YamlError(f"{source}: not readable as YAML: {reason}")


def _parse_json(text, path):
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except ValueError as error:
        raise YamlError(f"{path}: not readable as JSON: {error}") from None


def _unique(pairs):
    value = {}
    for key, child in pairs:
        if key in value:
            raise ValueError(f"duplicate key {key!r} in one object; keep one")
        value[key] = child
    return value


_TAG = "tag:yaml.org,2002:"
_PLAIN = {
    "null": "~|null|Null|NULL|",
    "bool": "true|True|TRUE|false|False|FALSE",
    "int": "[-+]?(0|[1-9][0-9]*)",
    "float": r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
    "merge": "<<",
}


class _Loader(yaml.CSafeLoader):
    """Values of JSON only: no dates, sets, binary data or objects of Python."""

    yaml_implicit_resolvers = {}
    yaml_constructors = {
        _TAG + kind: yaml.SafeLoader.yaml_constructors[_TAG + kind]
        for kind in ("null", "bool", "int", "float", "str")
    } | {None: yaml.SafeLoader.yaml_constructors[None]}

    def construct_mapping(self, node, deep=False):
        lines = {}
        for key, _ in node.value:
            problem = None
            if key.tag not in (_TAG + "str", _TAG + "merge"):
                got = key.value if key.id == "scalar" else f"a {key.id}"
                problem = f"expected a string as key, got {got}; quote it"
            elif key.value in lines:
                problem = f"duplicate key {key.value}, as on line {lines[key.value]}; keep one"
            if problem:
                raise ConstructorError(None, None, problem, key.start_mark)
            lines[key.value] = key.start_mark.line + 1
        return super().construct_mapping(node, deep)


for _kind, _pattern in _PLAIN.items():
    _regex = re.compile(rf"(?:{_pattern})\Z")
    _Loader.add_implicit_resolver(_TAG + _kind, _regex, None)
# Deep, so that PyYAML refuses a value that contains itself.
_Loader.add_constructor(_TAG + "map", lambda self, n: self.construct_mapping(n, True))
_Loader.add_constructor(_TAG + "seq", lambda self, n: self.construct_sequence(n, True))
