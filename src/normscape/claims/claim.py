"""Claims of papers, as files in ``workflow/claims/`` state them."""

import dataclasses
import functools
import math
import re
from collections.abc import Iterable
from pathlib import Path

from normscape import components, schemas
from normscape.claims.quantities import QUANTITIES


@dataclasses.dataclass(frozen=True)
class Claim:
    """One claim; ``claims.schema.yaml`` describes the keys of a file.

    model : an architecture.
    place : the normaliser at whose checkpoints functions are compared, or from whose
        checkpoints runs go on; None for other claims.
    scale : "ratio", "difference" or "value".
    above, below : the limits between which the effect is claimed to be.
    primary : for the claims that answer an experiment's question first, the row of the
        replication matrix that they are in.
    ranks : whether intervals are of exact ranks, whatever the values.
    named : the normalisers that the claims of the same file are about or compare with.
    """

    id: str
    statement: str
    where: str
    topic: str
    figure: str
    model: str
    quantity: str
    subjects: tuple[str, ...]
    scale: str
    above: float = -math.inf
    below: float = math.inf
    reference: str | None = None
    place: str | None = None
    lr: float | None = None
    best_lr: bool = False
    applies_to: str = "subjects"
    trained: tuple[str, ...] = ()
    paper: str | None = None
    primary: str | None = None
    ranks: bool = False
    named: frozenset[str] = frozenset()

    def subjects_in(self, norms: Iterable[str]) -> list[str]:
        """The subjects; where the claim applies to all, also norms that no claim names."""
        others = [norm for norm in norms if norm not in self.named]
        return [*self.subjects, *(others if self.applies_to == "all" else [])]

    @property
    def limits(self) -> tuple[float, float]:
        """``above`` and ``below`` on the scale of effects, where ratios are logarithms."""
        if self.scale != "ratio":
            return self.above, self.below
        return _log(self.above), _log(self.below)

    @property
    def range_text(self) -> str:
        """The claimed range.

        >>> claim = functools.partial(Claim, *"abcdefg", ("batch",), "value")
        >>> claim(above=-1, below=1).range_text
        '> -1 and < 1'
        """
        limits = ((">", self.above), ("<", self.below))
        return " and ".join(f"{sign} {n:g}" for sign, n in limits if math.isfinite(n))


def _log(limit):
    return math.log(limit) if limit > 0 else -math.inf


@dataclasses.dataclass(frozen=True)
class Paper:
    """A file of claims: a source, its topics (title by name), and claims."""

    source: str
    topics: dict[str, str]
    claims: tuple[Claim, ...]


def read_papers(paths: Iterable[str | Path]) -> list[Paper]:
    """The files of claims; a DeclarationError is that of ``read_paper``."""
    return [read_paper(Path(path)) for path in paths]


def read_paper(path: Path) -> Paper:
    """A file of claims; a DeclarationError names it, the claim, and the mistake."""
    file = components.read_yaml(path)
    try:
        schemas.check(file, _schema())
    except schemas.ConfigError as error:
        line = _name_claim(str(error), file)
        raise components.DeclarationError(f"{path}: {line}") from None
    named = {
        norm
        for claim in file["claims"]
        for norm in [*claim["subjects"], claim.get("reference")]
    }
    claims = [_claim(keys, frozenset(named)) for keys in file["claims"]]
    for claim in claims:
        # Also in a copy that was cut short.
        if claim.quantity not in QUANTITIES:
            line = schemas.unknown_value(claim.quantity, list(QUANTITIES))
            raise components.DeclarationError(
                f"{path}: claim {claim.id}: quantity: {line}"
            )
    return Paper(file["source"], file["topics"], tuple(claims))


def _claim(keys, named) -> Claim:
    keys = keys | keys["claimed"] | {"named": named}
    keys |= {key: tuple(keys.get(key, ())) for key in ("subjects", "trained")}
    del keys["claimed"]
    return Claim(**keys)


@functools.cache
def _schema() -> dict:
    return components.read_yaml(components.SCHEMA.with_name("claims.schema.yaml"))


def _name_claim(line, file) -> str:
    """A line that names a claim by its id instead of its number, where it has one."""
    if number := re.match(r"claims\[(\d+)\]\.?", line):
        claim = file["claims"][int(number[1])]
        if isinstance(claim, dict) and "id" in claim:
            return f"claim {claim['id']}: {line[number.end() :]}"
    return line.removeprefix("the file: ")
