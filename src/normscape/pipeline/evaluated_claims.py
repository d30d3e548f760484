"""Claims, checked before any job, and the tables that verdicts and the page need."""

from pathlib import Path

from normscape import components, parametrisations
from normscape.claims import claim as claims_files
from normscape.claims.cases import SAME_FUNCTION_TABLES, is_at_same_function
from normscape.claims.claim import Claim, Paper
from normscape.claims.quantities import QUANTITIES, Quantity
from normscape.pipeline import catalogue, paths
from normscape.schemas import ConfigError, unknown_value


def check_claims() -> None:
    """Check all files of claims, and the tables of quantities.

    A DeclarationError names the file, the claim or quantity, and the mistake.
    """
    _check_quantities()
    ids: dict[str, Path] = {}
    topics: dict[str, Path] = {}
    for path in paths.claims():
        paper = claims_files.read_paper(path)
        try:
            for topic in paper.topics:
                _check_unique(f"topics.{topic}", topic, topics)
                topics[topic] = path
            for claim in paper.claims:
                _check_claim(claim, paper)
                _check_unique(f"claim {claim.id}: id", claim.id, ids)
                ids[claim.id] = path
        except ConfigError as error:
            raise components.DeclarationError(f"{path}: {error}") from None


def _check_quantities():
    known = [*catalogue.collected_tables(), *catalogue.summaries(), "outcomes"]
    for quantity in QUANTITIES.values():
        for table in quantity.tables:
            if table not in known:
                key = f"claims/quantities.py: {quantity.name}: tables"
                raise components.DeclarationError(
                    f"{key}: {unknown_value(table, known)}"
                )


def _check_unique(key, name, defined):
    if name in defined:
        raise ConfigError(f"{key}: already defined in {defined[name]}; rename one")


def _check_claim(claim: Claim, paper: Paper):
    norms = components.names("norms")
    compared = norms
    if is_at_same_function(claim):
        compared = list(parametrisations.LABELS)
        _check_quantity_at_place(claim)
    places = [claim.place] if claim.place else []
    references = [claim.reference] if claim.reference else []
    for key, names, known in (
        ("topic", [claim.topic], list(paper.topics)),
        ("figure", [claim.figure], catalogue.figures()),
        ("model", [claim.model], components.names("models")),
        ("place", places, norms),
        ("subjects", claim.subjects, compared),
        ("trained", claim.trained, [*norms, "subject"]),
        ("reference", references, compared),
    ):
        for name in names:
            if name not in known:
                _refuse(claim, f"{key}: {unknown_value(name, known)}")
    if is_at_same_function(claim) and claim.applies_to == "all":
        _refuse(claim, "applies_to: expected subjects with a place; remove it")
    if claim.scale == "value" and claim.reference:
        _refuse(claim, "reference: expected none with scale: value; remove it")
    if claim.scale != "value" and not claim.reference:
        _refuse(claim, f"reference: missing; scale: {claim.scale} needs one")
    if claim.reference in claim.subjects:
        _refuse(claim, f"reference: expected no subject, got {claim.reference!r}")
    if claim.lr and claim.best_lr:
        _refuse(claim, "lr: expected none with best_lr: true; remove one of them")
    if claim.above >= claim.below:
        _refuse(
            claim,
            f"claimed: expected above < below, got {claim.above:g} and {claim.below:g}",
        )
    try:
        claim.statement.format(subject="")
    except (AttributeError, IndexError, KeyError, ValueError):
        line = f"expected no placeholder but {{subject}}, got {claim.statement!r}"
        _refuse(claim, f"statement: {line}")


def _check_quantity_at_place(claim):
    for table in QUANTITIES[claim.quantity].tables:
        if table not in SAME_FUNCTION_TABLES:
            _refuse(
                claim,
                f"place: expected none, because {table} is not measured at the same function; "
                "remove it",
            )


def _refuse(claim, line):
    raise ConfigError(f"claim {claim.id}: {line}")


def claim_tables(config: dict) -> list[str]:
    """The tables that claims, and comparisons with the paper's curves, are about."""
    papers = claims_files.read_papers(paths.claims())
    claims = [claim for paper in papers for claim in paper.claims]
    names = {claim.quantity for claim in claims}
    names |= {quantity.name for quantity in QUANTITIES.values() if quantity.listed}
    at_places = {
        SAME_FUNCTION_TABLES[table]
        for claim in claims
        if is_at_same_function(claim)
        for table in QUANTITIES[claim.quantity].tables
    }
    quantities = [QUANTITIES[name] for name in sorted(names)]
    return _tables_of(config, quantities, sorted(at_places))


def explorer_tables(config: dict) -> list[str]:
    """The tables of the quantities whose curves the page's explorer offers."""
    return _tables_of(config, [q for q in QUANTITIES.values() if q.explored])


def _tables_of(config, quantities: list[Quantity], others=()) -> list[str]:
    """The experiment's tables that quantities need and the others named, each once.

    ``history`` is always among them: it says which runs are finished. A quantity of a probe
    that the experiment does not have has no table, and so no runs.
    """
    names = ["history", *(table for q in quantities for table in q.tables), *others]
    needed = dict.fromkeys(paths.table(config, name) for name in names)
    measured = {*paths.tables(config), paths.outcomes(config)}
    return [table for table in needed if table in measured]
