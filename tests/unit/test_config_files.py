"""Config files and the command line: read as YAML says, or refused in one line."""

import json
import shlex
import string
from types import SimpleNamespace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from snakemake_interface_executor_plugins.utils import format_cli_arg

from normscape import strict_yaml
from normscape.pipeline import config_files
from normscape.strict_yaml import YamlError


def refusal(read, *arguments) -> str:
    with pytest.raises(ValueError) as error:
        read(*arguments)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "key", "lines"),
    [
        ("name: a\nmodels: {}\nname: b\n", "name", "1 and 3"),
        ("models:\n  vgg: {}\n  dln: {}\n  'vgg': {}\n", "models.vgg", "2 and 4"),
        ("a: [{b: 1}, {b: 1,\n b: 1}]", "a[1].b", "1 and 2"),
        ("a: {b: {c: 1, c: 1}}", "a.b.c", "1 and 1"),
        ("x: &x {a: 1}\ny:\n  <<: *x\n  <<: *x\n", "y.<<", "3 and 4"),
    ],
)
def test_a_key_stands_once(text, key, lines):
    line = refusal(strict_yaml.parse, text, "my.yaml")
    assert line.startswith(f"my.yaml: {key}: duplicate key on lines {lines}")


def test_merge_keys_and_aliases_are_read():
    text = "x: &x {a: 1, b: 1}\ny: {<<: *x, a: 2}\nz: *x\n"
    assert strict_yaml.parse(text, "my.yaml")["y"] == {"a": 2, "b": 1}


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("010", "10"),
        ("08", "8"),
        ("-007", "-7"),
        ("1_000", "1000"),
        ("0x10", "16"),
        ("0o17", "15"),
        ("0b11", "3"),
        ("1e3", "1000"),
        ("5E-1", "0.5"),
        ("1e-7", "1.0e-07"),
        ("1_0.5", "10.5"),
        ("12:30:00", None),
        ("1:30", None),
        ("2024-05-01", None),
        ("2024-05-01 12:00:00", None),
        ("on", "true"),
        ("No", "false"),
        ("=", None),
    ],
)
def test_a_value_that_readers_take_for_two_is_refused(value, number):
    line = refusal(strict_yaml.parse, f"a:\n- 1\n- {value}\n", "my.yaml")
    assert line.startswith("my.yaml: a[1]: ")
    assert f'"{value}"' in line
    assert "(line 3)" in line
    if number:
        assert f"write {number}, " in line
        assert isinstance(yaml.safe_load(number), bool | int | float)
    assert strict_yaml.parse(f'a: "{value}"', "my.yaml") == {"a": value}
    assert f'"{value}"' in refusal(strict_yaml.parse, f"{value}: 1", "my.yaml")


@given(st.text("0123456789_.:-+eExoabTZ ynfr~", min_size=1, max_size=9))
def test_what_is_accepted_is_what_both_versions_of_yaml_say(text):
    try:
        value = strict_yaml.parse(f"a: {text}", "my.yaml")["a"]
    except YamlError:
        return
    assert value == yaml.safe_load(f"a: {text}")["a"]
    assert isinstance(value, bool | int | float | str | None)
    if isinstance(value, str) and text.strip():
        # No number to a reader of YAML 1.2.
        with pytest.raises(ValueError):
            json.loads(text)


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
        b"a: " + b"[" * 2000 + b"]" * 2000,
        b"a: " + b"9" * 5000,
        "name: é\n".encode("latin-1"),
        "name: a\n".encode("utf-16"),
        "name: a\n".encode("utf-16-le"),
    ],
)
def test_what_is_no_config_is_one_line_that_names_the_file(tmp_path, content):
    path = tmp_path / "my.yaml"
    path.write_bytes(content)
    assert refusal(config_files.read, [path]).startswith(f"{path}: ")


def test_a_file_that_is_not_there_is_named(tmp_path):
    for path in (tmp_path, tmp_path / "my.yaml"):
        assert refusal(config_files.read, [path]).startswith(f"{path}: ")


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path):
    for name, text in (("my.yaml", "name: a\n"), ("my.json", '{"name": "a"}')):
        (tmp_path / name).write_text(text, encoding="utf-8-sig")
        assert config_files.read([tmp_path / name]) == {"name": "a"}


# The command line


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("key=true", True),
        ("key=null", None),
        ("key=", None),
        ("key=3", 3),
        ('key="2024"', "2024"),
        ("key=2024", 2024),
        ("key={vgg: {steps: 7, network: {width: null}}}", ...),
        ("key=a=b", "a=b"),
        ("key={'a': [1, 0.5, 'b']}", {"a": [1, 0.5, "b"]}),
    ],
)
def test_an_entry_means_what_yaml_says(entry, value):
    if value is ...:
        value = {"vgg": {"steps": 7, "network": {"width": None}}}
    assert config_files.read([], [entry]) == {"key": value}
    # As Snakemake hands it on to the jobs of a cluster.
    handed_on = shlex.split(format_cli_arg("--config", [entry]))
    assert config_files.read([], handed_on[1:]) == {"key": value}


def test_an_entry_that_is_ambiguous_is_named():
    for text in ("yes", "010", "{a: 1, a: 2}", "{a: ["):
        assert refusal(config_files.read, [], [f"key={text}"]).startswith(
            "--config key"
        )


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
    default.write_text("name: a\nname: b\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="name: duplicate key"):
        load([mine], [], False)
