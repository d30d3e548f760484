"""What claims can be about: the quantities that training and probes declare."""

import functools
import re
from pathlib import Path

from normscape import parts, schemas

_OF_TRAINING = Path(__file__).with_name("quantities.yaml")


@functools.cache
def quantities() -> dict[str, dict]:
    """Each quantity's declaration (``parts.schema.yaml``), by name; with its ``probe`` or None.

    A DeclarationError names one that is declared twice.
    """
    found = {}
    for path, declared in _files().items():
        probe = None if path == _OF_TRAINING else path.stem
        for name, quantity in declared.items():
            if name in found:
                line = f"{path}: quantities.{name}: there is one already"
                raise parts.DeclarationError(line)
            of = probe
            if path == _OF_TRAINING and "value" in quantity:
                of = parts.probe_of(quantity["tables"][0])
            found[name] = quantity | {"probe": of}
    return found


def file_of(name: str) -> Path:
    """Where a quantity is declared."""
    return next(path for path, declared in _files().items() if name in declared)


@functools.cache
def _files() -> dict[Path, dict]:
    of_training = parts.read_yaml(_OF_TRAINING)
    parts.check_quantities(_OF_TRAINING, of_training)
    return {_OF_TRAINING: of_training} | {
        parts.FOLDER / f"probes/{probe}.yaml": parts.declaration("probes", probe).get(
            "quantities", {}
        )
        for probe in parts.names("probes")
    }


def explored(tables: set[str]) -> dict[str, dict]:
    """Quantities whose curves a page offers, of those that these tables hold."""
    return {
        name: quantity
        for name, quantity in quantities().items()
        if quantity["explored"]
        and "value" in quantity
        and tables.issuperset(quantity["tables"])
    }


def beside_paper() -> list[str]:
    """Quantities of the paper's curves that no claim is about."""
    return [name for name, quantity in quantities().items() if quantity["beside_paper"]]


def read_file(path) -> dict:
    """A file of claims; a DeclarationError names it, the claim, and what its schema refuses."""
    file = parts.read_yaml(Path(path))
    try:
        schemas.check(file, _schema())
    except schemas.ConfigError as error:
        line = _with_id(str(error), file)
        raise parts.DeclarationError(f"{path}: {line}") from None
    return file


@functools.cache
def _schema() -> dict:
    return parts.read_yaml(parts.SCHEMA.with_name("claims.schema.yaml"))


def _with_id(line, file) -> str:
    """A line that names a claim by its id in place of its number, where it has one."""
    if found := re.match(r"claims\[(\d+)\]\.?", line):
        claim = file["claims"][int(found[1])]
        if isinstance(claim, dict) and "id" in claim:
            return f"claim {claim['id']}: {line[found.end() :]}"
    return line.removeprefix("the file: ")  # of the whole file


def read(paths) -> dict:
    """``topics``, ``answers`` and ``claims`` of claims files, joined, and their ``papers``.

    Those are the files' ``source`` and ``topics``, a mapping each.
    Each claim knows, as ``named``, the normalisers that its file is about or compares with.
    A DeclarationError is that of ``read_file``.
    """
    papers, topics, answers, claims = [], {}, {}, []
    for path in paths:
        file = read_file(path)
        named = {
            norm
            for claim in file["claims"]
            for norm in [*claim["subjects"], claim.get("reference")]
        }
        papers.append({key: file[key] for key in ("source", "topics")})
        topics |= file["topics"]
        answers |= file.get("answers", {})
        claims += [claim | {"named": named} for claim in file["claims"]]
    return {"papers": papers, "topics": topics, "answers": answers, "claims": claims}
