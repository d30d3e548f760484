"""The runs of several experiments with the same settings, as tables of one."""

import json
from pathlib import Path

import pandas as pd

from normscape.pipeline import evaluated_claims
from normscape.tables import CELL, frames

# What may differ between experiments whose runs are pooled, wherever it stands in the config.
_MAY_DIFFER = {"name", "seeds", "source"}


def check_settings(folders: list[Path]) -> None:
    """Raise ValueError unless the experiments differ in names, seeds and places of data only."""
    first, *others = folders
    expected = _settings(first)
    for folder in others:
        actual = _settings(folder)
        for key in sorted(expected.keys() | actual.keys()):
            if expected.get(key) != actual.get(key):
                raise ValueError(
                    f"{folder}/config.json: {key}: expected {expected.get(key)!r}, as in "
                    f"{first}, got {actual.get(key)!r}; pool runs with the same settings"
                )


def _settings(folder):
    """Each setting by its path in the config, such as models.vgg.steps."""
    return dict(_flat(read_config(folder)))


def _flat(value, path=""):
    """
    >>> dict(_flat({"name": "a", "grid": [{"seeds": [0], "lr": 1}]}))
    {'grid.0.lr': 1}
    """
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, entry in items:
            if key not in _MAY_DIFFER:
                yield from _flat(entry, f"{path}.{key}" if path else str(key))
    else:
        yield path, value


def read_tables(folder: Path) -> frames.Tables:
    """The tables that claims are judged from, of a finished experiment."""
    config = read_config(folder)
    files = [Path(path).name for path in evaluated_claims.claim_tables(config)]
    files += ["outcomes.csv", "constant_losses.csv"]
    return frames.read(folder / "tables" / file for file in dict.fromkeys(files))


def read_config(folder: Path) -> dict:
    path = folder / "config.json"
    if not path.is_file():
        raise ValueError(
            f"{path}: expected the config of a finished experiment, got none; name folders "
            "such as results/digits"
        )
    return json.loads(path.read_text(encoding="utf-8"))


def check_runs(folders: list[Path], experiments: list[frames.Tables]) -> None:
    """Raise ValueError if a run is there twice, with the same losses: a copy is no evidence."""
    seen: dict[tuple, Path] = {}
    for folder, tables in zip(folders, experiments, strict=True):
        for cell, rows in tables["history"].groupby(CELL):
            run = (*cell, tuple(rows.loss))
            if run in seen:
                name = "/".join(map(str, cell))
                raise ValueError(
                    f"{folder}/tables/history.csv: expected other runs than those of "
                    f"{seen[run]}, got {name} again; leave one of the folders out"
                )
            seen[run] = folder


def number_seeds(experiments: list[frames.Tables]) -> list[dict[int, int]]:
    """New numbers of each experiment's seeds, so that none occurs twice.

    >>> tables = {"runs": pd.DataFrame({"seed": [4, 5]})}
    >>> number_seeds([tables, tables])
    [{4: 4, 5: 5}, {4: 6, 5: 7}]
    """
    used: set[int] = set()
    numbers = []
    for tables in experiments:
        columns = (table.seed for table in tables.values() if "seed" in table)
        new = {int(seed): int(seed) for column in columns for seed in column}
        for seed in sorted(used & new.keys()):
            new[seed] = max(used.union(new, new.values())) + 1
        used.update(new.values())
        numbers.append(dict(sorted(new.items())))
    return numbers


def pool(
    experiments: list[frames.Tables], numbers: list[dict[int, int]]
) -> frames.Tables:
    """Each table with the rows of all experiments.

    Raises ValueError if constant outputs have another loss, which shows that data differ.
    """
    names = dict.fromkeys(name for tables in experiments for name in tables)
    pooled = {}
    for name in names:
        parts = [
            tables[name].assign(seed=tables[name].seed.map(new))
            if "seed" in tables[name]
            else tables[name]
            for tables, new in zip(experiments, numbers, strict=True)
            if name in tables
        ]
        pooled[name] = pd.concat(parts, ignore_index=True).drop_duplicates()
    losses = pooled["constant_losses"]
    if losses.model.duplicated().any():
        raise ValueError(
            "constant_losses.csv: expected the same loss of constant outputs in all "
            f"experiments, got {losses.loss.tolist()}; pool runs on the same data"
        )
    return pooled
