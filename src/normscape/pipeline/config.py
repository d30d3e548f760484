"""The config, checked before any job: one clear line for what is wrong."""

import itertools
import os
import sys
from pathlib import Path

from normscape import components
from normscape.pipeline import (
    component_checks,
    config_files,
    config_schema,
    evaluated_claims,
    grid,
    paths,
)
from normscape.schemas import ConfigError, check, fill_defaults, unknown_value
from normscape.tables.rows import DIGITS

# Largest number of checkpoints and evaluations: both are arguments of one command.
MOST_STEPS = 100_000
# What a model with a start takes from the model named there.
_INHERITED = ("architecture", "dataset", "network", "optimiser")


def validate(config: dict) -> dict:
    """The config with defaults filled in; ends the program on a mistake.

    Mistakes in the declarations of components and in claims end it as well.
    """
    try:
        component_checks.check_components()
        evaluated_claims.check_claims()
        return checked(config)
    except ConfigError as error:
        sys.exit(f"config: {error}")
    except components.DeclarationError as error:
        sys.exit(str(error))


def checked(config: dict) -> dict:
    """The config with defaults filled in, or a ConfigError."""
    config = _copy(config)
    _drop_removed(config)
    _drop_inherited(config)
    schema = config_schema.for_config(config)
    check(config, schema)
    fill_defaults(config, schema)
    _inherit_from_start(config)
    _expand_steps(config)
    _check_folder(config)
    for name in paths.downloads():
        _check_source(config, name)
    _check_models(config)
    _fill_norm_settings(config)
    for probe in config["probes"]:
        _check_probe(config, probe)
    return config


def description(config: dict) -> dict:
    """The experiment as figures, page and claims know it: ``experiment.Experiment``."""
    models = []
    for name in grid.models(config):
        architecture = config["models"][name]["architecture"]
        declared = components.declaration("models", architecture)
        data = components.declaration("datasets", config["models"][name]["dataset"])
        keys = ("metric", "loss", "layers", "left_chance")
        models.append(
            {
                "name": name,
                "architecture": architecture,
                "label": declared["label"] if name == architecture else name,
                "start": config["models"][name].get("start"),
                "data_by_seed": data["drawn_by_seed"],
            }
            | {key: declared[key] for key in keys}
        )
    norms = []
    # Runs that start at another's checkpoint are shown beside it, in figures of their own.
    cells = (c for c in grid.cells(config) if "start" not in config["models"][c.model])
    for name in dict.fromkeys(cell.norm for cell in cells):
        declared = components.declaration("norms", name)
        norms.append(
            {
                "name": name,
                "label": declared["label"],
                "colour": declared.get("colour"),
            }
        )
    return {"models": models, "norms": norms}


def _copy(value):
    """A copy that shares nothing, because a YAML alias may repeat one object."""
    if isinstance(value, dict):
        return {key: _copy(child) for key, child in value.items()}
    return [_copy(child) for child in value] if isinstance(value, list) else value


def _drop_removed(config):
    """Remove models and probes that are null, and the probes of models without runs."""
    models, probes = (
        config_schema.mapping(config, kind) for kind in ("models", "probes")
    )
    emptied = set()
    without_runs = [
        m for m in models if config_schema.mapping(models, m).get("grid") == []
    ]
    removed = {p[1] for p in config_files.removals(config) if p[:-1] == ("models",)}
    for name in list(models):
        start = config_schema.mapping(config_schema.mapping(models, name), "start")
        if start.get("model") in [*removed, *without_runs]:
            del models[name]
            without_runs.append(name)
    for *parents, last in config_files.removals(config):
        place = config
        for key in parents:
            place = place[key]
        del place[last]
        if parents == ["models"]:
            without_runs.append(last)
            emptied.update(p for p in probes if last in _probed(probes, p))
        elif len(parents) == 3:
            emptied.add(parents[1])
    for probe in list(probes):
        probed_models = _probed(probes, probe)
        for model in without_runs:
            probed_models.pop(model, None)
        if probe in emptied and not probed_models:
            del probes[probe]


def _drop_inherited(config):
    """Remove what a resolved config repeats of the model at whose checkpoint another starts."""
    models = config_schema.mapping(config, "models")
    for name in models:
        model = config_schema.mapping(models, name)
        source = config_schema.mapping(model, "start").get("model")
        if isinstance(source, str):
            for key in _INHERITED:
                if key in model and model[key] == config_schema.mapping(
                    models, source
                ).get(key):
                    del model[key]


def _inherit_from_start(config):
    """Give models with a start the network, data, optimiser and seeds of the model named there."""
    sources = {n: m for n, m in config["models"].items() if "start" not in m}
    for name, model in config["models"].items():
        if name in sources:
            continue
        start = model["start"]
        if start["model"] not in sources:
            raise ConfigError(
                f"models.{name}.start.model: {unknown_value(start['model'], sources)} "
                "(models without a start)"
            )
        for key in _INHERITED:
            model[key] = _copy(sources[start["model"]][key])
        model.setdefault("seeds", grid.start_seeds(config, name))


def _probed(probes, probe) -> dict:
    return config_schema.mapping(probes[probe], "models")


def _expand_steps(config):
    """Replace "every N" by lists."""
    for model in config["models"].values():
        for key in {"checkpoints", "evaluations"} & model.keys():
            model[key] = _steps(model[key], model)
    for probe in config["probes"].values():
        for name, settings in probe["models"].items():
            for block in settings["grid"]:
                if "steps" in block:
                    block["steps"] = _steps(block["steps"], config["models"][name])


def _steps(steps, model):
    if isinstance(steps, str):
        interval = int(steps.removeprefix("every "))
        first = model["start"]["step"] if "start" in model else 0
        first += -first % interval
        return list(range(first, model["steps"] + 1, interval))
    return steps


def _check_folder(config):
    folder = Path(paths.root(config))
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise ConfigError(
            f"name: expected a writable folder for {folder}/, got {existing}; get write "
            "permission or choose another working directory"
        )


def _check_source(config, dataset):
    source = config["datasets"][dataset]["source"]
    if source is None:
        return
    key, path = f"datasets.{dataset}.source", Path(paths.expanded(source))
    download = components.declaration("datasets", dataset)["download"]
    if path.is_dir():
        choices = download["folder_holds"]
        if not any(all((path / p).exists() for p in choice) for choice in choices):
            raise ConfigError(
                f"{key}: expected a folder with "
                f"{', or with '.join(' and '.join(choice) for choice in choices)}, "
                f"got {source!r}"
            )
    elif not path.is_file():
        raise ConfigError(
            f"{key}: expected the archive {download['file']}, a folder of images, or null "
            f"to download it, got {source!r}, which does not exist"
        )


def _check_models(config):
    known = components.names("norms")
    names = {}
    for model, settings in config["models"].items():
        key = f"models.{model}"
        if model == "random":
            raise ConfigError(
                f"{key}: expected another name, got 'random', which Figure 16 uses; rename it"
            )
        if other := names.get(model.lower()):
            raise ConfigError(
                f"{key}: expected a name that differs from models.{other} by more than upper "
                "and lower case; rename one"
            )
        names[model.lower()] = model
        for number, block in enumerate(settings["grid"]):
            for index, norm in enumerate(block["norms"]):
                if norm not in known:
                    advice = "files in src/normscape/norms/"
                    if (components.FOLDER / f"norms/{norm}.py").is_file():
                        advice = f"{norm}.py is left out: rename it to a Python name"
                    raise ConfigError(
                        f"{key}.grid[{number}].norms[{index}]: "
                        f"{unknown_value(norm, known)} ({advice})"
                    )
            for index, lr in enumerate(block["learning_rates"]):
                if lr != float(f"{lr:.{DIGITS}g}"):
                    raise ConfigError(
                        f"{key}.grid[{number}].learning_rates[{index}]: expected at most "
                        f"{DIGITS} digits, which tables hold, got {lr}; round it"
                    )
        listed = len(settings["checkpoints"]) + len(grid.evaluations(config, model))
        if listed > MOST_STEPS:
            raise ConfigError(
                f"{key}.evaluations: expected at most {MOST_STEPS:,} steps with those of "
                f"{key}.checkpoints, got {listed:,}; list fewer"
            )
        first = settings["start"]["step"] if "start" in settings else 0
        for steps in ("checkpoints", "evaluations"):
            for index, step in enumerate(settings.get(steps, [])):
                if not first <= step <= settings["steps"]:
                    raise ConfigError(
                        f"{key}.{steps}[{index}]: expected a step from the first, {first}, to "
                        f"the last, {key}.steps = {settings['steps']}, got {step}"
                    )
        if "start" in settings:
            _check_start(config, model)
        architecture, dataset = settings["architecture"], settings["dataset"]
        optimiser = settings["optimiser"]
        _check_required(f"{key}.network", "models", architecture, settings["network"])
        _check_required(
            f"datasets.{dataset}", "datasets", dataset, config["datasets"][dataset]
        )
        if optimiser["name"] in components.names("optimisers"):
            _check_required(
                f"{key}.optimiser", "optimisers", optimiser["name"], optimiser
            )
    if not grid.cells(config):
        raise ConfigError(
            "models: expected at least one run, got empty grids; add a block"
        )


def _check_start(config, model):
    """The checkpoint at which a model starts is one that another model's runs write."""
    key, settings = f"models.{model}.start", config["models"][model]
    start = settings["start"]
    source = config["models"][start["model"]]
    if start["step"] not in source["checkpoints"]:
        raise ConfigError(
            f"{key}.step: {unknown_value(start['step'], source['checkpoints'])} "
            f"(models.{start['model']}.checkpoints); choose one, or remove the model with "
            f"{model}: null"
        )
    if start["step"] >= settings["steps"]:
        raise ConfigError(
            f"models.{model}.steps: expected more than {key}.step = {start['step']}, got "
            f"{settings['steps']}; it is the last step, not how many follow"
        )
    run = f"{start['norm']} and learning rate {start['lr']:g}"
    trained = grid.start_seeds(config, model)
    if not trained:
        raise ConfigError(
            f"{key}: expected a run of models.{start['model']} with {run}, got none; add "
            "it to its grid"
        )
    for seed in {cell.seed for cell in grid.cells(config) if cell.model == model}:
        if seed not in trained:
            raise ConfigError(
                f"{key}: expected a run of models.{start['model']} with {run} and seed {seed}, "
                "got none; add it to its grid"
            )


def _fill_norm_settings(config):
    """Complete the settings of the grid's normalisers by their defaults."""
    for norm in grid.norms(config):
        given = config["norm_settings"].setdefault(norm, {})
        config["norm_settings"][norm] = components.defaults("norms", norm) | given
        _check_required(f"norm_settings.{norm}", "norms", norm, given)


def _check_required(place, kind, name, given):
    """Settings without a default are in the config, also where it leaves out their mapping."""
    for key in components.required(kind, name):
        if key not in given:
            raise ConfigError(
                f"{place}.{key}: missing; {name} has no default for it, add it"
            )


def _check_probe(config, probe):
    cells = grid.cells(config)
    for model, settings in config["probes"][probe]["models"].items():
        trained = [cell for cell in cells if cell.model == model]
        checkpoints = config["models"][model]["checkpoints"]
        for number, block in enumerate(settings["grid"]):
            key = f"probes.{probe}.models.{model}.grid[{number}]"
            for name, values, known in (
                ("norms", block.get("norms", []), [c.norm for c in trained]),
                (
                    "learning_rates",
                    map(float, block.get("learning_rates", [])),
                    [float(c.lr) for c in trained],
                ),
                ("seeds", block.get("seeds", []), [c.seed for c in trained]),
                ("steps", block.get("steps", []), checkpoints),
            ):
                known = list(dict.fromkeys(known))
                for value in values:
                    if value not in known:
                        raise ConfigError(
                            f"{key}.{name}: {unknown_value(value, known)} "
                            f"(outside the grid of models.{model})"
                        )
            _check_products(key, block, model, trained)


def _check_products(key, block, model, trained):
    """Norm, learning rate and seed may each be in the grid, but not together."""
    lrs = list(map(grid.lr_text, block.get("learning_rates", [])))
    combinations = itertools.product(
        block.get("norms", [None]), lrs or [None], block.get("seeds", [None])
    )
    for norm, lr, seed in combinations:
        if not any(
            norm in (None, cell.norm)
            and lr in (None, cell.lr)
            and seed in (None, cell.seed)
            for cell in trained
        ):
            named = {"norm": norm, "learning rate": lr, "seed": seed}
            text = " with ".join(f"{k} {v}" for k, v in named.items() if v is not None)
            raise ConfigError(
                f"{key}: expected runs with {text}, got none; add a block to the grid of "
                f"models.{model}"
            )
