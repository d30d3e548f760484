"""The grid of an experiment: which runs are trained, and where probes look."""

import itertools
from typing import NamedTuple

# Keys beside a probe's settings: which runs and checkpoints it measures.
_NO_SETTINGS = ("models", "grid", "norms", "learning_rates", "seeds", "steps")


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
    cells_in_order = {}
    for model in models(config):
        settings = config["models"][model]
        for block in settings["grid"]:
            seeds = block.get("seeds", settings["seeds"])
            for norm, lr, seed in itertools.product(
                block["norms"], block["learning_rates"], seeds
            ):
                cells_in_order[Cell(model, norm, lr_text(lr), seed)] = None
    return list(cells_in_order)


def start_seeds(config: dict, model: str) -> list[int]:
    """The seeds of the runs at whose checkpoints a model may start."""
    start = config["models"][model]["start"]
    settings = config["models"][start["model"]]
    seeds = [
        block.get("seeds", settings["seeds"])
        for block in settings["grid"]
        if start["norm"] in block["norms"] and start["lr"] in block["learning_rates"]
    ]
    return list(dict.fromkeys(itertools.chain.from_iterable(seeds)))


def norms(config: dict) -> list[str]:
    """All normalisers of the grid, in the order of the config."""
    return list(dict.fromkeys(cell.norm for cell in cells(config)))


def evaluations(config: dict, model: str) -> list[int]:
    """The steps before which the test accuracy is taken."""
    settings = config["models"][model]
    return settings.get("evaluations", settings["checkpoints"])


def probed_steps(config: dict, probe: str, cell: Cell) -> list[int]:
    """The steps at which ``probe`` measures a run; a missing key means all."""
    model = config["probes"].get(probe, {"models": {}})["models"].get(cell.model)
    if model is None:
        return []
    checkpoints = config["models"][cell.model]["checkpoints"]
    chosen = [
        block.get("steps", checkpoints)
        for block in model["grid"]
        if _selects(block, cell)
    ]
    return sorted(set(itertools.chain.from_iterable(chosen)))


def probe_settings(config: dict, probe: str, cell: Cell) -> dict:
    """The settings of a probe of a run: those for all, the model's, its blocks'.

    Of two blocks that select the run, the later one counts.
    """
    for_probe = config["probes"][probe]
    for_model = for_probe["models"][cell.model]
    settings = for_probe | for_model
    for block in for_model["grid"]:
        if _selects(block, cell):
            settings |= block
    return {key: v for key, v in settings.items() if key not in _NO_SETTINGS}


def _selects(block, cell):
    return (
        cell.norm in block.get("norms", [cell.norm])
        and cell.lr in map(lr_text, block.get("learning_rates", [float(cell.lr)]))
        and cell.seed in block.get("seeds", [cell.seed])
    )
