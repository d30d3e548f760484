"""What is looked up by name, checked before any job: sources and tables.

A mistake is a DeclarationError of one line that names the file.
"""

import ast
from collections import defaultdict
from pathlib import Path

from normscape import components
from normscape.code import SRC, statements
from normscape.pipeline import catalogue, paths
from normscape.schemas import unknown_value
from normscape.tables import CELL

_LIBRARY = SRC / "normscape"


# What each file of a folder defines, which is looked up in it by this name.
_DEFINED = {
    "datasets": "load",
    "models": "build",
    "norms": "Norm",
    "optimisers": "Optimiser",
    "probes": "measure",
    "figures": "draw",
    "summaries": "summarise",
}


def check_components() -> None:
    """Check every component, summary and figure, and what they say of one another."""
    for kind in components.KINDS:
        for name in components.names(kind):
            path = _LIBRARY / kind / f"{name}.py"
            components.declaration(kind, name)
            _check_definition(path)
        _check_declared(kind)
    _check_tables()
    for name in components.names("models"):
        _check_model(name)
    for figure in catalogue.figures():
        _check_figure(figure)
    for name in components.module_names(_LIBRARY / "figures", "*.py"):
        path = _LIBRARY / f"figures/{name}.py"
        defined = {"TABLES", "draw"} & _defined(components.parse(path).body)
        if len(defined) == 2 and name not in catalogue.figures():
            _refuse(path, "expected a name such as fig90_gradient.py; rename it")


def _refuse(path, line):
    raise components.DeclarationError(f"{path}: {line}")


def _check_definition(path: Path) -> None:
    """The file defines what is looked up in it, or imports it from a module that exists."""
    name = _DEFINED[path.parent.name]
    tree = components.parse(path)
    if name not in _defined(tree.body) | {"*"}:
        what = "class" if name[0].isupper() else "function"
        _refuse(path, f"expected a {what} {name}, which is missing; define it")
    for node in statements(tree):
        if isinstance(node, ast.ImportFrom) and not node.level:
            module = node.module.split(".")
            place = SRC.joinpath(*module)
            exists = place.is_dir() or (place.parent / f"{place.name}.py").is_file()
            if module[0] == "normscape" and not exists:
                _refuse(
                    path,
                    f"line {node.lineno}: expected a module of normscape, got {node.module}, "
                    "which does not exist; correct the name",
                )


def _check_declared(kind: str) -> None:
    """A component has a declaration with its name.

    What defines no component is a module that others share, or a leftover.
    """
    for name in components.module_names(_LIBRARY / kind, "*.yml"):
        _refuse(
            _LIBRARY / kind / f"{name}.yml",
            f"expected the suffix .yaml, got .yml; rename it to {name}.yaml",
        )
    for name in components.module_names(_LIBRARY / kind, "*.py"):
        path = _LIBRARY / kind / f"{name}.py"
        if path.with_suffix(".yaml").is_file():
            continue
        if _DEFINED[kind] in _defined(components.parse(path).body):
            _refuse(
                path,
                f"expected a declaration {name}.yaml, got none; write it, at least "
                f"{components.smallest_declaration(kind)}, or begin the name with _ if this "
                "is no component",
            )


def _defined(statements: list[ast.stmt]) -> set[str]:
    """Names that statements of a module define or import; "*" where all of one's are."""
    names = set()
    for statement in statements:
        match statement:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Import() | ast.ImportFrom():
                names |= {alias.asname or alias.name for alias in statement.names}
            case ast.Assign(targets=targets):
                nodes = [node for target in targets for node in ast.walk(target)]
                names |= {node.id for node in nodes if isinstance(node, ast.Name)}
            case ast.If() | ast.Try() | ast.With():
                for block in ("body", "orelse", "finalbody"):
                    names |= _defined(getattr(statement, block, []))
                for handler in getattr(statement, "handlers", []):
                    names |= _defined(handler.body)
    return names


def _check_model(name):
    path = _LIBRARY / f"models/{name}.yaml"
    declared = components.declaration("models", name)
    datasets = components.datasets_of(declared["takes"])
    columns = [column for column in catalogue.columns("runs") if column not in CELL]
    for key, value, names in (
        ("dataset", declared["dataset"], datasets),
        ("left_chance.quantity", declared["left_chance"]["quantity"], columns),
    ):
        if value not in names:
            _refuse(path, f"{key}: {unknown_value(value, names)}")


def _check_tables():
    """Each table is written in one place, and a probe's columns are its own."""
    writers = defaultdict(list)
    for table in catalogue.TABLES_OF_TRAINING:
        writers[table].append("training")
    for probe in components.names("probes"):
        path = _LIBRARY / f"probes/{probe}.yaml"
        for table, columns in components.declaration("probes", probe)["tables"].items():
            writers[table].append(path)
            for column in {*CELL, "step"} & columns.keys():
                _refuse(
                    path,
                    f"tables.{table}.{column}: expected another name, because every table has "
                    "this column; remove it",
                )
    for summary in catalogue.summaries():
        path = _LIBRARY / f"summaries/{summary}.py"
        writers[summary].append(path)
        _check_sources(path)
        _check_definition(path)
    for table, files in writers.items():
        if len(files) > 1:
            _refuse(
                files[1], f"table {table}: already written by {files[0]}; rename it"
            )


def _check_sources(path):
    """TABLES is there, and names tables."""
    known = [*catalogue.collected_tables(), *catalogue.summaries(), *paths.OTHER_TABLES]
    components.parse(path)
    tables = catalogue.tables_of(path)
    if tables is None:
        _refuse(
            path,
            'TABLES: missing; add a tuple of strings such as ("history",)',
        )
    for table in tables:
        if table not in known:
            _refuse(path, f"TABLES: {unknown_value(table, known)}")


def _check_figure(figure):
    path = _LIBRARY / f"figures/{figure}.py"
    _check_sources(path)
    _check_definition(path)
    if "\n\n" not in (ast.get_docstring(components.parse(path)) or ""):
        _refuse(
            path,
            "expected a docstring with a title, a blank line, and a last paragraph on what "
            "the paper shows; write it",
        )
