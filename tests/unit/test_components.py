"""Declarations: the settings of components, which are what their code takes."""

import inspect
import shutil
from importlib import import_module
from importlib.util import find_spec

import pytest
import yaml

from experiments import SMALL, default, put, without_starts
from normscape import components, models, norms
from normscape.pipeline.config import checked, description, validate
from normscape.schemas import VALIDATOR, ConfigError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of src/normscape in which the pipeline looks for parts."""
    copy = shutil.copytree(components.FOLDER, tmp_path / "normscape")
    monkeypatch.setattr(components, "FOLDER", copy)
    components.declaration.cache_clear()
    yield copy
    components.declaration.cache_clear()


def declare(folder, **declared):
    """Declare a normaliser "mine", which has no class here."""
    text = yaml.dump({"label": "Mine", "description": "Mine."} | declared)
    (folder / "norms/mine.yaml").write_text(text, encoding="utf-8")
    (folder / "norms/mine.py").write_text("class Norm: ...", encoding="utf-8")


def with_mine(**settings) -> dict:
    """The default config with the norm "mine" in a grid, and these settings of it."""
    config = without_starts()
    config["models"]["dln"]["grid"][0]["norms"].append("mine")
    config["norm_settings"] = {"mine": settings}
    return config


def test_a_label_and_a_description_are_enough(folder):
    declare(folder)
    full = checked(with_mine())
    assert full["norm_settings"]["mine"] == {}
    assert description(full)["norms"][-1] == {
        "name": "mine",
        "label": "Mine",
        "colour": None,
    }
    with pytest.raises(ConfigError, match=r"^norm_settings\.mine\.eps: unknown"):
        checked(with_mine(eps=1))


def test_a_setting_without_a_default_must_be_given(folder):
    declare(folder, settings={"power": {"description": "Of it."}})
    config = with_mine()
    with pytest.raises(ConfigError, match=r"^norm_settings\.mine\.power: missing"):
        checked(config)
    del config["norm_settings"]
    with pytest.raises(ConfigError, match=r"^norm_settings\.mine\.power: missing"):
        checked(config)
    checked(with_mine(power=2))
    checked(default())  # where it is in no grid


@pytest.mark.parametrize(
    ("kind", "like", "place"),
    [
        ("models", "vgg", ["models", "small", "network"]),
        ("datasets", "digits", ["datasets", "mine"]),
        ("optimisers", None, ["models", "small", "optimiser"]),
    ],
)
def test_where_a_mapping_is_left_out_its_settings_without_a_default_are_missed(
    folder, kind, like, place
):
    declared = {"description": "Mine."}
    if like:
        text = (folder / kind / f"{like}.yaml").read_text(encoding="utf-8")
        declared = yaml.safe_load(text)
    declared["settings"] = {"power": {"description": "Of it."}}
    (folder / kind).mkdir(exist_ok=True)
    (folder / kind / "mine.yaml").write_text(yaml.dump(declared), encoding="utf-8")
    (folder / kind / "mine.py").touch()
    config = without_starts()
    unused = checked(config)
    assert checked(unused) == unused
    model = {key: SMALL[key] for key in ("steps", "checkpoints", "seeds", "grid")}
    model["architecture"] = "mine" if kind == "models" else "resnet"
    config["models"]["small"] = model
    if kind == "datasets":
        model["dataset"] = "mine"
    if kind == "optimisers":
        model["optimiser"] = {"name": "mine"}
    with pytest.raises(ConfigError, match=rf"^{'[.]'.join(place)}[.]power: missing"):
        checked(config)
    put(config, [*place, "power"], 2)
    complete = checked(config)
    assert checked(complete) == complete


def test_settings_of_another_part_come_with_their_defaults_and_limits(folder):
    order = {"description": "Of it.", "default": 2}
    declare(folder, settings_of=["batch"], settings={"order": order})
    full = checked(with_mine(eps=0.1))
    expected = components.defaults("norms", "batch") | {"eps": 0.1, "order": 2}
    assert full["norm_settings"]["mine"] == expected
    with pytest.raises(ConfigError, match=r"mine\.eps: .*0"):
        checked(with_mine(eps=0))


LEAST = "label: L1\ndescription: L1.\n"


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [
        ("norms/l1.yaml", "label: [", "norms/l1.yaml: not readable as YAML: "),
        (
            "norms/l1.yaml",
            "labl: L1",
            "norms/l1.yaml: labl: unknown key",
        ),
        (
            "norms/l1.yaml",
            LEAST + "colour: red",
            "norms/l1.yaml: colour: .*'red'",
        ),
        (
            "norms/l1.yaml",
            "",
            "norms/l1.yaml: the file: .*",
        ),
        (
            "norms/l1.yaml",
            "label: 1\ndescription: L1.\n",
            "norms/l1.yaml: label: .*got .*1",
        ),
        (
            "norms/l1.yaml",
            LEAST + "settings_of: [l7]",
            "norms/l1.yaml: settings_of: .* 'l7'",
        ),
        (
            "norms/l1.yaml",
            LEAST + "settings_of: [l1]",
            "norms/l1.yaml: settings_of: .* l1",
        ),
        (
            "norms/l1.yaml",
            LEAST + "settings: {eps: {default: 1}}",
            "norms/l1.yaml: settings.eps.description: missing",
        ),
    ],
)
def test_a_mistake_in_a_declaration_is_one_line(folder, file, text, line):
    (folder / file).write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit, match=line) as stop:
        validate(default())
    assert "\n" not in str(stop.value)


def test_a_part_is_two_files(folder):
    shutil.copy(folder / "models/vgg.yaml", folder / "models/lenet.yaml")
    with pytest.raises(components.DeclarationError, match=r"lenet\.yaml: .*lenet\.py"):
        components.declaration("models", "lenet")


# What is declared is what the code takes


def arguments(function) -> dict:
    """Keyword-only arguments, and whether each has a default."""
    return {
        name: parameter.default is not parameter.empty
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }


def settings_of_measurement(name) -> dict:
    """Of the function that a probe hands its settings on to, without what no probe sets."""
    if not find_spec(f"normscape.measure._{name}"):
        return {}
    function = getattr(import_module(f"normscape.measure._{name}"), name)
    unset = {"seed", "stages", "layers", "direction", "method", "progress"}
    return dict.fromkeys(arguments(function).keys() - unset, False)


def taken(kind, name) -> dict:
    module = import_module(f"normscape.{kind}.{name}")
    if kind == "datasets":
        return arguments(module.load)
    if kind == "probes":
        return arguments(module.measure) or settings_of_measurement(name)
    settings = arguments(module.Norm.__init__)
    if name == "noisy_batch":  # it passes the others on
        settings |= taken("norms", "noise")
    return settings


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (kind, name)
        for kind in ("datasets", "norms", "probes")
        for name in components.names(kind)
    ],
)
def test_the_declared_settings_are_the_arguments_and_defaults_stand_once(kind, name):
    declared = components.declaration(kind, name)
    settings = declared["settings"] | declared.get("model_settings", {})
    if "download" in declared:
        settings = {key: s for key, s in settings.items() if key != "url"}
    if declared.get("drawn_by_seed"):
        settings = settings | {"seed": {}}
    assert dict.fromkeys(settings, False) == taken(kind, name)


@pytest.mark.parametrize("kind", components.KINDS)
def test_defaults_are_what_is_allowed(kind):
    for name in components.names(kind):
        for key, setting in components.declaration(kind, name)["settings"].items():
            if "default" in setting:
                errors = list(VALIDATOR(setting).iter_errors(setting["default"]))
                assert errors == [], (name, key)


@pytest.mark.parametrize("name", components.names("models"))
def test_a_network_takes_all_that_its_declaration_offers(make_data, name):
    class Recorded(dict):
        def __getitem__(self, key):
            asked.add(key)
            return super().__getitem__(key)

    asked = set()
    settings = Recorded(components.defaults("models", name))
    models.build(name, make_data(name), settings, norms.load("none"), 0)
    assert asked == settings.keys()


@pytest.mark.parametrize("kind", components.KINDS)
def test_parts_say_what_they_are(kind):
    """Those of the project have a description, and a label of their own for figures."""
    declared = [components.declaration(kind, name) for name in components.names(kind)]
    assert declared or kind == "optimisers"  # of which torch has enough
    assert all(part["description"].endswith(".") for part in declared)
    if kind in ("models", "norms"):
        assert len({part["label"] for part in declared}) == len(declared)
    if kind == "norms":
        assert len({part["colour"] for part in declared}) == len(declared)


def test_defaults_are_copies():
    components.defaults("probes", "same_function")["ics"].append("folded")
    assert "folded" not in components.defaults("probes", "same_function")["ics"]
