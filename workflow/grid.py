"""What the rules need to know: the grid's cells, where files lie, what code imports.

Plain functions of the validated config. Nothing here imports torch or the library:
every job of a cluster reads the Snakefile anew.
"""

import ast
import functools
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SRC = Path("src")
CIFAR10_DOWNLOAD = "downloads/cifar-10-python.tar.gz"
PAPER_CURVES = "workflow/resources/paper_curves.csv"

# The tables that a probe writes for each checkpoint.
PROBE_TABLES = {
    "landscape": ["landscape"],
    "ics": ["ics"],
    "activations": ["moments", "histograms"],
}

# Tables computed from whole tables by summarise.py, and their sources.
SUMMARIES = {
    "runs": ["history", "evaluation"],
    "landscape_ranges": ["landscape"],
    "moment_drift": ["moments"],
}

# The tables that claims are judged from.
VERDICT_TABLES = ["history", "runs", "ics", "landscape_ranges", "moment_drift"]

# The tables whose curves the results page lets readers explore.
PAGE_TABLES = ["history", "evaluation", "landscape_ranges", "ics"]

# Beside the folders of tables and figures.
RESULTS = ["verdicts.csv", "verdicts.md", "theory.csv"]


class Cell(NamedTuple):
    """A training run; ``lr`` as it stands in paths."""

    model: str
    norm: str
    lr: str
    seed: int


def lr_text(lr: float) -> str:
    """The learning rate in paths: the shortest text that reads back the same.

    >>> lr_text(0.000001), lr_text(1)
    ('1e-06', '1.0')
    """
    return repr(float(lr))


def models(config: dict) -> list[str]:
    """The models whose grid is not empty."""
    return [name for name, model in config["models"].items() if model["grid"]]


def cells(config: dict) -> list[Cell]:
    """All training runs, in the order of the config, each once."""
    found = {}
    for model in models(config):
        settings = config["models"][model]
        for block in settings["grid"]:
            for norm, lr, seed in itertools.product(
                block["norms"], block["learning_rates"], settings["seeds"]
            ):
                found[Cell(model, norm, lr_text(lr), seed)] = None
    return list(found)


def evaluations(config: dict, model: str) -> list[int]:
    """The steps before which the test accuracy is taken."""
    settings = config["models"][model]
    return settings.get("evaluations", settings["checkpoints"])


def norms(config: dict) -> list[str]:
    """All normalisers of the grid, in the order of the config."""
    return list(dict.fromkeys(cell.norm for cell in cells(config)))


def probed_steps(config: dict, probe: str, cell: Cell) -> list[int]:
    """The steps at which ``probe`` measures a run; a missing key means all."""
    model = config["probes"][probe]["models"].get(cell.model, {"grid": []})
    checkpoints = config["models"][cell.model]["checkpoints"]
    chosen = [
        block.get("steps", checkpoints)
        for block in model["grid"]
        if _selects(block, cell)
    ]
    return sorted(set(itertools.chain.from_iterable(chosen)))


def _selects(block, cell):
    return (
        cell.norm in block.get("norms", [cell.norm])
        and cell.lr in map(lr_text, block.get("learning_rates", [float(cell.lr)]))
        and cell.seed in block.get("seeds", [cell.seed])
    )


# Where files lie. Patterns keep their wildcards in braces.

RUN_PATTERN = "{norm}/lr{lr}/seed{seed}"
CELL_PATTERN = "{model}/" + RUN_PATTERN
STEP_PATTERN = CELL_PATTERN + "/step{step}"


def root(config: dict) -> str:
    return f"results/{config['name']}"


def data_file(config: dict, model: str) -> str:
    return f"{root(config)}/data/{config['models'][model]['dataset']}.safetensors"


def dataset_settings(config: dict, dataset: str) -> dict:
    """What prepare.py needs to know of a data set."""
    settings = config["datasets"][dataset]
    if dataset != "cifar10":
        return settings
    source = settings["source"] or CIFAR10_DOWNLOAD
    return {"source": source, "checksum": settings["checksum"]}


def dataset_files(config: dict, dataset: str) -> list[str]:
    """The file that a data set is made from; a folder of images is not tracked."""
    source = dataset_settings(config, dataset).get("source")
    return [source] if source and not Path(source).is_dir() else []


def train_folder(config: dict, model: str = "{model}") -> str:
    return f"{root(config)}/train/{model}/{RUN_PATTERN}"


def train_file(config: dict, name: str, model: str = "{model}") -> str:
    return f"{train_folder(config, model)}/{name}"


def checkpoint_files(config: dict, model: str) -> dict[str, str]:
    """Named outputs of a training run."""
    steps = config["models"][model]["checkpoints"]
    return {
        f"step{step}": train_file(config, f"step{step}.safetensors", model)
        for step in steps
    }


def manifests(config: dict) -> list[str]:
    """Where each run says how it was trained, and lists its outputs."""
    pattern = train_file(config, "run.json")
    return [pattern.format(**cell._asdict()) for cell in cells(config)]


def probe_folder(config: dict, table: str = "{table}") -> str:
    return f"{root(config)}/probes/{table}/{CELL_PATTERN}"


def probe_file(config: dict, table: str) -> str:
    return probe_folder(config, table) + "/step{step}.csv"


def run_probe_tables(config: dict, wildcards) -> list[str]:
    """A table for each step at which the probe of ``wildcards.table`` sees a run."""
    cell = Cell(wildcards.model, wildcards.norm, wildcards.lr, int(wildcards.seed))
    folder = probe_folder(config).format(table=wildcards.table, **cell._asdict())
    steps = probed_steps(config, _probe_of(wildcards.table), cell)
    return [f"{folder}/step{step}.csv" for step in steps]


def run_tables(config: dict, wildcards) -> list[str]:
    """A table for each run that ``wildcards.table`` covers."""
    if wildcards.table in ("history", "evaluation"):
        pattern = train_file(config, f"{wildcards.table}.csv")
        return [pattern.format(**cell._asdict()) for cell in cells(config)]
    pattern = probe_folder(config) + ".csv"
    probe = _probe_of(wildcards.table)
    return [
        pattern.format(table=wildcards.table, **cell._asdict())
        for cell in cells(config)
        if probed_steps(config, probe, cell)
    ]


def _probe_of(table):
    return next(probe for probe, tables in PROBE_TABLES.items() if table in tables)


def collected_tables() -> list[str]:
    return ["history", "evaluation", *itertools.chain(*PROBE_TABLES.values())]


def tables(config: dict) -> list[str]:
    """Every table of the experiment."""
    names = [*collected_tables(), *SUMMARIES]
    return [f"{root(config)}/tables/{name}.csv" for name in names]


def theory_runs(config: dict) -> list[tuple[str, str, str]]:
    """(first checkpoint, last checkpoint, data) of a run with "batch" for each model."""
    found = {}
    for cell in cells(config):
        steps = config["models"][cell.model]["checkpoints"]
        if cell.norm == "batch" and cell.model not in found:
            pattern = train_file(config, "step{step}.safetensors")
            ends = [
                pattern.format(step=step, **cell._asdict())
                for step in (min(steps), max(steps))
            ]
            found[cell.model] = (*ends, data_file(config, cell.model))
    return list(found.values())


def figures() -> list[str]:
    """The figures' names: files of src/figures that draw something."""
    return sorted(path.stem for path in SRC.glob("figures/*[0-9]_*.py"))


def caption(figure: str) -> tuple[str, str]:
    """Title and text of a figure: the first line and the rest of its docstring."""
    text = ast.get_docstring(ast.parse((SRC / f"figures/{figure}.py").read_text()))
    title, _, rest = text.partition("\n\n")
    return title.removesuffix("."), rest


def figure_tables(config: dict, figure: str) -> list[str]:
    """The tables that a figure's TABLES names."""
    tree = ast.parse((SRC / f"figures/{figure}.py").read_text())
    names = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "TABLES"
    )
    return [
        PAPER_CURVES if name == "paper_curves" else f"{root(config)}/tables/{name}.csv"
        for name in names
    ]


def page_templates() -> list[str]:
    """What pages are made of, besides code."""
    paths = SRC.glob("pages/*")
    return sorted(str(path) for path in paths if path.suffix in (".j2", ".css", ".js"))


def results(config: dict) -> list[str]:
    """What an experiment is run for: tables, verdicts and figures."""
    return [
        *tables(config),
        f"{root(config)}/tables/theory_instances.csv",
        *(f"{root(config)}/{name}" for name in RESULTS),
        *(
            f"{root(config)}/figures/{figure}.{suffix}"
            for figure in figures()
            for suffix in ("png", "pdf")
        ),
    ]


# Code as input: a rule reruns when a file changes that its script imports.


@functools.cache
def imports(path: Path) -> tuple[Path, ...]:
    """The project's files that a file imports itself, their packages included."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return tuple(itertools.chain.from_iterable(map(_files_of, names)))


def _files_of(module: str) -> Iterator[Path]:
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        base = SRC.joinpath(*parts[:end])
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path.is_file():
                yield path


@functools.cache
def closure(*scripts: str) -> list[str]:
    """The scripts and all that they import from src/, directly or not, sorted.

    Modules that are looked up by name (norms, models, data sets, figures) are not
    found by reading imports: name them among ``scripts``.
    """
    found: set[Path] = set()
    pending = [SRC / script for script in scripts]
    while pending:
        path = pending.pop()
        if path not in found:
            found.add(path)
            pending += imports(path)
    return sorted(map(str, found))


def cell_code(script: str, model: str | None = None):
    """Input function: the closure of a script that builds the network of a cell."""
    return lambda wildcards: closure(
        script,
        f"normscape/models/{model or wildcards.model}.py",
        f"normscape/norms/{wildcards.norm}.py",
    )


def norm_settings(config: dict):
    """Params function: the settings of the cell's normaliser, as JSON."""
    return lambda wildcards: as_json(config["norm_settings"].get(wildcards.norm, {}))


def resources(config: dict, mem_mb: int, runtime: int, gpu: bool = False) -> dict:
    """What a job asks for; memory and minutes rise with each attempt.

    gpu : whether the job computes on ``device``.
    """
    gpus = int(gpu and (config["device"] == "cuda" or config["gpus"]))
    return {
        "mem_mb": lambda wildcards, attempt: mem_mb * attempt,
        "runtime": lambda wildcards, attempt: runtime * attempt,
        "gpu": gpus,
    }


def available(kind: str) -> list[str]:
    """Names that can be looked up in a folder of the library, such as "norms"."""
    paths = SRC.glob(f"normscape/{kind}/*.py")
    return sorted(path.stem for path in paths if not path.stem.startswith("_"))


def as_json(settings: dict) -> str:
    """Settings as one argument of a command."""
    return json.dumps(settings, sort_keys=True)


def whole_config(config: dict) -> str:
    """The config as one argument; the order of its models and norms is that of figures."""
    return json.dumps(config)
