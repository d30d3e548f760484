"""Generated configs: bad ones are refused with one line, valid ones are accepted."""

import copy
import math
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments import SMALL, put, without_starts
from normscape import components
from normscape.pipeline import config_schema, grid, torch_optimisers
from normscape.pipeline.config import checked
from normscape.schemas import ConfigError

# With every key that has a default, and a network under a user's name with every norm.
GRID = [{"norms": components.names("norms"), "learning_rates": [0.1]}]
GIVEN = put(
    without_starts(),
    ["models", "small"],
    SMALL | {"grid": GRID, "optimiser": {"name": "Adam", "amsgrad": True}},
)
for probe in components.names("probes"):
    sizes = {"step_sizes": [0.1]} if probe == "same_function" else {}
    probed = {"models": {"dln": {"grid": [{}]} | sizes}}
    GIVEN["probes"].setdefault(probe, probed)
CONFIG = checked(GIVEN)
SCHEMA = config_schema.for_config(CONFIG)

# Of no type that any key allows, or outside all limits.
NONSENSE = st.one_of(
    st.just(math.nan),
    st.just(math.inf),
    st.just(-1),
    st.just(-0.5),
    st.just([[]]),
    st.just([{"a": []}]),
    st.just({"": 0}),
    st.dictionaries(st.integers(), st.integers(), min_size=1, max_size=2),
    st.text(st.sampled_from(string.punctuation + " \n\u2028é"), min_size=1, max_size=9),
)


def resolved(part):
    while "$ref" in part:
        name = part["$ref"].removeprefix("#/$defs/")
        part = {k: v for k, v in part.items() if k != "$ref"} | SCHEMA["$defs"][name]
    return part


def places(value, part=SCHEMA, path=()):
    """Paths of all places in a config, with the schema's part for each."""
    part = resolved(part)
    yield path, part
    if isinstance(value, dict):
        for key, child in value.items():
            below = part.get("properties", {}).get(
                key, part.get("additionalProperties")
            )
            assert isinstance(below, dict), f"the schema lacks {shown((*path, key))}"
            yield from places(child, below, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from places(child, part.get("items", {}), (*path, index))


def shown(path) -> str:
    text = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path)
    return text.removeprefix(".")


PLACES = {path: part for path, part in places(CONFIG) if path}


def refusal(config) -> str:
    with pytest.raises(ConfigError) as refused:
        checked(config)
    line = str(refused.value)
    assert len(line.splitlines()) == 1, line
    assert len(line) < 400, line
    return line


def test_the_places_cover_every_part():
    for part in (
        ("datasets", "cifar10", "checksum"),
        ("models", "small", "optimiser", "amsgrad"),
        ("norm_settings", "noisy_batch", "mean_shift"),
        ("probes", "landscape", "models", "dln", "step_sizes", 0),
    ):
        assert part in PLACES
    for kind, key in (("norms", "norm_settings"), ("probes", "probes")):
        assert {(key, name) for name in components.names(kind)} <= PLACES.keys()


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(list(PLACES)), NONSENSE)
def test_nonsense_anywhere_is_refused_by_its_key(path, nonsense):
    # A line may name a key above (a seed that is nowhere trained) or below (the part
    # of a list that is wrong), but on the same way.
    config = put(copy.deepcopy(CONFIG), path, nonsense)
    key = refusal(config).split(": ")[0]
    wrong = shown(path)
    assert key.startswith(wrong) or wrong.startswith(key), (key, wrong)


NAMES = st.text(string.ascii_lowercase + "_", min_size=1, max_size=12)
MAPPINGS = [p for p, part in PLACES.items() if part.get("type") == "object"]
OF_USERS_NAMES = [
    ("models",),
    *[("probes", name, "models") for name in CONFIG["probes"]],
]


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from([path for path in MAPPINGS if path not in OF_USERS_NAMES]), NAMES
)
def test_unknown_keys_are_refused_by_their_name(path, name):
    if name in PLACES[path]["properties"]:
        return
    config = put(copy.deepcopy(CONFIG), (*path, name), 1)
    assert f"{shown(path)}.{name}: unknown key; " in refusal(config)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([path for path in PLACES if isinstance(path[-1], str)]))
def test_a_missing_key_is_filled_in_or_named(path):
    config = copy.deepcopy(CONFIG)
    *parents, last = path
    place = config
    for key in parents:
        place = place[key]
    del place[last]
    try:
        full = checked(config)
    except ConfigError as error:
        assert last in str(error) or "outside the grid" in str(error)
    else:
        assert full.keys() >= CONFIG.keys() - {path[0]}


LRS = st.floats(1e-9, 1e3).map(lambda lr: float(f"{lr:.9g}"))


@settings(max_examples=100, deadline=None)
@given(
    steps=st.integers(1, 10**6),
    checkpoints=st.sets(st.floats(0, 1), min_size=1, max_size=8),
    seeds=st.sets(st.integers(0, 2**32 - 1), min_size=1, max_size=4),
    norms=st.sets(st.sampled_from(components.names("norms")), min_size=1),
    lrs=st.sets(LRS, min_size=1, max_size=4),
    width=st.integers(1, 512),
    device=st.sampled_from(["cpu", "cuda", "mps", "auto"]),
    optimiser=st.sampled_from(torch_optimisers.names()),
    name=st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,12}", fullmatch=True),
)
def test_valid_ones_are_accepted(
    steps, checkpoints, seeds, norms, lrs, width, device, optimiser, name
):
    config = without_starts()
    config["device"] = device
    vgg = config["models"].pop("vgg")
    vgg["architecture"] = "vgg"
    vgg["network"]["width"] = width
    vgg["optimiser"] = {"name": optimiser}
    vgg["steps"] = steps
    vgg["checkpoints"] = sorted({round(share * steps) for share in checkpoints})
    vgg["seeds"] = sorted(seeds)
    vgg["grid"] = [{"norms": sorted(norms), "learning_rates": sorted(lrs)}]
    config["models"] = {name: vgg}
    for probe in config["probes"].values():
        probe["models"] = {name: probe["models"].get("vgg", {}) | {"grid": [{}]}}
    full = checked(config)
    cells = grid.cells(full)
    assert len(cells) == len(norms) * len(lrs) * len(seeds)
    assert {float(cell.lr) for cell in cells} == lrs
    assert {cell.model for cell in cells} == {name}
    assert full["models"][name]["optimiser"]["name"] == optimiser
