"""The config's mistakes: each one line that names the key and what is allowed."""

import copy
import math
import re
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config
from workflow.validation import SCHEMA, ConfigError, checked

from workflow import grid


@pytest.fixture
def config():
    with open("config.yaml") as file:
        return yaml.safe_load(file)


def put(config, path, value):
    *parents, last = path
    for part in parents:
        config = config[part]
    config[last] = value


GRID = ["models", "vgg", "grid", 0]
ICS = ["probes", "ics", "models", "vgg", "grid", 0]

MISTAKES = [
    (["modls"], {}, r"modls: unknown key; allowed are name, .*models"),
    (
        ["models", "vgg", "stepz"],
        3,
        r"models\.vgg\.stepz: unknown key; allowed .*steps",
    ),
    (
        ["models", "vgg", "steps"],
        "500",
        r"models\.vgg\.steps: found the text '500'.*500",
    ),
    (
        ["models", "vgg", "steps"],
        0,
        r"models\.vgg\.steps: found 0, allowed is at least 1",
    ),
    (["models", "vgg", "steps"], 9.5, r"models\.vgg\.steps: found 9.5.*whole number"),
    (["models", "vgg", "steps"], True, r"models\.vgg\.steps: found True.*whole number"),
    (["models", "resnet"], {}, r"models\.resnet: unknown key; allowed are vgg, dln"),
    (["models"], None, r"models: found nothing, allowed is a mapping"),
    (["models"], 3, r"models: found 3, allowed is a mapping"),
    (["name"], "a/b", r"name: found the text 'a/b', allowed are letters"),
    (
        ["datasets", "cifar10"],
        {"source": "nowhere/cifar.tar.gz"},
        r"cifar10\.source: found 'nowhere/cifar.tar.gz', which is not there; allowed .*",
    ),
    (
        ["datasets", "cifar10"],
        {"source": "docs"},
        r"cifar10\.source: found the folder 'docs' without train/, allowed .*",
    ),
    (["datasets", "cifar10"], {"checksum": "abc"}, r"cifar10\.checksum: found .*'abc'"),
    (["datasets", "cifar10"], {"url": "ftp://x"}, r"cifar10\.url: found .*'ftp://x'"),
    (["device"], "gpu", r"device: found the text 'gpu', allowed are cpu, cuda, mps"),
    (["threads"], -1, r"threads: found -1, allowed is at least 1"),
    ([*GRID, "norms", 0], "bach", r"vgg\.grid\[0\]\.norms\[0\]: found 'bach', .*batch"),
    ([*GRID, "norms", 0], 3, r"vgg\.grid\[0\]\.norms\[0\]: found 3, allowed is a text"),
    ([*GRID, "norms"], [], r"vgg\.grid\[0\]\.norms: found an empty list"),
    ([*GRID, "norms"], ["l1", "l1"], r"grid\[0\]\.norms: found the text 'l1' twice"),
    (
        [*GRID, "learning_rates", 0],
        "1e-3",
        r"learning_rates\[0\]: found the text '1e-3', .*a finite number; .*write 0\.001",
    ),
    ([*GRID, "learning_rates", 0], 0, r"learning_rates\[0\]: found 0, .*more than 0"),
    (
        [*GRID, "learning_rates", 0],
        math.inf,
        r"learning_rates\[0\]: found inf, .*finite",
    ),
    (
        [*GRID, "learning_rates", 0],
        math.nan,
        r"learning_rates\[0\]: found nan, .*finite",
    ),
    (
        ["models", "vgg", "checkpoints"],
        [0, 501],
        r"models\.vgg\.checkpoints\[1\]: found 501, .*models\.vgg\.steps = 500",
    ),
    (
        ["models", "vgg", "evaluations"],
        [501],
        r"models\.vgg\.evaluations\[0\]: found 501, .*models\.vgg\.steps = 500",
    ),
    (
        ["models", "vgg", "checkpoints"],
        "every 0",
        r"models\.vgg\.checkpoints: found the text 'every 0', allowed are a list of s",
    ),
    (
        ["models", "vgg", "checkpoints"],
        10,
        r"models\.vgg\.checkpoints: found 10, allowed is a list or a text",
    ),
    ([*ICS, "steps"], "every 7", r"grid\[0\]\.steps: found 7, outside .*allowed are 0"),
    (["keep_checkpoints"], "no", r"keep_checkpoints: found the text 'no', .*true or f"),
    (
        ["models", "vgg", "network", "initialisation"],
        "xavier",
        r"initialisation: found the text 'xavier', allowed are he_normal, .*glorot",
    ),
    (
        [*ICS, "norms"],
        ["noise", "l3"],
        r"ics\.models\.vgg\.grid\[0\]\.norms: found 'l3'",
    ),
    ([*ICS, "seeds"], [7], r"grid\[0\]\.seeds: found 7, outside .*allowed are 0, 1, 2"),
    (
        [*ICS, "steps"],
        [11],
        r"grid\[0\]\.steps: found 11, outside .*allowed are 0, 10, ",
    ),
    ([*ICS, "learning_rates"], [0.2], r"learning_rates: found 0\.2, .*are 0\.1, 0\.5"),
    (
        ["probes", "ics", "models", "resnet"],
        {"grid": []},
        r"probes\.ics\.models: found the text 'resnet', allowed are vgg, dln",
    ),
    (
        ["probes", "landscape", "models", "vgg", "step_sizes"],
        [],
        r"probes\.landscape\.models\.vgg\.step_sizes: found an empty list",
    ),
    (["norm_settings"], {"l7": {}}, r"norm_settings\.l7: unknown normaliser; allowed"),
    (
        ["norm_settings"],
        {"l1": {"centered": True}},
        r"norm_settings\.l1\.centered: unknown key; allowed are centred, eps",
    ),
]


@pytest.mark.parametrize(("path", "value", "line"), MISTAKES)
def test_a_mistake_is_named(config, path, value, line):
    put(config, path, value)
    with pytest.raises(ConfigError) as error:
        checked(config)
    assert "\n" not in str(error.value)
    assert re.search(line, str(error.value)), str(error.value)


def test_missing_keys_are_named(config):
    del config["models"]["vgg"]["steps"]
    with pytest.raises(ConfigError, match=r"models\.vgg\.steps: missing"):
        checked(config)


def test_a_norm_and_a_rate_that_are_never_trained_together(config):
    config["models"]["vgg"]["grid"].append({"norms": ["l1"], "learning_rates": [0.01]})
    config["probes"]["ics"]["models"]["vgg"]["grid"] = [
        {"norms": ["l1"], "learning_rates": [0.01]}
    ]
    checked(config)
    config["probes"]["ics"]["models"]["vgg"]["grid"][0]["norms"] = ["batch"]
    with pytest.raises(ConfigError, match="norm 'batch' with learning rate 0.01"):
        checked(config)


def test_a_folder_that_takes_no_results_is_named(config, tmp_path, monkeypatch):
    folder = tmp_path / "results"
    monkeypatch.setattr(grid, "root", lambda config: f"{folder}/digits")
    line = f"name: results go to {folder}/digits/, but {folder} cannot be written to"
    folder.write_text("a file")
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
        "fc_widths": [],
        "initialisation": "glorot_normal",
    }
    assert full["models"]["dln"]["optimiser"]["momentum"] == 0
    assert full["probes"]["activations"]["bins"] == 40
    assert checked(full) == full


def test_steps_may_be_named_by_their_distance(config):
    vgg = config["models"]["vgg"]
    vgg["checkpoints"], vgg["steps"] = "every 200", 500
    for probe in config["probes"].values():
        probe["models"]["vgg"]["grid"] = [{"steps": "every 400"}]
    full = checked(config)
    assert full["models"]["vgg"]["checkpoints"] == [0, 200, 400]
    assert grid.evaluations(full, "vgg") == [0, 200, 400]
    assert full["probes"]["ics"]["models"]["vgg"]["grid"][0]["steps"] == [0, 400]


def test_every_key_of_the_schema_has_a_description():
    schema = yaml.safe_load(SCHEMA.read_text())

    def check(part, path):
        if "$ref" in part:
            return
        assert part.get("description"), path
        for name, child in part.get("properties", {}).items():
            check(child, f"{path}.{name}")
        if isinstance(part.get("additionalProperties"), dict):
            check(part["additionalProperties"], f"{path}.*")

    check(schema, "config")
    for name, part in schema["$defs"].items():
        check(part, name)


def test_the_schemas_defaults_are_the_codes():
    """A default stands in the schema for the reader and in the code for the rest."""
    import inspect

    from normscape import norms

    schema = yaml.safe_load(SCHEMA.read_text())
    settings = schema["properties"]["norm_settings"]["properties"]
    definitions = schema["$defs"]

    def resolve(part):
        reference = part.get("$ref")
        return definitions[reference.removeprefix("#/$defs/")] if reference else part

    assert set(settings) == set(grid.available("norms"))
    for name, part in settings.items():
        properties = resolve(part).get("properties", {})
        parameters = {}
        for cls in reversed(norms.load(name).__mro__[:2]):
            parameters |= dict(inspect.signature(cls).parameters)
        for key, described in properties.items():
            if name == "noisy_batch" and key != "placement":
                continue  # passed on to noise
            assert parameters[key].default == resolve(described)["default"], (name, key)


# The presets


@pytest.mark.parametrize("path", sorted(Path("workflow/presets").glob("*.yaml")))
def test_presets_are_valid_and_hold_only_what_differs(config, path):
    preset = yaml.safe_load(path.read_text())
    assert preset["name"] == path.stem
    merged = copy.deepcopy(config)
    update_config(merged, preset)
    assert merged != config
    checked(merged)
    for model, settings in preset["models"].items():
        for key, value in settings.items():
            assert value != config["models"][model].get(key), f"{model}.{key}"


# The grid


def test_cells_are_the_products_of_blocks_each_once(config):
    config["models"]["vgg"]["grid"].append(
        {"norms": ["none", "batch"], "learning_rates": [0.01, 0.1]}
    )
    cells = grid.cells(checked(config))
    vgg = [cell for cell in cells if cell.model == "vgg"]
    assert len(vgg) == len(set(vgg)) == 7 * 2 * 3 + 2 * 1 * 3
    assert grid.Cell("dln", "linf", "1e-07", 2) in cells


def test_a_probe_without_keys_covers_the_models_grid(config):
    config["probes"]["ics"]["models"] = {"dln": {"grid": [{}]}}
    config = checked(config)
    checkpoints = config["models"]["dln"]["checkpoints"]
    for cell in grid.cells(config):
        expected = checkpoints if cell.model == "dln" else []
        assert grid.probed_steps(config, "ics", cell) == expected


def test_the_closure_holds_what_is_imported_and_no_more():
    code = grid.closure("probe_ics.py", "normscape/norms/noisy_batch.py")
    for name in ("probes/ics", "run", "vectors", "norms/noise", "norms/batch"):
        assert f"src/normscape/{name}.py" in code
    assert "src/normscape/norms/__init__.py" in code
    for name in ("probes/landscape", "norms/l1", "training", "summaries"):
        assert f"src/normscape/{name}.py" not in code
    assert not [path for path in code if "figures" in path]
    assert "src/normscape/command_line.py" in grid.closure("collect.py")
    assert "src/figures/panels.py" in grid.closure("figures/fig04_landscape.py")


def test_the_closure_is_what_python_loads(tmp_path):
    """Against the interpreter: the modules that a script really imports."""
    import subprocess
    import sys

    script = (
        "import sys; sys.path.insert(0, 'src')\n"
        "import train, probe_ics, normscape.training, normscape.probes.ics\n"
        "import normscape.checkpoints, normscape.columns, normscape.manifests\n"
        "import normscape.progress, normscape.resume\n"
        "print(*(m.__file__ for n, m in sys.modules.items() if n.split('.')[0]"
        " in ('normscape', 'train', 'probe_ics')), sep='\\n')"
    )
    out = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    loaded = {"src/" + line.split("/src/")[1] for line in out.split()}
    assert loaded == set(grid.closure("train.py", "probe_ics.py"))
