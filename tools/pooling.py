"""The runs of several experiments with the same settings, as tables of one."""

import json
import re
from pathlib import Path

import pandas as pd

from normscape.pipeline import evaluated_claims, grid
from normscape.tables import CELL, frames

# Settings that may differ between experiments whose runs are pooled.
_MAY_DIFFER = re.compile(r"name|(models|probes)\..*\.seeds\.\d+|datasets\.\w+\.source")


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
    settings = _flat(read_json(folder / "config.json"))
    return {key: value for key, value in settings if not _MAY_DIFFER.fullmatch(key)}


def _flat(value, path=""):
    """
    >>> dict(_flat({"name": "a", "grid": [{"lr": 1}]}))
    {'name': 'a', 'grid.0.lr': 1}
    """
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, entry in items:
            yield from _flat(entry, f"{path}.{key}" if path else str(key))
    else:
        yield path, value


def read_json(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{path}: expected a file of a finished experiment, got {error}; name folders "
            "such as results/digits"
        ) from None


def read_tables(folder: Path) -> frames.Tables:
    """The tables that claims are judged from; ValueError unless every run is there."""
    config = read_json(folder / "config.json")
    files = [Path(path).name for path in evaluated_claims.claim_tables(config)]
    files += ["outcomes.csv", "constant_losses.csv"]
    paths = [folder / "tables" / file for file in dict.fromkeys(files)]
    for path in (*paths, folder / "tables/paper_curves.csv"):
        if not path.is_file():
            raise ValueError(
                f"{path}: expected a table, got none; finish the experiment"
            )
    tables = frames.read(paths)
    runs = tables["history"][CELL].drop_duplicates().itertuples(index=False)
    present = {(m, n, grid.lr_text(float(lr)), int(seed)) for m, n, lr, seed in runs}
    if missing := [cell for cell in grid.cells(config) if tuple(cell) not in present]:
        raise ValueError(
            f"{folder}/tables/history.csv: expected all runs of the config, got none of "
            f"{'/'.join(map(str, missing[0]))}; finish the experiment"
        )
    return tables


def claims(folder: Path) -> list[Path]:
    """The claims files of an experiment."""
    files = sorted(folder.glob("claims/*.yaml"))
    if not files:
        raise ValueError(f"{folder}/claims: expected claims (YAML), got none")
    return files


def models_with_own_data(folder: Path) -> set[str]:
    """The models whose runs draw data by their seed."""
    models = read_json(folder / "experiment.json")["models"]
    return {model["name"] for model in models if model["data_by_seed"]}


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
    experiments: list[frames.Tables],
    numbers: list[dict[int, int]],
    own_data: set[str],
) -> frames.Tables:
    """Each table with the rows of all experiments.

    own_data : models whose runs draw data by their seed. Their loss of constant outputs is
        that of the first experiment. Raises ValueError if another model's differs, because
        then the data differ.
    """
    pooled = {}
    for name in experiments[0]:
        parts = [
            tables[name].assign(seed=tables[name].seed.map(new))
            if "seed" in tables[name]
            else tables[name]
            for tables, new in zip(experiments, numbers, strict=True)
        ]
        pooled[name] = pd.concat(parts, ignore_index=True).drop_duplicates()
    losses = pooled["constant_losses"]
    again = losses.model.duplicated()
    if others := sorted(set(losses.model[again]) - own_data):
        raise ValueError(
            f"constant_losses.csv: {others[0]}: expected the same loss of constant outputs in "
            "all experiments, got several; pool runs on the same data"
        )
    pooled["constant_losses"] = losses[~again]
    return pooled
