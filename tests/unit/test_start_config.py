"""Models that start at another run's checkpoint, in the config."""

import pytest

from experiments import default, put
from normscape.pipeline import grid, paths
from normscape.pipeline.config import checked
from normscape.schemas import ConfigError

START = {"model": "vgg", "norm": "none", "lr": 0.1, "step": 200}


@pytest.fixture
def config():
    config = default()
    config["models"]["switched"] = {
        "start": dict(START),
        "steps": 320,
        "checkpoints": "every 100",
        "seeds": [40, 41],
        "grid": [{"norms": ["none", "batch"], "learning_rates": [0.1, 0.3]}],
    }
    return config


def test_it_inherits_the_network_and_starts_at_a_checkpoint(config):
    complete = checked(config)
    model, source = (complete["models"][name] for name in ("switched", "vgg"))
    for key in ("architecture", "dataset", "network", "optimiser"):
        assert model[key] == source[key]
    assert model["checkpoints"] == [200, 300]
    (path,) = paths.start_file(complete, "switched")
    assert path.format(seed=40) in {
        paths.train_file(complete, "step200.safetensors", "vgg").format(
            norm="none", lr="0.1", seed=seed
        )
        for seed in (40, 41)
    }
    assert paths.start_file(complete, "vgg") == []


@pytest.mark.parametrize(
    ("place", "value", "names"),
    [
        ("start.model", "vg", ["start.model", "'vg'", "vgg?"]),
        ("start.model", "switched", ["start.model", "'switched'"]),
        ("start.step", 210, ["start.step", "210"]),
        ("start.norm", "layer", ["start", "layer"]),
        ("start.lr", 0.3, ["start", "0.3"]),
        ("seeds", [40, 99], ["start", "99"]),
        ("steps", 200, ["switched.steps", "200"]),
        ("checkpoints", [0, 300], ["checkpoints[0]", "200", "got 0"]),
        ("dataset", "digits", ["switched.dataset"]),
        ("network", {"width": 4}, ["switched.network"]),
        ("start", {"model": "vgg"}, ["start.norm", "missing"]),
    ],
)
def test_mistakes_are_one_line(config, place, value, names):
    put(config, ["models", "switched", *place.split(".")], value)
    with pytest.raises(ConfigError) as raised:
        checked(config)
    line = str(raised.value)
    assert line.startswith("models.switched.") and "\n" not in line
    assert [name for name in names if name not in line] == []


def test_a_resolved_config_can_be_read_again(config):
    """As make verify does with an archive's."""
    complete = checked(config)
    assert checked(complete) == complete


@pytest.mark.parametrize("entry", [None, {"grid": []}])
def test_it_goes_with_the_model_at_whose_checkpoint_it_starts(config, entry):
    config["models"]["vgg"] = entry and config["models"]["vgg"] | entry
    complete = checked(config)
    assert grid.models(complete) == ["dln"]
    assert {m for p in complete["probes"].values() for m in p["models"]} == {"dln"}
