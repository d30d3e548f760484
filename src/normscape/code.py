"""Digests of code: a rule runs again when a module that decides its output changes.

The ``params`` of a rule hold one digest per module, so that Snakemake's reason names the
module that changed. Comments, docstrings, layout and line ends do not count, and neither do
times and places of files. The package ``jobs`` decides no output and is left out.
"""

import ast
import functools
import hashlib
import io
import itertools
import tokenize
from collections.abc import Iterator
from pathlib import Path

SRC = Path(__file__).parents[1]
_LEFT_OUT = SRC / "normscape/jobs"


def training_digests(
    architecture: str, norm: str, optimiser: str, start: str | None = None
) -> list[str]:
    """Digests of the code that decides the bytes of a run: its components and the training loop.

    Not of train.py, which turns arguments into calls, nor of resuming and of tables.
    start : the normaliser of the run at whose checkpoint this one starts, or None.
    """
    files = [*_core(architecture, norm, optimiser), "normscape/training/loop.py"]
    if start:
        files += ["normscape/training/start.py", f"normscape/norms/{start}.py"]
    return digests(*files)


def probe_digests(
    probe: str, architecture: str, norm: str, optimiser: str
) -> list[str]:
    """Digests of the code that decides the bytes of a probe's tables."""
    core = _core(architecture, norm, optimiser)
    return digests("probe.py", *core, f"normscape/probes/{probe}.py")


def _core(architecture, norm, optimiser):
    return (
        "normscape/training/checkpoints.py",
        "normscape/training/torch_setup.py",
        f"normscape/models/{architecture}.py",
        f"normscape/norms/{norm}.py",
        *optimiser_files(optimiser),
    )


def optimiser_files(name: str) -> list[str]:
    """The file of an optimiser; none for a class of ``torch.optim``."""
    file = f"normscape/optimisers/{name}.py"
    return [file] if (SRC / file).is_file() else []


@functools.cache
def digests(*files: str) -> list[str]:
    """A line "module digest" for the files of src/ and all that they import, sorted.

    Modules that are looked up by name (components, figures, summaries) and data that is read
    are not found by reading imports: name them among ``files``.

    >>> [line.split()[0] for line in digests("normscape/files.py")]
    ['normscape/files.py']
    """
    return [
        f"{path.relative_to(SRC)} {file_digest(path)}"
        for path in imported_files(*files)
    ]


@functools.cache
def file_digest(path: Path) -> str:
    """The digest of a text file: a param that stands for an input which may be anywhere.

    Line ends do not count; in Python files neither do comments, docstrings and layout.
    """
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".py":
        text = "\0".join(_meaningful_tokens(text))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


_STRUCTURE = {tokenize.NEWLINE: "\n", tokenize.INDENT: "\t", tokenize.DEDENT: "\b"}
_LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.ENDMARKER}


def _meaningful_tokens(source: str) -> list[str]:
    """The tokens of Python source without comments, layout and strings that stand alone.

    Tokens and not the syntax tree, which differs between versions of Python.
    """
    meaningful = ["", "", "\n"]
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    for token in _with_whole_strings(tokens, source.splitlines(keepends=True)):
        if token.type in _LAYOUT:
            continue
        meaningful.append(_STRUCTURE.get(token.type, token.string))
        # A plain string that is a line of its own, as a docstring is.
        before, string, after = meaningful[-3:]
        if after == "\n" and before in _STRUCTURE.values() and _is_plain(string):
            del meaningful[-2:]
    return meaningful[2:]


def _is_plain(token: str) -> bool:
    """Whether a token is a string that is neither bytes nor formatted."""
    return token.lstrip("rRuU").startswith(("'", '"'))


def _with_whole_strings(tokens, lines) -> Iterator[tokenize.TokenInfo]:
    """The tokens, with an f-string as one, as before Python 3.12."""
    start_type = getattr(tokenize, "FSTRING_START", None)
    end_type = getattr(tokenize, "FSTRING_END", None)
    start, depth = (0, 0), 0
    for token in tokens:
        if token.type == start_type:
            start = start if depth else token.start
            depth += 1
        elif token.type == end_type and depth == 1:
            yield tokenize.TokenInfo(
                tokenize.STRING, _between(lines, start, token.end), start, token.end, ""
            )
            depth = 0
        elif token.type == end_type:
            depth -= 1
        elif depth == 0:
            yield token


def _between(lines, start, end) -> str:
    first, last = start[0] - 1, end[0] - 1
    if first == last:
        return lines[first][start[1] : end[1]]
    middle = lines[first + 1 : last]
    return "".join([lines[first][start[1] :], *middle, lines[last][: end[1]]])


def imported_files(*files: str) -> list[Path]:
    """The files of src/ and all that they import from it, directly or not, sorted."""
    files_seen: set[Path] = set()
    pending = [SRC / file for file in files]
    while pending:
        path = pending.pop()
        if path not in files_seen and not path.is_relative_to(_LEFT_OUT):
            files_seen.add(path)
            pending += _imports(path)
    return sorted(path for path in files_seen if not _is_only_docstring(path))


@functools.cache
def _is_only_docstring(path: Path) -> bool:
    """Whether a package's ``__init__.py`` holds a docstring and no code."""
    if path.name != "__init__.py":
        return False
    return all(
        isinstance(node, ast.Expr)
        for node in ast.parse(path.read_text(encoding="utf-8-sig")).body
    )


def modules(script: Path) -> set[str]:
    """The project's modules that a script imports, directly or not, as dotted names."""
    files = {
        path.relative_to(SRC) for path in imported_files(str(script)) if path != script
    }
    names = (".".join(file.with_suffix("").parts) for file in files)
    return {name.removesuffix(".__init__") for name in names}


def libraries(script: Path) -> set[str]:
    """The libraries that a script imports, directly or through the project's files.

    A name may belong to a module: ``from a import b`` gives a and a.b.
    """
    return {
        name
        for path in imported_files(str(script))
        for name in _imported_names(path)
        if not list(_module_files(name))
    }


@functools.cache
def _imports(path: Path) -> tuple[Path, ...]:
    """The project's files that a file imports directly, with the files of their packages."""
    return tuple(
        itertools.chain.from_iterable(map(_module_files, _imported_names(path)))
    )


@functools.cache
def _imported_names(path: Path) -> frozenset[str]:
    """The modules that a file imports, and its own name, as dotted names."""
    names = {".".join(path.relative_to(SRC).with_suffix("").parts)}
    if path.suffix != ".py":
        return frozenset(names)
    for node in statements(ast.parse(path.read_text(encoding="utf-8-sig"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = path.relative_to(SRC).parts[: -node.level] if node.level else ()
            module = ".".join([*package, *filter(None, [node.module])])
            names.add(module)
            names.update(f"{module}.{alias.name}" for alias in node.names)
    return frozenset(names)


def statements(node: ast.AST) -> Iterator[ast.stmt]:
    """The statements in a syntax tree at any depth; ``ast.walk`` visits all expressions, too.

    >>> [type(s).__name__ for s in statements(ast.parse("if a:\\n    import b"))]
    ['If', 'Import']
    """
    for block in ("body", "handlers", "orelse", "finalbody", "cases"):
        for child in getattr(node, block, []):
            if isinstance(child, ast.stmt):
                yield child
            yield from statements(child)


def _module_files(module: str) -> Iterator[Path]:
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        base = SRC.joinpath(*parts[:end])
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path.is_file():
                yield path
