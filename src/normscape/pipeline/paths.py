"""Paths of all files, and the files that each rule reads. Patterns keep wildcards in braces."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from normscape import components
from normscape.code import SRC
from normscape.pipeline import catalogue, grid
from normscape.pipeline.grid import Cell

PAPER_CURVES = SRC.parent / "workflow/resources/paper_curves.csv"
CLAIMS = SRC.parent / "workflow/claims"

RUN_PATTERN = "{norm}/lr{lr}/seed{seed}"
CELL_PATTERN = "{model}/" + RUN_PATTERN
STEP_PATTERN = CELL_PATTERN + "/step{step}"

# Tables that every run writes, and tables that neither a probe nor a summary makes.
CONSTANT_LOSSES = "constant_losses"
OTHER_TABLES = ["theory_instances", "verdicts", CONSTANT_LOSSES, PAPER_CURVES.stem]


def root(config: dict) -> str:
    return f"results/{config['name']}"


def settings_file(config: dict, name: str) -> str:
    """The config, or the description of the experiment, as JSON that scripts read."""
    return f"{root(config)}/{name}.json"


def claims() -> list[Path]:
    """The files of claims, without leftovers such as "mine (1).yaml"."""
    named = re.compile(r"\w[\w-]*\.ya?ml")
    return sorted(p for p in CLAIMS.iterdir() if named.fullmatch(p.name))


def claims_copies(config: dict) -> list[str]:
    """The copies of the claims files among the results."""
    return [f"{root(config)}/claims/{path.name}" for path in claims()]


# Data


def dataset_name(dataset: str) -> str:
    """A data set's name in paths, with the wildcard seed where it is drawn by seed."""
    by_seed = components.declaration("datasets", dataset)["drawn_by_seed"]
    return f"{dataset}-seed{{seed}}" if by_seed else dataset


def dataset_file(config: dict, dataset: str) -> str:
    """A data set as tensors."""
    return f"{root(config)}/data/{dataset_name(dataset)}.safetensors"


def data_file(config: dict, model: str) -> str:
    """The data that a model learns, with the wildcard seed where they depend on it."""
    return dataset_file(config, config["models"][model]["dataset"])


def downloads() -> dict[str, str]:
    """The file in downloads/ of each data set that is downloaded."""
    return {
        name: f"downloads/{declared['download']['file']}"
        for name in components.names("datasets")
        if "download" in (declared := components.declaration("datasets", name))
    }


def expanded(source: str) -> str:
    """A path with ~ and $NAME replaced, unless a file or folder has this very name."""
    # The methods of Path raise for names that are too long and for unknown users.
    if os.path.exists(source):  # noqa: PTH110
        return source
    return os.path.expandvars(os.path.expanduser(source))  # noqa: PTH111


def dataset_settings(config: dict, dataset: str) -> dict:
    """The settings of a data set that prepare.py reads."""
    settings = config["datasets"][dataset]
    if dataset not in downloads():
        return settings
    source = settings["source"]
    source = expanded(source) if source else downloads()[dataset]
    return {k: v for k, v in settings.items() if k != "url"} | {"source": source}


def dataset_files(config: dict, dataset: str) -> list[str]:
    """The files that a data set's settings name."""
    download = downloads().get(dataset)
    texts = map(expanded, _strings(dataset_settings(config, dataset)))
    return [p for p in texts if os.path.isfile(p) or p == download]  # noqa: PTH113


def dataset_folders(config: dict, dataset: str) -> list[Path]:
    """The folders that a data set's settings name, or the subfolders that it reads."""
    declared = components.declaration("datasets", dataset)
    choices = declared.get("download", {}).get("folder_holds", [[""]])
    existing = []
    for text in map(expanded, _strings(dataset_settings(config, dataset))):
        # A string such as "/" is no folder of data.
        if not os.path.isdir(text) or Path(text).resolve() == Path("/"):  # noqa: PTH112
            continue
        for choice in choices:
            paths = [Path(text, name) for name in choice]
            if all(path.exists() for path in paths):
                existing += dict.fromkeys(p if p.is_dir() else p.parent for p in paths)
                break
    return existing


def _strings(settings) -> Iterator[str]:
    """All strings in settings, at any depth."""
    if isinstance(settings, str):
        yield settings
    elif isinstance(settings, dict | list):
        values = settings.values() if isinstance(settings, dict) else settings
        for value in values:
            yield from _strings(value)


# Training


def train_folder(config: dict, model: str = "{model}") -> str:
    return f"{root(config)}/train/{model}/{RUN_PATTERN}"


def train_file(config: dict, name: str, model: str = "{model}") -> str:
    return f"{train_folder(config, model)}/{name}"


def checkpoint_files(config: dict, model: str) -> dict[str, str]:
    """The checkpoints of a run, by output name."""
    steps = config["models"][model]["checkpoints"]
    return {
        f"step{step}": train_file(config, f"step{step}.safetensors", model)
        for step in steps
    }


def start_file(config: dict, model: str) -> list[str]:
    """The checkpoint at which runs of a model start, with the wildcard seed; or none."""
    start = config["models"][model].get("start")
    if not start:
        return []
    folder = train_folder(config, start["model"])
    run = {"norm": start["norm"], "lr": grid.lr_text(start["lr"]), "seed": "{seed}"}
    return [f"{folder}/step{start['step']}.safetensors".format(**run)]


def manifests(config: dict) -> list[str]:
    """The manifest of each run."""
    pattern = train_file(config, "run.json")
    return [pattern.format(**cell._asdict()) for cell in grid.cells(config)]


def theory_runs(config: dict) -> dict[str, tuple[str, str, str]]:
    """For each model with "batch", a run's first and last checkpoint, and its data."""
    runs = {}
    for cell in grid.cells(config):
        steps = config["models"][cell.model]["checkpoints"]
        continues = "start" in config["models"][cell.model]
        if cell.norm == "batch" and not continues and cell.model not in runs:
            pattern = train_file(config, "step{step}.safetensors")
            ends = [
                pattern.format(step=step, **cell._asdict())
                for step in (min(steps), max(steps))
            ]
            data = data_file(config, cell.model).format(seed=cell.seed)
            runs[cell.model] = (*ends, data)
    return runs


# Tables


def probe_folder(config: dict, table: str = "{table}") -> str:
    return f"{root(config)}/probes/{table}/{CELL_PATTERN}"


def probe_files(config: dict, probe: str) -> dict[str, str]:
    """The tables that a probe writes for a checkpoint, by name."""
    return {
        table: f"{probe_folder(config, table)}/step{{step}}.csv"
        for table in components.declaration("probes", probe)["tables"]
    }


def run_probe_tables(config: dict, wildcards) -> list[str]:
    """One table per step at which the probe of ``wildcards.table`` measures a run."""
    cell = Cell(wildcards.model, wildcards.norm, wildcards.lr, int(wildcards.seed))
    folder = probe_folder(config).format(table=wildcards.table, **cell._asdict())
    steps = grid.probed_steps(config, components.probe_of(wildcards.table), cell)
    return [f"{folder}/step{step}.csv" for step in steps]


def run_tables(config: dict, wildcards) -> list[str]:
    """One table per run that ``wildcards.table`` covers."""
    cells = grid.cells(config)
    if probe := components.probe_of(wildcards.table):
        pattern = probe_folder(config, wildcards.table) + ".csv"
        cells = [cell for cell in cells if grid.probed_steps(config, probe, cell)]
    else:
        pattern = train_file(config, f"{wildcards.table}.csv")
    return [pattern.format(**cell._asdict()) for cell in cells]


def summary_sources(config: dict, summary: str) -> list[str]:
    return [table(config, name) for name in catalogue.summary_tables(summary)]


def tables(config: dict) -> list[str]:
    """Every table of the experiment."""
    measured = {
        table
        for probe in config["probes"]
        for table in components.declaration("probes", probe)["tables"]
    }
    names = [
        *catalogue.TABLES_OF_TRAINING,
        *(t for t in catalogue.collected_tables() if t in measured),
    ]
    summaries = catalogue.summaries()
    names += [s for s in summaries if set(catalogue.summary_tables(s)) <= set(names)]
    return [table(config, name) for name in names]


def probe_behind(table: str) -> str | None:
    """The probe that a table comes from, by way of a summary or not; None for training."""
    sources = [table]
    if table in catalogue.summaries():
        sources = catalogue.summary_tables(table)
    return next(filter(None, map(components.probe_of, sources)), None)


def table(config: dict, name: str) -> str:
    """A table of all runs; the verdicts on them; or the paper's curves, for comparison."""
    if name == "verdicts":
        return f"{root(config)}/verdicts.csv"
    return f"{root(config)}/tables/{name}.csv"


# Figures and pages


def drawn(config: dict) -> list[str]:
    """The figures of an experiment: those that have the first of their tables."""
    available = {Path(path).stem for path in tables(config)} | set(OTHER_TABLES)
    return [
        f for f in catalogue.figures() if catalogue.figure_tables(f)[0] in available
    ]


def figure_tables(config: dict, figure: str) -> list[str]:
    """The tables that a figure names, and that of ``outcomes``."""
    names = catalogue.figure_tables(figure)
    return [*(table(config, name) for name in names), outcomes(config)]


def outcomes(config: dict) -> str:
    """The table of the outcome of each run, which every figure and the page read."""
    return f"{root(config)}/tables/outcomes.csv"


def constant_losses(config: dict) -> str:
    """The table of the loss of constant outputs of each model."""
    return table(config, CONSTANT_LOSSES)


def results(config: dict) -> list[str]:
    """The results of an experiment: tables, verdicts, figures, and the claims.

    They include every table of a figure, even one without rows because no probe writes it.
    """
    needed = (t for f in drawn(config) for t in figure_tables(config, f))
    in_experiment = (t for t in needed if t.startswith(f"{root(config)}/tables/"))
    return [
        *dict.fromkeys([*tables(config), *in_experiment]),
        *claims_copies(config),
        settings_file(config, "config"),
        settings_file(config, "experiment"),
        *(
            f"{root(config)}/{name}"
            for name in (
                "verdicts.csv",
                "verdicts.md",
                "verdict_values.csv",
                "same_loss_levels.csv",
                "paper_comparison.csv",
                "theory.csv",
            )
        ),
        *(
            f"{root(config)}/figures/{figure}.{suffix}"
            for figure in drawn(config)
            for suffix in ("png", "pdf")
        ),
    ]
