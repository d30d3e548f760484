"""Generated configs: bad ones are refused with one line, valid ones are accepted."""

import copy
import math
import string

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from workflow.validation import SCHEMA, ConfigError, checked, validate_config

from workflow import grid

with open("config.yaml") as _file:
    CONFIG = yaml.safe_load(_file)
_SCHEMA = yaml.safe_load(SCHEMA.read_text())

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
    if "$ref" in part:
        part = part | _SCHEMA["$defs"][part["$ref"].removeprefix("#/$defs/")]
    return part


def places(value, part=_SCHEMA, path=()):
    """Paths of all places in a config, with the schema's part for each."""
    part = resolved(part)
    part = resolved(part)  # some refer on
    yield path, part
    if isinstance(value, dict):
        for key, child in value.items():
            below = part.get("properties", {}).get(
                key, part.get("additionalProperties")
            )
            if isinstance(below, dict):
                yield from places(child, below, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from places(child, part.get("items", {}), (*path, index))


PLACES = sorted(
    (path for path, _ in places(CONFIG) if path), key=lambda path: list(map(str, path))
)


def changed(path, value):
    config = copy.deepcopy(CONFIG)
    *parents, last = path
    place = config
    for key in parents:
        place = place[key]
    place[last] = value
    return config


def refusal(config) -> str:
    with pytest.raises(SystemExit) as stop:
        validate_config(config)
    line = str(stop.value)
    assert line.startswith("config: ")
    assert len(line.splitlines()) == 1, line
    assert len(line) < 400, line
    return line


def shown(path) -> str:
    text = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path)
    return text.removeprefix(".")


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(PLACES), NONSENSE)
def test_nonsense_anywhere_is_refused_by_its_key(path, nonsense):
    # A line may name a key above (a seed that is nowhere trained) or below (the part
    # of a list that is wrong), but on the same way.
    key = refusal(changed(path, nonsense)).removeprefix("config: ").split(": ")[0]
    wrong = shown(path)
    assert key.startswith(wrong) or wrong.startswith(key), (key, wrong)


NAMES = st.text(string.ascii_lowercase + "_", min_size=1, max_size=12)
MAPPINGS = [
    path
    for path, part in places(CONFIG)
    if part.get("additionalProperties") is False and path
]


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(MAPPINGS), NAMES)
def test_unknown_keys_are_refused_by_their_name(path, name):
    config = copy.deepcopy(CONFIG)
    place, part = config, _SCHEMA
    for key in path:
        place = place[key]
    part = next(part for other, part in places(CONFIG) if other == path)
    if name in part["properties"]:
        return
    place[name] = 1
    assert f"{shown(path)}.{name}: unknown key" in refusal(config)


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


LRS = st.floats(1e-9, 1e3)


@settings(max_examples=100, deadline=None)
@given(
    steps=st.integers(1, 10**6),
    checkpoints=st.sets(st.floats(0, 1), min_size=1, max_size=8),
    seeds=st.sets(st.integers(0, 2**32 - 1), min_size=1, max_size=4),
    norms=st.sets(st.sampled_from(grid.available("norms")), min_size=1),
    lrs=st.sets(LRS, min_size=1, max_size=4),
    width=st.integers(1, 512),
    device=st.sampled_from(["cpu", "cuda", "mps", "auto"]),
)
def test_valid_ones_are_accepted(steps, checkpoints, seeds, norms, lrs, width, device):
    config = copy.deepcopy(CONFIG)
    config["device"] = device
    vgg = config["models"]["vgg"]
    vgg["network"]["width"] = width
    vgg["steps"] = steps
    vgg["checkpoints"] = sorted({round(share * steps) for share in checkpoints})
    vgg["seeds"] = sorted(seeds)
    vgg["grid"] = [{"norms": sorted(norms), "learning_rates": sorted(lrs)}]
    for probe in config["probes"].values():
        probe["models"]["vgg"]["grid"] = [{}]
    cells = [cell for cell in grid.cells(checked(config)) if cell.model == "vgg"]
    assert len(cells) == len(norms) * len(lrs) * len(seeds)
    assert {float(cell.lr) for cell in cells} == lrs
