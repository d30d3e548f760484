"""Since when claims have had their present form, by the commits of their files.

A claim that was written after the runs that it is evaluated on is not a prediction.
"""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import yaml

from normscape.archive import provenance

FOLDER = "workflow/claims"
# What decides a verdict or its correction; the claim's words do not.
_DECISIVE = (
    *("model", "place", "lr", "best_lr", "quantity", "subjects", "applies_to"),
    *("reference", "scale", "claimed", "trained", "ranks", "topic", "primary"),
)


def declared_since(files: Iterable[str | Path]) -> dict[str, datetime | None]:
    """By claim, of these files, the time of the commit that gave it its present form.

    None for a claim that is not committed so, or where the project has no commit.
    """
    texts = (Path(file).read_text(encoding="utf-8-sig") for file in files)
    present = _claims(texts)
    since: dict[str, datetime | None] = dict.fromkeys(present)
    unchanged = set(present)
    for committed, version in provenance.versions(FOLDER):
        earlier = _claims(version.values())
        unchanged = {id for id in unchanged if earlier.get(id) == present[id]}
        if not unchanged:
            break
        since |= dict.fromkeys(unchanged, committed)
    return since


def _claims(texts: Iterable[str]) -> dict[str, dict]:
    """What decides the verdicts on the claims of some files, by id; of files that can be read."""
    decisive = {}
    for text in texts:
        try:
            claims = yaml.load(text, yaml.CSafeLoader)["claims"]
            decisive |= {c["id"]: {k: c.get(k) for k in _DECISIVE} for c in claims}
        except (yaml.YAMLError, KeyError, TypeError):
            continue  # an early version, or no file of claims
    return decisive
