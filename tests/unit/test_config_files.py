"""Config files and the command line: read as YAML 1.2 says, or refused in one line."""

import json
import shlex
import string
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from snakemake_interface_executor_plugins.utils import format_cli_arg

from normscape import strict_yaml
from normscape.pipeline import config_files


def refusal(read, *arguments) -> str:
    with pytest.raises(ValueError) as error:
        read(*arguments)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "key", "lines"),
    [
        ("name: a\nmodels: {}\nname: b\n", "name", (1, 3)),
        ("models:\n  vgg: {}\n  dln: {}\n  'vgg': {}\n", "vgg", (2, 4)),
        ("a: [{b: 1}, {c: 1,\n c: 1}]", "c", (1, 2)),
        ("x: &x {a: 1}\ny:\n  <<: *x\n  <<: *x\n", "<<", (3, 4)),
    ],
)
def test_a_key_stands_once(text, key, lines):
    line = refusal(strict_yaml.parse, text, "my.yaml")
    assert line.startswith("my.yaml: ")
    assert f"key {key}, as on line {lines[0]};" in line
    assert f"(line {lines[1]})" in line


def test_merge_keys_and_aliases_are_read():
    text = "x: &x {a: 1, b: 1}\ny: {<<: *x, a: 2}\nz: *x\n"
    assert strict_yaml.parse(text, "my.yaml")["y"] == {"a": 2, "b": 1}


@given(st.text("0123456789_.:-+eExoabTZ ynfr~", min_size=1, max_size=9))
def test_a_plain_number_or_constant_is_that_of_json(text):
    try:
        value = strict_yaml.parse(f"a: {text}", "my.yaml")["a"]
    except strict_yaml.YamlError:
        return
    try:
        expected = json.loads(text)
    except ValueError:
        # YAML 1.2 also has numbers with a plus or a point at either end, and other nulls.
        assert isinstance(value, str) or value is None or value == float(text)
    else:
        assert value == expected and type(value) is type(expected)


@pytest.mark.parametrize(
    "text",
    [
        "010",
        "08",
        "1_000",
        "0x10",
        "0o17",
        "0b11",
        "12:30:00",
        "2024-05-01",
        "on",
        "No",
    ],
)
def test_what_only_yaml_1_1_converts_is_a_string(text):
    assert strict_yaml.parse(f"{{a: {text}, {text}: 1}}", "") == {"a": text, text: 1}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(string.ascii_letters, min_size=1), VALUES))
def test_json_is_read_as_json(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "value.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    assert strict_yaml.read(path) == value


def test_in_json_a_key_stands_once(tmp_path):
    path = tmp_path / "my.json"
    path.write_text('{"models": {"vgg": {}, "vgg": {}}}', encoding="utf-8")
    line = refusal(strict_yaml.read, path)
    assert line.startswith(f"{path}: ")
    assert "'vgg'" in line


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"# later\n",
        b"- a\n",
        b"3\n",
        b"name: a\n---\nname: b\n",
        b"models:\n\tvgg: 1\n",
        b"a: [1\n",
        b"a: *b\n",
        b"a: &a [*a]\n",
        b"a: !!set {b}\n",
        b"a: !!python/name:os.system {}\n",
        b"? [a]\n: 1\n",
        b"8: 1\n",
        b"a: " + b"9" * 5000,
        "name: é\n".encode("latin-1"),
        "name: a\n".encode("utf-16"),
        "name: a\n".encode("utf-16-le"),
        None,
    ],
)
def test_what_is_no_config_is_one_line_that_names_the_file(tmp_path, content):
    path = tmp_path / "my.yaml"
    if content is not None:
        path.write_bytes(content)
    assert refusal(config_files.read, [path]).startswith(f"{path}: ")


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path):
    for name, text in (("my.yaml", "name: a\n"), ("my.json", '{"name": "a"}')):
        (tmp_path / name).write_text(text, encoding="utf-8-sig")
        assert config_files.read([tmp_path / name]) == {"name": "a"}


# The command line


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("null", None),
        ("", None),
        ("3", 3),
        ("1e-3", 0.001),
        ('"2024"', "2024"),
        ("{vgg: {steps: 7, width: null}}", {"vgg": {"steps": 7, "width": None}}),
        ("a=b", "a=b"),
        ("{'a': [1, 0.5, 'b']}", {"a": [1, 0.5, "b"]}),
    ],
)
def test_an_entry_means_what_yaml_says(text, value):
    assert config_files.read([], [f"key={text}"]) == {"key": value}
    # As Snakemake hands it on to the jobs of a cluster.
    handed_on = shlex.split(format_cli_arg("--config", [f"key={text}"]))
    assert config_files.read([], handed_on[1:]) == {"key": value}


@pytest.mark.parametrize("text", ["{a: 1, a: 2}", "{a: ["])
def test_an_entry_that_cannot_be_read_is_named(text):
    line = refusal(config_files.read, [], [f"key={text}"])
    assert line.startswith("--config key")


def write(folder, *contents) -> list:
    paths = [folder / f"{number}.yaml" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_text(content, encoding="utf-8")
    return paths


def test_later_files_and_entries_extend_earlier_ones(tmp_path):
    files = write(tmp_path, "{name: a, models: {vgg: {steps: 1}}}", "models: {dln: {}}")
    read = config_files.read(files, ["models={vgg: {steps: 2}}", "name=b"])
    assert read == {"name": "b", "models": {"vgg": {"steps": 2}, "dln": {}}}


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ("models: {vgq: null}", "models.vgq"),
        ("probes: {isc: null}", "probes.isc"),
        ("probes: {ics: {models: {vgq: null}}}", "probes.ics.models.vgq"),
    ],
)
def test_a_null_that_removes_nothing_is_named(tmp_path, changes, key):
    default = "{models: {vgg: {}}, probes: {ics: {models: {vgg: {}}}}}"
    files = write(tmp_path, default, changes)
    assert refusal(config_files.read, files).startswith(f"{files[1]}: {key}: ")
    known = changes.replace("vgq", "vgg").replace("isc", "ics")
    config_files.read(write(tmp_path, default, known))


def test_the_workflows_config_is_extended_or_replaced(tmp_path):
    default, mine = write(tmp_path, "{name: a, device: cpu}", "name: b")

    def load(files, entries, replace):
        settings = SimpleNamespace(
            configfiles=files, config_args=entries, replace_workflow_config=replace
        )
        return config_files.load(default, settings)

    assert load([], [], False) == {"name": "a", "device": "cpu"}
    assert load([mine], [], False) == {"name": "b", "device": "cpu"}
    assert load([mine], ["name=c"], True) == {"name": "c"}
    assert load([], [], True) == {"name": "a", "device": "cpu"}
    default.write_text("name: [\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=str(default)):
        load([mine], [], False)
