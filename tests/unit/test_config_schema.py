"""The schema for editors, which knows every key; and that every key is explained."""

import copy
import json
from pathlib import Path

import jsonschema
import pytest
from snakemake.utils import update_config

from experiments import PRESETS, SMALL, default, put
from normscape import components
from normscape.pipeline import config_schema
from normscape.schemas import VALIDATOR

VALIDATE = VALIDATOR(config_schema.for_editors())


def mistakes(config) -> list[str]:
    """Where an editor underlines something, the parts of a conditional too."""
    actual = []
    pending = list(VALIDATE.iter_errors(config))
    while pending:
        error = pending.pop()
        actual.append(".".join(map(str, error.absolute_path)) + ": " + error.message)
        pending += error.context
    return actual


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(config_schema.for_editors())


def test_the_file_is_what_the_parts_declare():
    file = Path("workflow/schemas/config.schema.json")
    assert file.read_text(encoding="utf-8") == config_schema.text_for_editors(), (
        "run make schema"
    )
    assert json.loads(file.read_text(encoding="utf-8")) == config_schema.for_editors()


def test_config_yaml_is_accepted():
    assert mistakes(default()) == []


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_presets_are_accepted(path):
    merged = default()
    update_config(merged, components.read_yaml(path))
    assert merged["name"] == path.stem
    assert mistakes(merged) == []


def small(**changes) -> dict:
    """config.yaml with a VGG that the user calls small."""
    model = copy.deepcopy(SMALL) | {"architecture": "vgg", "network": {"width": 4}}
    return put(default(), ["models", "small"], model | changes)


def test_a_users_own_models_are_known_by_their_architecture():
    assert mistakes(small()) == []
    assert mistakes(small(optimiser={"name": "Adam", "betas": [0.5, 0.9]})) == []
    assert mistakes(small(architecture="resnet", network={"depth": 8})) == []


@pytest.mark.parametrize(
    ("config", "line"),
    [
        (
            put(default(), ["models", "vgg", "network", "widht"], 8),
            "models.vgg.network",
        ),
        (small(network={"depth": 8}), "models.small.network"),
        (small(network={"width": 0}), "models.small.network.width"),
        (small(stepz=3), "models.small"),
        (small(dataset="gaussian"), "models.small.dataset"),
        (small(architecture="lenet"), "models.small.architecture"),
        (small(optimiser={"name": "adam"}), "models.small.optimiser.name"),
        (small(optimiser={"nestrov": True}), "models.small.optimiser"),
        (put(default(), ["datasets", "mnist"], {}), "datasets"),
        (put(default(), ["norm_settings"], {"l1": {"eps": 0}}), "norm_settings.l1.eps"),
        (put(default(), ["probes", "ics", "bins"], 40), "probes.ics"),
    ],
)
def test_a_mistake_is_underlined_where_it_stands(config, line):
    actual = mistakes(config)
    assert any(mistake.startswith(f"{line}: ") for mistake in actual), actual


def properties(part, path="config"):
    """Every property in a schema, with its path and the part that says what it is."""
    for name, child in part.get("properties", {}).items():
        yield f"{path}.{name}", child
        yield from properties(child, f"{path}.{name}")
    for key in ("additionalProperties", "items", "then"):
        if isinstance(part.get(key), dict):
            yield from properties(part[key], f"{path}.{key}")
    for child in part.get("allOf", []):
        yield from properties(child, path)
    for name, child in part.get("$defs", {}).items():
        yield f"$defs.{name}", child
        yield from properties(child, f"$defs.{name}")


def explained(part, top) -> bool:
    while not part.get("description") and "$ref" in part:
        part = top["$defs"][part["$ref"].removeprefix("#/$defs/")]
    return bool(part.get("description"))


@pytest.mark.parametrize(
    "top",
    [config_schema.for_editors(), config_schema.for_config(small())],
    ids=["editors", "config"],
)
def test_every_key_has_a_description(top):
    actual = dict(properties(top))
    assert len(actual) > 100
    assert [path for path, part in actual.items() if not explained(part, top)] == []
