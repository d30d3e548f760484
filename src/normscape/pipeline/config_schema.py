"""The JSON schema of the config: a skeleton, completed by the declarations of components."""

import copy
import functools
import json
from pathlib import Path

from normscape import components
from normscape.pipeline import torch_optimisers

FOLDER = Path(__file__).parents[3] / "workflow/schemas"


@functools.cache
def _skeleton() -> dict:
    return components.read_yaml(FOLDER / "config.schema.yaml")


def for_config(config: dict) -> dict:
    """The schema for a config: its models are those that it names.

    The config may be wrong in any way; a key that can't be read counts as missing.
    """
    models = mapping(config, "models")
    schema = _with_components(list(models))
    schema["properties"]["models"]["properties"] = {
        name: _continuation()
        if "start" in mapping(models, name)
        else _model(name, mapping(models, name))
        for name in models
    }
    return schema


def for_editors() -> dict:
    """The schema for editors: models of any name, by the architecture that they state."""
    schema = _with_components(None)
    models = schema["properties"]["models"]
    names = components.names("models")
    every = {name: _model(name, {}) for name in names}
    optimiser = schema["$defs"]["optimiser"] = _optimiser({})
    for name in _optimisers():
        # Without types, which differ between optimisers.
        for key, setting in _optimiser_settings(name).items():
            description = {"description": setting["description"]}
            optimiser["properties"].setdefault(key, description)
    for model in every.values():
        model["properties"]["architecture"].pop("default")
        model["properties"]["optimiser"] = {"$ref": "#/$defs/optimiser"}
    models["properties"] = every = {n: _or_null(model) for n, model in every.items()}
    by_architecture = [
        {
            "if": {
                "properties": {"architecture": {"const": name}},
                "required": ["architecture"],
            },
            "then": every[name],
        }
        for name in names
    ]
    models["additionalProperties"] = {
        "if": {"required": ["start"]},
        "then": _or_null(_continuation()),
        "else": _or_null(_unknown_model(names)) | {"allOf": by_architecture},
    }
    probes = schema["properties"]["probes"]["properties"]
    probes |= {name: _or_null(probe) for name, probe in probes.items()}
    return schema


def _or_null(schema: dict) -> dict:
    """The schema of an entry that a file may set to null, which removes it."""
    return schema | {"type": [schema["type"], "null"]}


def text_for_editors() -> str:
    """``for_editors`` as the file that ``make schema`` writes."""
    return json.dumps(for_editors(), indent=1) + "\n"


def mapping(value, key) -> dict:
    """The mapping under a key of a value; empty where there is none."""
    child = value.get(key) if isinstance(value, dict) else None
    return child if isinstance(child, dict) else {}


def _with_components(models: list[str] | None) -> dict:
    """The skeleton with data sets, norms and probes; ``models`` are those to be probed."""
    schema = copy.deepcopy(_skeleton())
    properties = schema["properties"]
    properties["datasets"]["properties"] = {
        # What is required is missing only where a model learns the data set.
        name: _settings("datasets", name) | {"default": {}, "required": []}
        for name in components.names("datasets")
    }
    properties["norm_settings"]["properties"] = {
        name: _settings("norms", name) for name in components.names("norms")
    }
    properties["probes"]["properties"] = {
        name: _probe(name, models) for name in components.names("probes")
    }
    return schema


def _settings(kind: str, name: str) -> dict:
    declared = components.declaration(kind, name)
    settings = copy.deepcopy(declared["settings"])
    return {
        "description": declared["description"],
        "type": "object",
        "additionalProperties": False,
        "required": components.required(kind, name),
        "properties": settings,
    }


def _model(name: str, given: dict) -> dict:
    """The schema of a model, by the architecture and the optimiser that it states."""
    names = components.names("models")
    architecture = given.get("architecture", name)
    if architecture not in names:
        return _unknown_model(names)
    declared = components.declaration("models", architecture)
    reference = {
        key: {"$ref": f"#/$defs/{key}"}
        for key in ("steps", "checkpoints", "evaluations", "seeds", "grid")
    }
    if declared["metric"] != "accuracy":
        del reference["evaluations"]
    return {
        "description": declared["description"],
        "type": "object",
        "additionalProperties": False,
        "required": ["steps", "checkpoints", "seeds", "grid"],
        "properties": {
            "architecture": _architecture(names) | {"default": architecture},
            "dataset": {
                "description": f"The data that it learns, of the kind {declared['takes']}.",
                "enum": components.datasets_of(declared["takes"]),
                "default": declared["dataset"],
            },
            "network": _settings("models", architecture) | {"default": {}},
            "optimiser": _optimiser(mapping(given, "optimiser")),
        }
        | reference,
    }


def _continuation() -> dict:
    """A model whose runs start at a checkpoint of another's."""
    keys = ("start", "steps", "checkpoints", "evaluations", "seeds", "grid")
    return {
        "description": (
            "Runs that start at a checkpoint of another model's runs of the same seed, with its "
            "network, data and optimiser. seeds: left out, those of the other model's runs."
        ),
        "type": "object",
        "additionalProperties": False,
        "required": ["start", "steps", "checkpoints", "grid"],
        "properties": {key: {"$ref": f"#/$defs/{key}"} for key in keys},
    }


def _unknown_model(architectures: list[str]) -> dict:
    """A model that must still say which architecture it has."""
    return {
        "description": "A network.",
        "type": "object",
        "required": ["architecture"],
        "properties": {"architecture": _architecture(architectures)},
    }


def _architecture(architectures: list[str]) -> dict:
    return {"description": "A file in src/normscape/models/.", "enum": architectures}


def _optimiser(given: dict) -> dict:
    schema = copy.deepcopy(_skeleton()["$defs"]["optimiser"])
    name_schema = schema["properties"]["name"]
    name_schema["enum"] = _optimisers()
    name = given.get("name", name_schema["default"])
    if name in name_schema["enum"]:
        schema["properties"] |= _optimiser_settings(name)
    else:  # Report the wrong name, not the settings of an unknown optimiser.
        del schema["additionalProperties"]
    return schema


def _optimisers() -> list[str]:
    return sorted({*torch_optimisers.names(), *components.names("optimisers")})


def _optimiser_settings(name: str) -> dict:
    if name in components.names("optimisers"):
        return _settings("optimisers", name)["properties"]
    return torch_optimisers.settings(name)


def _probe(name: str, models: list[str] | None) -> dict:
    declared = components.declaration("probes", name)
    # No default, so that required settings are missing only where the probe is used.
    schema = _settings("probes", name)
    model_settings = copy.deepcopy(declared.get("model_settings", {}))
    required = [
        key for key, setting in model_settings.items() if "default" not in setting
    ]
    grid = copy.deepcopy(_skeleton()["$defs"]["probe_grid"])
    for key, setting in {**schema["properties"], **model_settings}.items():
        # No default here: a block without the key takes the value above it.
        without_default = {k: v for k, v in setting.items() if k != "default"}
        grid["items"]["properties"][key] = without_default
    schema["properties"]["models"] = {
        "description": "Which runs of which models.",
        "type": "object",
        "default": {},
        "propertyNames": {"description": "A model."}
        | ({"enum": models} if models else {}),
        "additionalProperties": {
            "description": "Probes of a model.",
            "type": "object",
            "additionalProperties": False,
            "required": ["grid", *required],
            "properties": model_settings | {"grid": grid},
        },
    }
    return schema
