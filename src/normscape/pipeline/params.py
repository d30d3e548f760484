"""Params of rules: settings as JSON arguments, and code digests by wildcard."""

import functools
import hashlib
import json
import os
from pathlib import Path

from normscape import folders, parts
from normscape.pipeline import code, grid, paths


def as_json(settings: dict) -> str:
    """Settings as one argument of a command; their order in the config counts nothing."""
    return json.dumps(settings, sort_keys=True)


def in_order(settings: dict) -> str:
    """As ``as_json``, where the order of models and norms is that of figures."""
    return json.dumps(settings)


def training_code(config: dict, model: str):
    """Params function: the code of a training of this model."""
    architecture, optimiser = _parts_of(config, model)
    return lambda wildcards: code.training_digests(
        architecture, wildcards.norm, optimiser
    )


def probe_code(config: dict, probe: str):
    """Params function: the code of this probe of a cell."""

    def of_cell(wildcards):
        architecture, optimiser = _parts_of(config, wildcards.model)
        return code.probe_digests(probe, architecture, wildcards.norm, optimiser)

    return of_cell


def _parts_of(config, model):
    settings = config["models"][model]
    return settings["architecture"], settings["optimiser"]["name"]


def theory_code(config: dict, models: list[str]) -> list[str]:
    """The code that checks the theorems on trainings of these models with "batch"."""
    files = ["normscape/norms/batch.py"]
    for model in models:
        architecture, optimiser = _parts_of(config, model)
        files.append(f"normscape/models/{architecture}.py")
        files.append(f"normscape/optimisers/{optimiser}.py")
    return code.digests("theory.py", *files)


def dataset_settings(config: dict, dataset: str):
    """Params function: the settings of a data set, with the seed where it counts."""
    settings = paths.dataset_settings(config, dataset)
    by_seed = parts.declaration("datasets", dataset)["drawn_by_seed"]
    return lambda wildcards: as_json(
        settings | ({"seed": int(wildcards.seed)} if by_seed else {})
    )


def data_digests(config: dict, dataset: str):
    """Params function: the digests of the files and folders that a data set reads, as lines.

    Params, since of a folder Snakemake looks at its own time, and of a file whether it is
    newer than the output. A download has its checksum in the settings.
    """

    def of_dataset(wildcards):
        files = paths.dataset_files(config, dataset)
        read = [Path(file) for file in files if file != paths.downloads().get(dataset)]
        read += paths.dataset_folders(config, dataset)
        return [f"{path} {_digest(path)}" for path in read]

    return of_dataset


# Snakemake asks for params more than once.
@functools.cache
def _digest(path: Path) -> str:
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    cache = Path(".snakemake/normscape", f"{name}.json")
    # Where the pipeline writes is no input, also where the folder holds it.
    made = (Path("results"), Path("downloads"))
    return folders.digest(path, cache, leave=made)


def norm_settings(config: dict):
    """Params function: the settings of the cell's normaliser, as JSON."""
    return lambda wildcards: as_json(config["norm_settings"][wildcards.norm])


def probe_settings(config: dict, probe: str):
    """Params function: the settings of a probe of the cell, as JSON."""

    def of_cell(wildcards):
        cell = grid.Cell(
            wildcards.model, wildcards.norm, wildcards.lr, int(wildcards.seed)
        )
        return as_json(grid.probe_settings(config, probe, cell))

    return of_cell


def norm_labels() -> dict[str, str]:
    """The labels of all normalisers, which stand in statements."""
    names = parts.names("norms")
    return {n: parts.declaration("norms", n).get("label", n) for n in names}


def probe_columns(probe: str) -> str:
    """The tables of a probe and their columns, as JSON: its output depends on them."""
    tables = parts.declaration("probes", probe)["tables"]
    return in_order({table: list(columns) for table, columns in tables.items()})
