"""YAML and JSON files that users write, read without surprises.

A key may stand once in a mapping, and a value without quotes must be one that YAML 1.1
and YAML 1.2 read alike. PyYAML reads YAML 1.1, where ``010`` is 8, ``on`` is true and
``1e3`` is a string.
"""

import json
import math
import re
from pathlib import Path

import yaml


class YamlError(ValueError):
    """A mistake in one line that names the file, the key and the line."""


def read(path: Path):
    """What a file holds, JSON where its name ends so; a YamlError names it."""
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
    """What a file holds, which must be keys and values."""
    value = read(path)
    if not isinstance(value, dict):
        got = "a list" if isinstance(value, list) else "a single value"
        got = "an empty file" if value is None else got
        raise YamlError(f"{path}: expected keys and values (name: value), got {got}")
    return value


def parse(text: str, source):
    """The value of a YAML text.

    source : its file, or where else it comes from, for a YamlError.
    """
    loader = yaml.CSafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _Checker(loader, source).check(node)
        return loader.construct_document(node)
    except YamlError:
        raise
    except (yaml.YAMLError, ValueError, KeyError, RecursionError) as error:
        raise YamlError(f"{source}: not readable as YAML: {_line(error)}") from None
    finally:
        loader.dispose()


def _parse_json(text, path):
    try:
        return json.loads(text, object_pairs_hook=lambda pairs: _unique(pairs, path))
    except (json.JSONDecodeError, RecursionError) as error:
        raise YamlError(f"{path}: not readable as JSON: {error}") from None


def _unique(pairs, path):
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise YamlError(f"{path}: duplicate key {twice!r} in one object; keep one")
    return value


def _line(error) -> str:
    """PyYAML's message in one line, with the number of the line."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return str(error).splitlines()[0]
    said = ", ".join(text for text in (error.context, error.problem) if text)
    mark = error.problem_mark or error.context_mark
    return f"{said} (line {mark.line + 1})" if mark else said


# The kinds of value that there are, and how a scalar looks without quotes that YAML 1.1
# and 1.2 read alike, with numbers in decimal digits.
_NUMBER = r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
_PLAIN = {
    "null": re.compile(".*"),
    "bool": re.compile("true|True|TRUE|false|False|FALSE"),
    "int": re.compile("[-+]?(0|[1-9][0-9]*)"),
    "float": re.compile(_NUMBER + r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"),
    "str": re.compile(rf"(?!({_NUMBER}|0o[0-7]+)\Z).*", re.DOTALL),
}
_KINDS = {*_PLAIN, "seq", "map"}


class _Checker:
    """Raises a YamlError for what a document's nodes may not be.

    source : where the document comes from.
    """

    def __init__(self, loader, source):
        self.loader, self.source = loader, source
        self.checked = set()  # An anchor and its aliases are one node.

    def check(self, node, path=(), above=()):
        """Check a node and those in it.

        path : the keys and indices that lead to it. above : the nodes that hold it.
        """
        if node in above:
            self.refuse(node, path, "a value may not contain itself; remove the alias")
        if node in self.checked:
            return
        self.checked.add(node)
        above = (*above, node)
        if isinstance(node, yaml.ScalarNode):
            self.check_scalar(node, path)
            return
        self.check_kind(node, path)
        if isinstance(node, yaml.SequenceNode):
            for index, child in enumerate(node.value):
                self.check(child, (*path, index), above)
            return
        lines = {}
        for key, child in node.value:
            name = self.key(key, path)
            line = key.start_mark.line + 1
            if name in lines:
                raise YamlError(
                    f"{self.source}: {key_path((*path, name))}: duplicate key on "
                    f"lines {lines[name]} and {line}; keep one"
                )
            lines[name] = line
            self.check(child, (*path, name), above)

    def key(self, node, path) -> str:
        """A key, which must be a string, or the << of YAML 1.1."""
        if not isinstance(node, yaml.ScalarNode):
            self.refuse(node, path, "expected a string as key, got a list or mapping")
        kind = _kind(node)
        if kind != "merge" and (kind != "str" or self.is_ambiguous(node)):
            got = _short(node.value or "null")
            text = f'expected a string as key, got {got}; quote it: "{got}"'
            self.refuse(node, path, text)
        return node.value

    def check_scalar(self, node, path):
        """Without quotes, a value must be one that all readers of YAML read alike."""
        if self.is_ambiguous(node):
            number = _plainly(_kind(node), node.value)
            write = f"write {number}, or quote it" if number else "quote it"
            got = _short(node.value)
            text = f'got {got}, which is ambiguous; {write}: "{got}"'
            self.refuse(node, path, f"expected a plain value, {text}")
        self.check_kind(node, path)

    def is_ambiguous(self, node) -> bool:
        """Whether readers of YAML take a scalar for values of several kinds, such as a date."""
        plain = self.loader.resolve(yaml.ScalarNode, node.value, (True, False))
        if node.style or node.tag != plain:  # In quotes, or with a tag such as !!str.
            return False
        kind = _kind(node)
        return kind not in _PLAIN or not _PLAIN[kind].fullmatch(node.value)

    def check_kind(self, node, path):
        """Sets, binary data and objects of Python are no values of ours."""
        if _kind(node) not in _KINDS:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            text = f"expected a plain value, got the tag {tag}; remove it"
            self.refuse(node, path, text)

    def refuse(self, node, path, text):
        place = f"{key_path(path)}: " if path else ""
        line = node.start_mark.line + 1
        raise YamlError(f"{self.source}: {place}{text} (line {line})")


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _kind(node) -> str:
    return node.tag.removeprefix("tag:yaml.org,2002:")


def _plainly(kind: str, text: str) -> str | None:
    """How a value is written so that all read it alike; None where only quotes help.

    >>> [_plainly("int", text) for text in ("010", "1_000", "0x10", "12:30:00")]
    ['10', '1000', '16', None]
    >>> _plainly("str", "1e3"), _plainly("str", "1e-7"), _plainly("bool", "off")
    ('1000', '1.0e-07', 'false')
    """
    if kind == "bool":
        return "true" if text.lower() in ("yes", "on") else "false"
    if kind not in ("int", "float", "str"):
        return None
    digits = text.replace("_", "")
    for convert in (int, lambda text: int(text, 0), float):
        try:
            number = convert(digits)
        except ValueError:
            continue
        return shortest(number) if math.isfinite(number) else None
    return None


def shortest(number: float) -> str:
    """A number as all readers of YAML read it as one.

    >>> shortest(1e-05), shortest(1000.0), shortest(0.25)
    ('1.0e-05', '1000', '0.25')
    """
    if number % 1 == 0 and abs(number) < 1e15:
        return str(int(number))
    text = repr(number)
    return text if "." in text else text.replace("e", ".0e")


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
