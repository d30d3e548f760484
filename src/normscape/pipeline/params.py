"""Params of rules: settings as JSON arguments, and code digests by wildcard."""

import functools
import hashlib
import json
import os
from pathlib import Path

from normscape import code, components, folders
from normscape.pipeline import grid, paths


def as_json(settings: dict) -> str:
    """Settings as one argument of a command; the order of keys does not count."""
    return json.dumps(settings, sort_keys=True)


def in_order(settings: dict) -> str:
    """As ``as_json``, but in the config's order, which is the order in figures."""
    return json.dumps(settings)


def training_code(config: dict, model: str):
    """Params function: the code digests of a training of this model."""
    architecture, optimiser = _architecture_and_optimiser(config, model)
    start = config["models"][model].get("start", {}).get("norm")

    def digests(wildcards):
        return code.training_digests(architecture, wildcards.norm, optimiser, start)

    return digests


def probe_code(config: dict, probe: str):
    """Params function: the code digests of this probe."""

    def digests(wildcards):
        architecture, optimiser = _architecture_and_optimiser(config, wildcards.model)
        return code.probe_digests(probe, architecture, wildcards.norm, optimiser)

    return digests


def _architecture_and_optimiser(config, model):
    settings = config["models"][model]
    return settings["architecture"], settings["optimiser"]["name"]


def theory_code(config: dict, models: list[str]) -> list[str]:
    """The code that checks the theorems on trainings of these models with "batch"."""
    files = ["normscape/norms/batch.py"]
    for model in models:
        architecture, optimiser = _architecture_and_optimiser(config, model)
        files.append(f"normscape/models/{architecture}.py")
        files += code.optimiser_files(optimiser)
    return code.digests("theory.py", *files)


def constant_loss_models(config: dict) -> str:
    """The models that start from their initialisation, as JSON for constant_losses.py."""
    keys = "architecture", "network", "optimiser"
    models = {
        name: {key: config["models"][name][key] for key in keys}
        for name in _initialised_models(config)
    }
    return in_order(models)


def constant_loss_data(config: dict) -> list[str]:
    """The data of these models; where they are drawn by seed, those of the first seed."""
    seeds = {cell.model: cell.seed for cell in reversed(grid.cells(config))}
    return [
        paths.data_file(config, name).format(seed=seeds[name])
        for name in _initialised_models(config)
    ]


def constant_loss_code(config: dict) -> list[str]:
    names = {config["models"][m]["architecture"] for m in _initialised_models(config)}
    files = [f"normscape/models/{name}.py" for name in sorted(names)]
    return code.digests("constant_losses.py", "normscape/norms/none.py", *files)


def _initialised_models(config):
    return [m for m in grid.models(config) if "start" not in config["models"][m]]


def dataset_settings(config: dict, dataset: str):
    """Params function: the settings of a data set, with the seed if it is drawn by seed."""
    settings = paths.dataset_settings(config, dataset)
    by_seed = components.declaration("datasets", dataset)["drawn_by_seed"]

    def settings_of_seed(wildcards):
        return as_json(settings | ({"seed": int(wildcards.seed)} if by_seed else {}))

    return settings_of_seed


def data_digests(config: dict, dataset: str):
    """Params function: the digests of the files and folders that a data set reads, as lines.

    As inputs they would be compared by time, and a folder by its own time only. A download
    has its checksum in the settings.
    """

    def digest_lines(wildcards):
        files = paths.dataset_files(config, dataset)
        sources = [Path(f) for f in files if f != paths.downloads().get(dataset)]
        sources += paths.dataset_folders(config, dataset)
        return [f"{path} {_digest(path)}" for path in sources]

    return digest_lines


# Snakemake evaluates params more than once.
@functools.cache
def _digest(path: Path) -> str:
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    cache = Path(".snakemake/normscape", f"{name}.json")
    # The pipeline's own outputs are no input, even inside a folder that is read.
    outputs = (Path("results"), Path("downloads"))
    return folders.digest(path, cache, leave=outputs)


def norm_settings(config: dict):
    """Params function: the settings of the run's normaliser, as JSON."""

    def settings(wildcards):
        return as_json(config["norm_settings"][wildcards.norm])

    return settings


def probe_settings(config: dict, probe: str):
    """Params function: the settings of a probe for the run, as JSON."""

    def settings(wildcards):
        cell = grid.Cell(
            wildcards.model, wildcards.norm, wildcards.lr, int(wildcards.seed)
        )
        return as_json(grid.probe_settings(config, probe, cell))

    return settings


def norm_labels() -> dict[str, str]:
    """The labels of all normalisers, which the statements of claims contain."""
    names = components.names("norms")
    return {n: components.declaration("norms", n)["label"] for n in names}


def probe_columns(probe: str) -> str:
    """The columns of each table of a probe, as JSON."""
    tables = components.declaration("probes", probe)["tables"]
    return in_order({table: list(columns) for table, columns in tables.items()})
