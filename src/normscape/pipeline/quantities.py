"""Which quantities an experiment's claims and its page need, and so which tables."""

from pathlib import Path

from normscape import parts
from normscape.claims import declarations
from normscape.pipeline import grid, paths


def claimed(config: dict) -> dict[str, dict]:
    """Declarations of the quantities that claims are judged by."""
    names = {c["quantity"] for c in declarations.read(paths.claims())["claims"]}
    names |= of_chance(config).keys()
    return {n: q for n, q in declarations.quantities().items() if n in names}


def of_chance(config: dict) -> dict[str, dict]:
    """Declarations of the quantities that say whether a run has learnt anything."""
    architectures = {
        config["models"][model]["architecture"] for model in grid.models(config)
    }
    limits = [parts.declaration("models", a)["left_chance"] for a in architectures]
    names = {limit["quantity"] for limit in limits}
    return {n: q for n, q in declarations.quantities().items() if n in names}


def explored(config: dict) -> dict[str, dict]:
    """Declarations of the quantities that the page's explorer offers."""
    return declarations.explored({Path(path).stem for path in paths.tables(config)})


def tables(config: dict, quantities: dict[str, dict]) -> list[str]:
    """The experiment's tables that quantities need, each once.

    ``history`` comes first: it says how far a run is. A quantity of a probe that the
    experiment does not have finds no table, and so no runs.
    """
    names = ["history"]
    names += [table for quantity in quantities.values() for table in quantity["tables"]]
    needed = dict.fromkeys(paths.table(config, name) for name in names)
    here = set(paths.tables(config))
    return [table for table in needed if table in here]
