"""What is looked up by name: a mistake in it is one line, before any job."""

import re
import shutil
from pathlib import Path

import pytest

from normscape import code, components
from normscape.pipeline import catalogue, component_checks, paths

CACHES = (
    components.declaration,
    components.probe_of,
)


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A copy of the library in which the look-ups look."""
    source = tmp_path / "src"
    shutil.copytree(code.SRC / "normscape", source / "normscape")
    for module in (code, catalogue, paths, component_checks):
        monkeypatch.setattr(module, "SRC", source)
    monkeypatch.setattr(component_checks, "_LIBRARY", source / "normscape")
    monkeypatch.setattr(components, "FOLDER", source / "normscape")
    for cache in CACHES:
        cache.cache_clear()
    yield source / "normscape"
    for cache in CACHES:
        cache.cache_clear()


def test_all_is_well(library):
    component_checks.check_components()


@pytest.mark.parametrize(
    ("file", "old", "new", "line"),
    [
        ("norms/batch.py", "class Norm", "class Norm(", "line .* is not Python: "),
        (
            "models/vgg.yaml",
            "dataset: digits",
            "dataset: digit",
            "dataset: .*'digit'",
        ),
        (
            "models/vgg.yaml",
            "dataset: digits",
            "dataset: gaussian",
            "dataset: .*'gaussian'",
        ),
        (
            "models/dln.yaml",
            "quantity: final_loss",
            "quantity: last_loss",
            "left_chance.quantity: .*'last_loss'",
        ),
        ("probes/ics.yaml", "  ics:\n", "  landscape:\n", "table landscape: "),
        ("probes/ics.yaml", "  ics:\n", "  history:\n", "table history: "),
        ("probes/ics.yaml", "  ics:\n", "  runs:\n", "table runs: "),
        (
            "probes/ics.yaml",
            "    layer: ",
            "    step: ",
            "tables.ics.step: expected another name",
        ),
        (
            "figures/fig01_training_curves.py",
            "TABLES = ",
            "TABLE = ",
            "TABLES: missing",
        ),
        (
            "figures/fig01_training_curves.py",
            '"evaluation"',
            '"evaluations"',
            "TABLES: .*'evaluations'",
        ),
        (
            "figures/fig01_training_curves.py",
            '"""Figure',
            'a = """',
            "expected a docstring",
        ),
        ("summaries/runs.py", '("history", ', '("story", ', "TABLES: .*'story'"),
        ("norms/batch.yaml", "type: number", "type: nmber", "settings.eps.type: "),
        (
            "norms/batch.yaml",
            "default: 0.1",
            "default: 7",
            "settings.running_momentum: .*got .*7",
        ),
    ],
)
def test_a_mistake_is_one_line(library, file, old, new, line):
    path = library / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(components.DeclarationError) as error:
        component_checks.check_components()
    message = str(error.value)
    assert "\n" not in message
    # Of two files that write one table, the line names either first.
    name = r"\w+\.\w+" if line.startswith("table ") else Path(file).name
    assert re.match(rf".*/{name}: {line}", message), message
    assert Path(file).name in message or "training" in message


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("norms/batch.py", "class Norm"),
        ("models/vgg.py", "def build"),
        ("datasets/digits.py", "def load"),
        ("probes/ics.py", "def measure"),
        ("figures/fig04_landscape.py", "def draw"),
        ("summaries/runs.py", "def summarise"),
    ],
)
def test_what_is_looked_up_in_a_file_is_defined_there(library, file, name):
    path = library / file
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(name, f"{name}_of_mine", 1), encoding="utf-8")
    with pytest.raises(components.DeclarationError) as error:
        component_checks.check_components()
    assert re.match(rf".*/{file}: .*\b{name.split()[1]}\b", str(error.value))
    imported = text.replace(name, f"{name}_of_mine", 1)
    imported += (
        f"\ntry:\n    from a import b as {name.split()[1]}\nexcept OSError:\n    1\n"
    )
    path.write_text(imported, encoding="utf-8")
    component_checks.check_components()


@pytest.mark.parametrize(
    ("kind", "like"),
    [
        ("norms", "batch"),
        ("models", "vgg"),
        ("datasets", "digits"),
        ("probes", "ics"),
    ],
)
def test_a_component_without_its_declaration(library, kind, like):
    folder = library / kind
    for name in ("_mine.py", "mine (copy).py", "mine.py.orig", "mine.py~"):
        shutil.copy(folder / f"{like}.py", folder / name)
    (folder / "helpers.py").write_text("def help():\n    pass\n", encoding="utf-8")
    component_checks.check_components()
    shutil.copy(folder / f"{like}.py", folder / "mine.py")
    with pytest.raises(
        components.DeclarationError, match=r"mine\.py: .*mine\.yaml.*description: "
    ):
        component_checks.check_components()


LEFTOVERS = [
    *("._{}", ".#{}", ".{}.swp", "{}~", "#{}#", "._.{}", ".~lock.{}#"),
    *("copy of {}", "2{}", "my-{}", "~${}", "{}.orig", "{}.rej"),
]


@pytest.mark.parametrize("leftover", LEFTOVERS)
def test_what_programs_leave_is_no_part(library, leftover, monkeypatch):
    claims = library.parents[1] / "claims"
    shutil.copytree(paths.CLAIMS, claims)
    monkeypatch.setattr(paths, "CLAIMS", claims)
    of_claims = [path.name for path in paths.claims()]
    before = [
        *map(components.names, components.KINDS),
        catalogue.figures(),
        catalogue.summaries(),
    ]
    folders = [library / kind for kind in (*components.KINDS, "figures", "summaries")]
    for folder in [*folders, claims]:
        for path in [*folder.glob("[a-z]*.py"), *folder.glob("[a-z]*.yaml")]:
            if leftover not in ("2{}", "my-{}") or folder != claims:
                path.with_name(leftover.format(path.name)).write_bytes(b"\0\5\x16\7")
    (library / "norms/.#mine.py").symlink_to("user@host.1:2")
    component_checks.check_components()
    checked = [
        *map(components.names, components.KINDS),
        catalogue.figures(),
        catalogue.summaries(),
    ]
    assert checked == before
    assert [path.name for path in paths.claims()] == of_claims


@pytest.mark.parametrize("copy", ["{} (1){}", "{} - Copy{}", "{}.conflict{}", "{}-1{}"])
def test_a_copy_whose_name_is_no_modules_is_no_part(library, copy):
    before = [
        *map(components.names, components.KINDS),
        catalogue.figures(),
        catalogue.summaries(),
    ]
    for folder in (*components.KINDS, "figures", "summaries"):
        for path in (library / folder).glob("[a-z]*.*"):
            if path.is_file():
                shutil.copy(path, path.with_name(copy.format(path.stem, path.suffix)))
    component_checks.check_components()
    checked = [
        *map(components.names, components.KINDS),
        catalogue.figures(),
        catalogue.summaries(),
    ]
    assert checked == before


TEXT = """\"\"\"Batch normalisation after M\u00fcller.\"\"\"

from normscape.norms.batch import Norm as Batch


class Norm(Batch):
    \"\"\"As it is.\"\"\"
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_a_parts_source_may_have_a_byte_order_mark_and_any_ends(
    library, encoding, ends
):
    mine = library / "norms/mine.py"
    shutil.copy(library / "norms/l2.yaml", library / "norms/mine.yaml")
    mine.write_bytes(TEXT.replace("\n", ends).encode(encoding))
    component_checks.check_components()
    assert code.file_digest(mine)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "cp1252"])
@pytest.mark.parametrize(
    "file", ["norms/mine.py", "figures/fig90_mine.py", "summaries/mine.py"]
)
def test_a_source_in_another_encoding_is_one_line(library, encoding, file):
    path = library / file
    path.write_bytes(TEXT.encode(encoding))
    shutil.copy(library / "norms/l2.yaml", path.with_suffix(".yaml"))
    with pytest.raises(
        components.DeclarationError, match="mine.py: expected UTF-8"
    ) as error:
        component_checks.check_components()
    assert "\n" not in str(error.value)
    assert str(error.value).count("mine.py") == 1


def test_a_source_that_cannot_be_read_is_one_line(library):
    (library / "figures/fig90_mine.py").mkdir()
    with pytest.raises(components.DeclarationError, match="fig90_mine.py"):
        component_checks.check_components()


MISTAKES_OF_PARTS = {
    "norms/mine.py": [
        "class Norm(:",
        "class Norm: ...\n\0",
        "from normscape.norms.bach import Norm as B\n\nclass Norm(B): ...",
    ],
    "norms/mine.yaml": ["label: Mine\nsettings: {}\n"],
    "norms/mine.yml": ["label: Mine\n"],
    "optimisers/mine.yml": ["description: Mine\n"],
    "figures/figure90.py": [
        '"""A.\n\nB."""\nTABLES = ("history",)\ndef draw(t, e): ...'
    ],
    "figures/fig90_mine.py": ['"""A."""\nTABLES = ("history",)\ndef draw(t, e): ...'],
}


@pytest.mark.parametrize(
    ("file", "source"),
    [
        (file, source)
        for file, sources in MISTAKES_OF_PARTS.items()
        for source in sources
    ],
)
def test_what_would_fail_in_a_job_or_go_unseen_is_one_line(library, file, source):
    (library / file).write_text(source, encoding="utf-8")
    with pytest.raises(components.DeclarationError) as error:
        component_checks.check_components()
    assert Path(file).name in str(error.value)
    assert "\n" not in str(error.value)


def test_tables_may_be_declared_with_a_type(library):
    path = library / "figures/fig17_mine.py"
    path.write_text(
        '"""Figure 17: a.\n\nb."""\nx = draw = 1\nTABLES: tuple = ("history",)\n',
        encoding="utf-8",
    )
    component_checks.check_components()
    assert catalogue.tables_of(path) == ("history",)
