"""Claims, checked before any job: what each names must be there."""

import math
import string
from pathlib import Path

from normscape import parts
from normscape.claims import declarations
from normscape.pipeline import paths
from normscape.schemas import ConfigError, choices, nearest, unknown_value


def check_all() -> None:
    """Check every file of claims; a DeclarationError names file, claim and mistake."""
    ids: dict[str, Path] = {}
    topics: dict[str, Path] = {}
    for path in paths.claims():
        file = declarations.read_file(path)
        try:
            for topic in file["topics"]:
                if topic in topics:
                    raise ConfigError(
                        f"topics.{topic}: already defined in {topics[topic]}"
                    )
                topics[topic] = path
            _check_answers(file)
            for claim in file["claims"]:
                _check(claim, file)
                if claim["id"] in ids:
                    _refuse(claim, f"id: already defined in {ids[claim['id']]}")
                ids[claim["id"]] = path
        except ConfigError as error:
            raise parts.DeclarationError(f"{path}: {error}") from None


def _check_answers(file):
    known = [claim["id"] for claim in file["claims"]]
    for topic, told in file.get("answers", {}).items():
        key = f"answers.{topic}"
        if topic not in file["topics"]:
            topics = list(file["topics"])
            raise ConfigError(
                f"{key}: unknown topic; {choices(topics)}{nearest(topic, topics)}"
            )
        for number, part in enumerate(told):
            if part["claim"] not in known:
                raise ConfigError(
                    f"{key}[{number}].claim: {unknown_value(part['claim'], known)}"
                )
            for name in ("by_step", "at_equal_loss"):
                for verdict, text in part.get(name, {}).items():
                    _check_fields(f"{key}[{number}].{name}.{verdict}", text, "effect")


def _check_fields(key, text, known):
    """Refuse a text with another placeholder than ``{known}``."""
    try:
        fields = {
            name
            + ("!" + conversion if conversion else "")
            + (":" + spec if spec else "")
            for _, name, spec, conversion in string.Formatter().parse(text)
            if name is not None
        }
    except ValueError as error:
        raise ConfigError(f"{key}: {error}") from None
    if unknown := sorted(fields - {known}):
        raise ConfigError(f"{key}: expected {{{known}}}, got {{{unknown[0]}}}")


def _check(claim, file):
    norms = parts.names("norms")
    quantities = declarations.quantities()
    asked = [
        ("topic", [claim["topic"]], list(file["topics"])),
        ("figure", [claim["figure"]], paths.figures()),
        ("model", [claim["model"]], parts.names("models")),
        ("quantity", [claim["quantity"]], list(quantities)),
        ("subjects", claim["subjects"], norms),
        ("trained", claim.get("trained", []), [*norms, "subject"]),
        ("reference", [claim.get("reference", norms[0])], norms),
    ]
    for key, found, known in asked:
        for name in found:
            if name not in known:
                _refuse(claim, f"{key}: {unknown_value(name, known)}")
    if claim["comparison"] == "value" and "reference" in claim:
        _refuse(claim, "reference: given, but comparison: value compares with nothing")
    if claim["comparison"] != "value" and "reference" not in claim:
        _refuse(
            claim, f"reference: missing; comparison: {claim['comparison']} needs one"
        )
    if claim.get("reference") in claim["subjects"]:
        _refuse(claim, f"reference: expected no subject, got {claim['reference']!r}")
    if "lr" in claim and claim.get("best_lr"):
        _refuse(claim, "lr: given, but best_lr takes each normaliser's own")
    if claim["claimed"].get("above", -math.inf) >= claim["claimed"].get(
        "below", math.inf
    ):
        _refuse(claim, "claimed: above is not less than below, so nothing lies between")
    _check_fields(f"claim {claim['id']}: statement", claim["statement"], "subject")


def _refuse(claim, line):
    raise ConfigError(f"claim {claim['id']}: {line}")
