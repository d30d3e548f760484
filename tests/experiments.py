"""Configs and experiments that tests change or are made of."""

from pathlib import Path

import yaml

from normscape import components
from normscape.experiment import Experiment
from normscape.pipeline.config import description

PRESETS = sorted(Path("workflow/presets").glob("*.yaml"))

# A third network beside those of config.yaml, under a user's name.
SMALL = {
    "architecture": "resnet",
    "network": {"depth": 8},
    "steps": 20,
    "checkpoints": [0, 20],
    "seeds": [0, 1],
    "grid": [{"norms": ["none", "batch"], "learning_rates": [0.1]}],
}


def default() -> dict:
    """config.yaml, as a user's editor has it."""
    return yaml.safe_load(Path("config.yaml").read_text(encoding="utf-8"))


def without_starts() -> dict:
    """config.yaml without what needs the checkpoints of its first model."""
    config = default()
    for model in [name for name, m in config["models"].items() if "start" in m]:
        del config["models"][model]
    del config["probes"]["same_function"]
    return config


def put(config: dict, path, value) -> dict:
    """The config, in which the value now stands at the path; mappings on the way are made."""
    *parents, last = path
    place = config
    for key in parents:
        place = place.setdefault(key, {}) if isinstance(place, dict) else place[key]
    place[last] = value
    return config


def experiment(models: dict[str, str], norms, starts=()) -> Experiment:
    """Models by name, each with its architecture; "mine" is a norm that declares nothing.

    starts : of models that start at another's checkpoint, by name.
    """
    grid = [{"norms": [n for n in norms if n != "mine"], "learning_rates": [1]}]
    config = {
        "models": {
            name: {
                "architecture": architecture,
                "dataset": components.declaration("models", architecture)["dataset"],
                "seeds": [0],
                "grid": grid,
            }
            for name, architecture in models.items()
        }
    }
    for name, start in dict(starts).items():
        source = config["models"][start["model"]]
        config["models"][name] = source | {"start": start}
    described = description(config)
    described["norms"] += [{"name": norm} for norm in norms if norm == "mine"]
    return Experiment(**described)
