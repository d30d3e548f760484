"""What claims can be about: the quantities that training and probes declare."""

import functools
from pathlib import Path

from normscape import parts

_OF_TRAINING = Path(__file__).with_name("quantities.yaml")


@functools.cache
def quantities() -> dict[str, dict]:
    """Each quantity's declaration (``parts.schema.yaml``), by name.

    A DeclarationError names one that is declared twice.
    """
    found = dict(parts.read_yaml(_OF_TRAINING))
    for probe in parts.names("probes"):
        for name, quantity in (
            parts.declaration("probes", probe).get("quantities", {}).items()
        ):
            if name in found:
                raise parts.DeclarationError(
                    f"probes/{probe}.yaml: quantities.{name}: there is one already"
                )
            found[name] = quantity
    return found


def explored(tables: set[str]) -> dict[str, dict]:
    """Quantities whose curves a page offers, of those that these tables hold."""
    return {
        name: quantity
        for name, quantity in quantities().items()
        if quantity.get("explored", True)
        and "value" in quantity
        and tables.issuperset(quantity["tables"])
    }


def read(paths) -> dict:
    """``topics`` and ``claims`` of claims files, joined; each claim knows its own file's

    normalisers as ``named``: those that its claims are about or compare with.
    """
    topics, claims = {}, []
    for path in paths:
        file = parts.read_yaml(Path(path))
        named = {
            norm
            for claim in file["claims"]
            for norm in [*claim["subjects"], claim.get("reference")]
        }
        topics |= file["topics"]
        claims += [claim | {"named": named} for claim in file["claims"]]
    return {"topics": topics, "claims": claims}
