"""Which claims an experiment has too few seeds for, told from its config."""

from pathlib import Path

import pytest

from experiments import PRESETS, default, put
from normscape.pipeline import config_files, seeds
from normscape.pipeline.config import checked

FASTER = "Training is faster with BatchNorm than without normalisation"


def lines_about(config, statement) -> list[str]:
    return [line for line in seeds.undecidable(config) if line.startswith(statement)]


def test_the_default_experiment_decides_all_claims():
    assert seeds.undecidable(checked(default())) == []


def with_seeds(count, norms):
    """The default experiment, whose runs of some normalisers have so many seeds."""
    config = default()
    block = {"norms": norms, "learning_rates": [0.1], "seeds": list(range(count))}
    others = [n for n in ("none", "batch") if n not in norms]
    put(config, ["models", "vgg", "seeds"], list(range(7)))
    put(config, ["models", "vgg", "grid"], [block])
    if others:
        config["models"]["vgg"]["grid"].append(
            {"norms": others, "learning_rates": [0.1]}
        )
    for model in ("vgg_from_200", "vgg_batch_from_200"):
        del config["models"][model]
    del config["probes"]["same_function"]
    for probe in config["probes"].values():
        probe["models"]["vgg"] = {"grid": [{}]}
        probe["models"].pop("dln", None)
    config["probes"]["landscape"]["models"]["vgg"]["step_sizes"] = [0.1]
    return checked(config)


@pytest.mark.parametrize(
    ("count", "norms", "said"),
    [
        (6, ["none", "batch"], []),
        (5, ["none", "batch"], [f"{FASTER}: 5 of batch, 5 of none"]),
        (2, ["batch"], [f"{FASTER}: 2 of batch"]),
    ],
)
def test_seeds_are_counted_for_each_network(count, norms, said):
    assert lines_about(with_seeds(count, norms), FASTER) == said


def test_runs_that_a_probe_does_not_measure_do_not_count():
    config = with_seeds(6, ["none", "batch"])
    config["probes"]["ics"]["models"]["vgg"]["grid"] = [{"seeds": [0, 1, 2]}]
    shifted = "The ICS cosine is not closer to 1 with BatchNorm"
    assert lines_about(config, shifted) == [f"{shifted}: 3 of batch, 3 of none"]
    assert lines_about(config, FASTER) == []
    config["probes"]["ics"]["models"]["vgg"]["grid"] = [{"norms": ["batch"]}]
    assert lines_about(config, shifted) == []  # not in this experiment


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.stem)
def test_presets_are_counted(preset):
    config = checked(config_files.read([Path("config.yaml"), preset]))
    few = seeds.undecidable(config)
    if preset.stem in ("cifar10", "same-function"):
        assert few == []
