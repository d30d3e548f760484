"""The config's mistakes: each one line that names the key and what is allowed."""

import copy
import json
import math
import re

import pytest
import yaml
from snakemake.utils import update_config

from experiments import PRESETS, SMALL, default, put, without_starts
from normscape import components
from normscape.experiment import Experiment
from normscape.pipeline import grid, params, paths
from normscape.pipeline.config import checked, description, validate
from normscape.schemas import ConfigError, unknown_value


@pytest.fixture
def config():
    return without_starts()


VGG = without_starts()["models"]["vgg"]
LAST, NEXT = VGG["steps"], VGG["checkpoints"][1]
# The place of a value, the value, and what the line names besides the place.
MISTAKES = [
    ("modls", {}, "unknown key", "did you mean models?"),
    ("models.vgg.stepz", 3, "did you mean steps?"),
    ("models.vgg.steps", "500", "'500'", "quotes"),
    ("models.vgg.steps", "010", "'010'", "write 10"),
    ("models.vgg.steps", 0, "at least 1", "0"),
    ("models.vgg.steps", 9.5, "integer", "9.5"),
    ("models.vgg.steps", 9.0, "9.0", "write 9"),
    ("models.vgg.steps", True, "integer", "true"),
    ("models.vgg.seeds", 3, "[3]"),
    ("models.vgg.grid[0].learning_rates", [1 / 3], "[0]: ", "9 digits"),
    ("models.vgg.checkpoints", [0, LAST + 1], "[1]: ", f"models.vgg.steps = {LAST}"),
    ("models.vgg.checkpoints", "every 0", "'every 0'", '"every N"'),
    ("models.vgg.evaluations", [LAST + 1], "[0]: ", f"models.vgg.steps = {LAST}"),
    ("models.vgg.optimiser.batch_size", "none", "'none'", "write null"),
    ("models.vgg.optimiser.lr", 0.9, "l2_penalty, momentum"),
    ("models.vgg.optimiser", {"name": "Adam", "momentum": 0.9}, "betas, eps"),
    ("models.vgg.optimiser", {"name": "adam", "beta1": 0.9}, "name: ", "Adam?"),
    ("models.vgg.optimiser", {"name": "AdamW", "betas": 0.9}, "betas: ", "a list"),
    ("models.vgg.optimiser.nesterov", 1, "true or false", "1"),
    ("models.vgg.network.initialisation", "xavier", "he_normal, ", "glorot_uniform"),
    ("models.vgg.network.depth", 3, "unknown key", "width"),
    ("models.vgg.dataset", "gaussian", "'gaussian'", "cifar10, digits, scattered"),
    ("models.dln.dataset", "digits", "'digits'", "gaussian"),
    # There is no accuracy to evaluate.
    ("models.dln.evaluations", [0], "unknown key", "checkpoints, seeds, grid"),
    ("models", None, "null"),
    ("models", 3, "3"),
    ("models", {}, "1 or more"),
    ("models", {"a/b": SMALL}, "'a/b'"),
    ("models.VGG", SMALL, "models.vgg"),
    ("models.random", SMALL, "Figure 16"),
    ("models.lenet", {}, "architecture: missing", "dln, resnet, vgg, vit"),
    (
        "models.small",
        SMALL | {"architecture": "lenet"},
        "architecture: ",
        "dln, resnet",
    ),
    ("models.small", SMALL | {"network": {"depth": 9}}, "network.depth: ", "8, 14, 20"),
    ("models", {"m" * 101: SMALL}, "100", "101"),
    ("models.vgg.grid[0].norms[0]", "bach", "'bach'", "did you mean batch?"),
    ("models.vgg.grid[0].norms[0]", 3, "put it in quotes"),
    ("models.vgg.grid[0].norms", "none", "[none]"),
    ("models.vgg.grid[0].norms", [], "1 or more"),
    ("models.vgg.grid[0].norms", ["l1", "l1"], "duplicate", "l1"),
    ("models.vgg.grid[0].learning_rates[0]", "1e-3", "'1e-3'", "write 0.001"),
    ("models.vgg.grid[0].learning_rates[0]", 0, "more than 0"),
    ("models.vgg.grid[0].learning_rates[0]", math.inf, "inf"),
    ("models.vgg.grid[0].learning_rates[0]", math.nan, "nan"),
    ("name", "a/b", "'a/b'"),
    ("name", 2024, "2024", "put it in quotes"),
    ("name", True, "true", "put it in quotes"),
    ("name", "n" * 201, "200", "201"),
    ("device", "CUDA", "cpu, cuda, mps, auto", "'CUDA'", "did you mean cuda?"),
    ("threads", -1, "at least 1", "-1"),
    ("keep_checkpoints", "no", "'no'", "write false"),
    ("keep_checkpoints", "true", "remove the quotes"),
    ("keep_checkpoints", 1, "1", "true or false"),
    ("datasets.cifar10.source", "nowhere/cifar.tar.gz", "'nowhere/cifar.tar.gz'"),
    ("datasets.cifar10.source", "docs", "'docs'"),
    ("datasets.cifar10.checksum", "abc", "abc"),
    ("datasets.cifar10.url", "ftp://x", "ftp://x"),
    ("datasets.digits.noise", 0.1, "side"),
    ("datasets.mnist", {}, "cifar10, digits, gaussian, scattered_digits"),
    ("norm_settings.l7", {}, "unknown key", "l1", "weight"),
    ("norm_settings.l1.epss", 1, "did you mean eps?", "running_momentum"),
    ("norm_settings.l1.eps", 0, "more than 0"),
    ("norm_settings.none.eps", 1, "no key"),
    (
        "probes.isc",
        {"models": {}},
        "did you mean ics?",
        ", ".join(components.names("probes")),
    ),
    ("probes.ics.bins", 40, "parameters, models"),
    ("probes.ics.models", {"lenet": {"grid": []}}, "'lenet'", "vgg, dln"),
    ("probes.ics.models.vgg.grid[0].norms", ["noise", "l3"], "'l3'"),
    ("probes.ics.models.vgg.grid[0].seeds", [7], "7", f"{VGG['seeds'][0]}, "),
    ("probes.ics.models.vgg.grid[0].steps", [11], "11", f" 0, {NEXT}, "),
    ("probes.ics.models.vgg.grid[0].steps", "every 7", "7", "outside the grid"),
    ("probes.ics.models.vgg.grid[0].learning_rates", [0.3], "0.3", "0.1, 0.5, "),
    ("probes.landscape.models.vgg", {"grid": [{}]}, "step_sizes: missing"),
    ("probes.landscape.models.vgg.step_sizes", [], "1 or more"),
]


@pytest.mark.parametrize(
    ("place", "value", "named"), [(p, v, n) for p, v, *n in MISTAKES]
)
def test_a_mistake_is_named(config, place, value, named):
    path = [
        int(key) if key.isdigit() else key for key in re.findall(r"[^.\[\]]+", place)
    ]
    line = refusal(put(config, path, value))
    assert line.startswith(place)
    assert [text for text in named if text not in line] == [], line


def refusal(config) -> str:
    with pytest.raises(ConfigError) as error:
        checked(config)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def test_steps_are_no_more_than_a_command_line_holds(config):
    config["models"]["vgg"] |= {"steps": 200_000, "evaluations": "every 1"}
    assert refusal(config).startswith("models.vgg.evaluations: ")


def test_the_form_of_a_line(config):
    config["models"]["vgg"]["steps"] = "600"
    assert refusal(config) == (
        "models.vgg.steps: expected an integer, got the string '600'; remove the quotes"
    )


def test_of_many_names_the_nearest_is_in_the_line():
    line = unknown_value("nam25", [f"name{number:02}" for number in range(40)])
    assert len(line.split(", ")) < 20
    assert line.endswith("; did you mean name25?")


# What is removed


def test_a_model_that_is_null_goes_with_its_probes(config):
    expected = copy.deepcopy(config)
    config["models"] |= {"dln": None, "small": copy.deepcopy(SMALL)}
    config["probes"]["ics"]["models"]["small"] = {"grid": [{}]}
    expected["models"] = {"vgg": expected["models"]["vgg"], "small": SMALL}
    for probe in expected["probes"].values():
        probe["models"].pop("dln", None)
    expected["probes"]["ics"]["models"]["small"] = {"grid": [{}]}
    del expected["probes"]["rank"]  # of the DLN alone
    before = copy.deepcopy(config)
    assert checked(config) == checked(expected)
    assert config == before


def test_a_probe_or_its_model_that_is_null_is_not_measured(config):
    config["probes"] |= {"landscape": None}
    config["probes"]["ics"]["models"]["dln"] = None
    full = checked(config)
    assert "landscape" not in full["probes"]
    assert list(full["probes"]["ics"]["models"]) == ["vgg"]
    config["models"] = dict.fromkeys(config["models"])
    assert refusal(config).startswith("models: ")


def test_a_model_without_runs_needs_no_probes_changed(config):
    config["models"]["dln"]["grid"] = []
    full = checked(config)
    assert grid.models(full) == ["vgg"]
    assert {m for p in full["probes"].values() for m in p["models"]} == {"vgg"}
    assert list(full["probes"]) == list(config["probes"])


def test_what_an_alias_repeats_is_filled_in_by_place(config):
    block = {"norms": ["batch"], "steps": "every 400"}
    models = dict.fromkeys(["vgg", "dln"], {"grid": [block]})
    config["probes"] = {"ics": {"models": models}}
    config["models"]["dln"]["checkpoints"] = "every 400"
    config["models"]["vgg"]["checkpoints"] = "every 400"
    probed = checked(config)["probes"]["ics"]["models"]
    assert probed["vgg"]["grid"][0]["steps"] == [0, 400]
    assert probed["dln"]["grid"][0]["steps"] == [0, 400, 800, 1200, 1600, 2000, 2400]


# What is missing


def test_missing_keys_are_named(config):
    del config["models"]["vgg"]["steps"]
    assert refusal(config).startswith("models.vgg.steps: missing")


def test_a_mistake_ends_the_pipeline_with_one_line(config):
    config["stepz"] = 3
    with pytest.raises(SystemExit) as stop:
        validate(config)
    assert str(stop.value).startswith("config: stepz: unknown key")
    assert validate(default()) == checked(default())


def test_a_norm_and_a_rate_that_are_never_trained_together(config):
    config["models"]["vgg"]["grid"].append({"norms": ["l1"], "learning_rates": [0.01]})
    config["probes"]["ics"]["models"]["vgg"]["grid"] = [
        {"norms": ["l1"], "learning_rates": [0.01]}
    ]
    checked(config)
    config["probes"]["ics"]["models"]["vgg"]["grid"][0]["norms"] = ["batch"]
    with pytest.raises(ConfigError, match="norm batch with learning rate 0.01"):
        checked(config)


def test_a_folder_that_takes_no_results_is_named(config, tmp_path, monkeypatch):
    folder = tmp_path / "results"
    monkeypatch.setattr(paths, "root", lambda config: f"{folder}/digits")
    line = f"name: expected a writable folder for {folder}/digits/, got {folder}"
    folder.write_text("a file", encoding="utf-8")
    with pytest.raises(ConfigError, match=line):
        checked(config)
    folder.unlink()
    folder.mkdir()
    assert checked(config)["name"] == "digits"
    # Root may write anywhere, so the answer of a read-only folder is given here.
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(ConfigError, match=line):
        checked(config)


def test_defaults_are_filled_in_and_the_input_is_left_alone(config):
    del config["models"]["vgg"]["network"]
    before = copy.deepcopy(config)
    full = checked(config)
    assert config == before
    assert full["device"] == "cpu"
    assert full["models"]["vgg"]["network"] == {
        "width": 64,
        "initialisation": "glorot_normal",
    }
    assert full["models"]["dln"]["optimiser"]["l2_penalty"] == 0
    assert full["probes"]["activations"]["bins"] == 40
    assert checked(full) == full


def test_steps_may_be_named_by_their_distance(config):
    vgg = config["models"]["vgg"]
    vgg["checkpoints"], vgg["steps"] = "every 200", 500
    vgg["evaluations"] = "every 250"
    for name in ("landscape", "ics", "activations"):
        config["probes"][name]["models"]["vgg"]["grid"] = [{"steps": "every 400"}]
    full = checked(config)
    assert full["models"]["vgg"]["checkpoints"] == [0, 200, 400]
    assert grid.evaluations(full, "vgg") == [0, 250, 500]
    del vgg["evaluations"]
    assert grid.evaluations(checked(config), "vgg") == [0, 200, 400]
    assert full["probes"]["ics"]["models"]["vgg"]["grid"][0]["steps"] == [0, 400]


# What is the user's own


@pytest.mark.parametrize("form", ["{0}", "~/{1}", "$HOME/{1}", "${{PICTURES}}"])
@pytest.mark.parametrize("kind", ["images", "batches", "around batches", "archive"])
def test_a_source_may_be_written_as_in_a_shell(
    config, tmp_path, monkeypatch, form, kind
):
    source = tmp_path / "my pictures"
    for name in ("train", "test") if kind == "images" else ("cifar-10-batches-py",):
        (source / name).mkdir(parents=True)
    for name in ("data_batch_1", "test_batch"):
        (source / "cifar-10-batches-py" / name).touch() if kind != "images" else None
    if kind == "batches":
        source /= "cifar-10-batches-py"
    if kind == "archive":
        source /= "cifar-10-batches-py/test_batch"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PICTURES", str(source))
    written = form.format(source, source.relative_to(tmp_path))
    put(config, ["datasets", "cifar10"], {"source": written})
    full = checked(config)
    assert paths.dataset_settings(full, "cifar10")["source"] == str(source)
    # What is read is an input.
    expected = {
        "images": [source / "train", source / "test"],
        "batches": [source],
        "around batches": [source / "cifar-10-batches-py"],
        "archive": [],
    }
    assert paths.dataset_folders(full, "cifar10") == expected[kind]
    assert paths.dataset_files(full, "cifar10") == [str(source)] * (kind == "archive")


def test_a_source_of_this_very_name_is_not_expanded(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "$HOME").touch()
    put(config, ["datasets", "cifar10"], {"source": "$HOME"})
    assert paths.dataset_settings(checked(config), "cifar10")["source"] == "$HOME"


def test_a_models_key_is_the_users_name(config):
    block = {"norms": ["none", "batch"], "learning_rates": [0.1]}
    model = {"architecture": "vgg", "steps": 9, "checkpoints": [0], "seeds": [0]}
    model["grid"] = [block]
    config["models"] = {
        "small": model | {"network": {"width": 4}},
        "wide": model | {"optimiser": {"name": "Adam"}, "dataset": "cifar10"},
    }
    config["probes"] = {"ics": {"models": {"wide": {"grid": [{"norms": ["batch"]}]}}}}
    full = checked(config)
    small, wide = full["models"]["small"], full["models"]["wide"]
    assert small["network"] == {
        "width": 4,
        "initialisation": "glorot_normal",
    }
    assert wide["network"]["width"] == 64
    defaults = {"batch_size": 128, "l2_penalty": 0}
    assert small["optimiser"] == defaults | {"name": "SGD"}
    assert wide["optimiser"] == defaults | {"name": "Adam"}
    assert paths.data_file(full, "small") == "results/digits/data/digits.safetensors"
    assert paths.data_file(full, "wide") == "results/digits/data/cifar10.safetensors"
    assert grid.cells(full) == [
        grid.Cell(name, norm, "0.1", 0)
        for name in ("small", "wide")
        for norm in ("none", "batch")
    ]
    actual = {cell: grid.probed_steps(full, "ics", cell) for cell in grid.cells(full)}
    assert [cell[:2] for cell, steps in actual.items() if steps] == [("wide", "batch")]
    experiment = Experiment(**description(full))
    models = experiment.models_of("vgg")
    assert [model.name for model in models] == ["small", "wide"]
    assert [model.label for model in models] == ["small", "wide"]
    assert experiment.first_model("accuracy") == models[0]


def test_an_architectures_own_name_has_its_label(config):
    config["models"]["small"] = SMALL
    models = Experiment(**description(checked(config))).models
    assert {m.name: m.label for m in models.values()} == {
        "vgg": "VGG",
        "dln": "DLN",
        "small": "small",
    }
    assert models["small"].layers == (4, 8)  # as ResNets declare


def test_a_model_without_a_grid_is_no_part_of_the_experiment(config):
    config["models"]["small"] = SMALL | {"grid": []}
    config["models"]["dln"]["grid"] = [{"norms": ["l1"], "learning_rates": [1.0e-6]}]
    for probe in config["probes"].values():
        del probe["models"]["dln"]
    described = description(checked(config))
    assert [model["name"] for model in described["models"]] == ["vgg", "dln"]
    assert [norm["name"] for norm in described["norms"]][:2] == ["none", "batch"]


def test_all_settings_of_the_grids_norms_are_filled_in(config):
    config["norm_settings"] = {"l1": {"eps": 0.2}, "noisy_batch": {"eps": 0.1}}
    full = checked(config)
    actual = full["norm_settings"]
    assert actual["l1"] == {"eps": 0.2, "running_momentum": 0.1}
    assert set(actual) == set(grid.norms(full))
    assert actual["none"] == {}
    both = actual["batch"] | actual["noise"]
    assert actual["noisy_batch"] == both | {"eps": 0.1}


def test_jobs_do_not_depend_on_the_order_of_settings(config):
    vgg, arguments = config["models"]["vgg"], set()
    network = vgg["network"]
    for settings in (network, dict(reversed(network.items()))):
        vgg["network"] = settings
        arguments.add(params.as_json(checked(config)["models"]["vgg"]["network"]))
    assert [json.loads(argument) for argument in arguments] == [network]


# The presets


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_presets_are_valid_and_hold_only_what_differs(config, path):
    preset = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert preset["name"] == path.stem
    merged = copy.deepcopy(config)
    update_config(merged, preset)
    assert merged != config
    checked(merged)
    for model, settings in preset["models"].items():
        for key, value in (settings or {}).items():
            assert value != config["models"].get(model, {}).get(key), f"{model}.{key}"


# The grid


def test_cells_are_the_products_of_blocks_each_once(config):
    vgg, config["probes"] = config["models"]["vgg"], {}
    vgg["seeds"] = [10, 11]
    vgg["grid"] = [
        {"norms": ["none", "batch"], "learning_rates": [0.1], "seeds": [10, 11, 12]},
        {"norms": ["l1", "l2"], "learning_rates": [0.1, 0.5]},
        {"norms": ["none", "batch"], "learning_rates": [0.01, 0.1]},
    ]
    config["models"]["dln"]["grid"] = [{"norms": ["l1"], "learning_rates": [1.0e-7]}]
    cells = grid.cells(checked(config))
    vgg_cells = [cell for cell in cells if cell.model == "vgg"]
    assert len(vgg_cells) == len(set(vgg_cells)) == 2 * 1 * 3 + 2 * 2 * 2 + 2 * 1 * 2
    assert grid.Cell("vgg", "none", "0.1", 12) in cells
    assert grid.Cell("vgg", "l2", "0.5", 11) in cells
    assert grid.Cell("vgg", "batch", "0.01", 12) not in cells
    seeds = config["models"]["dln"]["seeds"]
    dln_cells = [grid.Cell("dln", "l1", "1e-07", seed) for seed in seeds]
    assert cells == vgg_cells + dln_cells


def test_a_block_may_have_seeds_of_its_own(config):
    block = {"norms": ["batch"], "learning_rates": [0.01], "seeds": [7, 8]}
    config["models"]["vgg"]["grid"].append(block)
    probed = config["probes"]["ics"]["models"]["vgg"]["grid"]
    probed.append({"norms": ["batch"], "learning_rates": [0.01], "seeds": [7]})
    checked_config = checked(config)
    actual = [c.seed for c in grid.cells(checked_config) if c.lr == "0.01"]
    assert actual == [7, 8]
    probed[-1]["learning_rates"] = [0.1]
    line = refusal(config)
    assert f"grid[{len(probed) - 1}]: " in line
    assert "norm batch with learning rate 0.1 with seed 7" in line


def test_a_probe_without_keys_covers_the_models_grid(config):
    config["probes"]["ics"]["models"] = {"dln": {"grid": [{}]}}
    config = checked(config)
    checkpoints = config["models"]["dln"]["checkpoints"]
    for cell in grid.cells(config):
        expected = checkpoints if cell.model == "dln" else []
        assert grid.probed_steps(config, "ics", cell) == expected


def test_a_learning_rate_may_be_an_integer(config):
    block = {"norms": ["batch"], "learning_rates": [1]}
    config["models"]["vgg"]["grid"].append(block)
    config["probes"]["ics"]["models"] = {"vgg": {"grid": [block]}}
    full = checked(config)
    probed = [c for c in grid.cells(full) if grid.probed_steps(full, "ics", c)]
    seeds = config["models"]["vgg"]["seeds"]
    assert probed == [grid.Cell("vgg", "batch", "1.0", seed) for seed in seeds]


def test_a_probes_block_may_have_settings_of_its_own(config):
    landscape = config["probes"]["landscape"]
    landscape["models"]["vgg"]["grid"] = [
        {"norms": ["none", "batch"], "learning_rates": [0.1]},
        {"norms": ["batch"], "learning_rates": [0.1], "random_directions": 2},
        {"norms": ["batch"], "seeds": [41], "step_sizes": [0.7], "steps": "every 200"},
    ]
    full = checked(config)

    def settings(norm, seed):
        cell = grid.Cell("vgg", norm, "0.1", seed)
        actual = grid.probe_settings(full, "landscape", cell)
        assert set(actual) == {"random_directions", "relative_step_sizes", "step_sizes"}
        return actual["random_directions"], actual["step_sizes"]

    model_step_sizes = landscape["models"]["vgg"]["step_sizes"]
    assert settings("none", 40) == (landscape["random_directions"], model_step_sizes)
    assert settings("batch", 40) == (2, model_step_sizes)
    assert settings("batch", 41) == (2, [0.7])
    landscape["models"]["vgg"]["grid"][1]["random_directions"] = -1
    assert "grid[1].random_directions: " in refusal(config)
