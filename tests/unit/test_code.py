"""Code digests: which modules a rule depends on, and that their content counts."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from normscape import code, components
from normscape.pipeline import catalogue

# An edit of one of these trains every VGG with batch normalisation again.
OF_TRAINING = [
    "normscape/files.py",
    "normscape/models/__init__.py",
    "normscape/models/network.py",
    "normscape/models/vgg.py",
    "normscape/norms/__init__.py",
    "normscape/norms/_affine.py",
    "normscape/norms/_normaliser.py",
    "normscape/norms/batch.py",
    "normscape/optimisers/__init__.py",
    "normscape/randomness.py",
    "normscape/training/checkpoints.py",
    "normscape/training/loop.py",
    "normscape/training/run.py",
    "normscape/training/tensors.py",
    "normscape/training/torch_setup.py",
]


def modules(lines) -> list[str]:
    """The modules that lines "module digest" name."""
    return [line.split()[0] for line in lines]


def training():
    return code.training_digests("vgg", "batch", "SGD")


def test_a_training_depends_on_its_parts_and_the_core_and_no_more():
    assert modules(training()) == OF_TRAINING
    other_modules = modules(code.training_digests("dln", "noisy_batch", "Adam"))
    assert set(other_modules) - set(OF_TRAINING) == {
        "normscape/models/dln.py",
        "normscape/norms/noise.py",
        "normscape/norms/noisy_batch.py",
    }
    assert set(OF_TRAINING) - set(other_modules) == {
        "normscape/models/vgg.py",
    }


def loaded(*names) -> list[str]:
    """The project's files that a fresh interpreter loads for these modules, sorted."""
    script = (
        f"import sys, {', '.join(names)}\n"
        "for name, module in sys.modules.items():\n"
        "    if name.split('.')[0] == 'normscape': print(module.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": str(code.SRC)},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    paths = [Path(path) for path in done.stdout.split()]
    with_code = [path for path in paths if not code._is_only_docstring(path)]
    return sorted(str(path.relative_to(code.SRC)) for path in with_code)


CORE = [
    "normscape.training.checkpoints",
    "normscape.models.vgg",
    "normscape.norms.batch",
]


def test_a_trainings_code_is_what_python_loads():
    core = (*CORE, "normscape.training.loop", "normscape.training.torch_setup")
    assert loaded(*core) == OF_TRAINING


def test_a_probes_code_is_what_python_loads():
    actual = modules(code.probe_digests("ics", "vgg", "batch", "SGD"))
    script_modules = ["normscape.tables.rows", "normscape.probes.ics"]
    assert actual == [*loaded(*CORE, *script_modules), "probe.py"]


@pytest.mark.parametrize("probe", components.names("probes"))
def test_a_probe_depends_on_itself_and_not_on_the_others(probe):
    actual = modules(code.probe_digests(probe, "vgg", "batch", "SGD"))
    probes = {Path(m).stem for m in actual if Path(m).parent.name == "probes"}
    assert probes - {"_step"} == {"__init__", probe}
    used = {"landscape", "ics", "curvature"} if probe == "same_function" else set()
    others = set(components.names("probes")) - {probe} - used
    assert not {f"normscape/measure/_{other}.py" for other in others} & set(actual)
    assert set(OF_TRAINING) - set(actual) == {"normscape/training/loop.py"}


def test_measurements_know_no_network_of_the_pipeline():
    files = (code.SRC / "normscape/measure").glob("*.py")
    packages = {m.split(".")[1] for file in files for m in code.modules(file)}
    assert packages == {"measure", "randomness", "vectors"}


def test_other_rules_depend_on_what_they_import_and_name():
    figure = modules(code.digests("figure.py", "normscape/figures/fig04_landscape.py"))
    for name in ("curves", "panels", "landscapes", "style", "fig04_landscape"):
        assert f"normscape/figures/{name}.py" in figure
    assert not [m for m in figure if "ridges" in m or "fig05" in m or "training" in m]
    page = modules(code.digests("page.py", *catalogue.page_templates()))
    assert "normscape/page/style.css" in page
    collect = modules(code.digests("collect.py"))
    assert collect == [
        "collect.py",
        "normscape/files.py",
        "normscape/tables/__init__.py",
        "normscape/tables/rows.py",
    ]


def test_what_starts_and_reports_jobs_is_in_no_digest():
    scripts = [path.name for path in code.SRC.glob("*.py")]
    assert len(scripts) > 8
    for script in scripts:
        assert "normscape.jobs" in (code.SRC / script).read_text(encoding="utf-8")
        actual = modules(code.digests(script))
        assert script in actual
        assert not [module for module in actual if "jobs" in module]


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """copied(name): a copy of src/ there, whose digests are asked for from now on."""

    def copy(name):
        source = Path(components.FOLDER).parent
        leave = shutil.ignore_patterns("__pycache__")
        tree = shutil.copytree(source, tmp_path / name, ignore=leave)
        monkeypatch.setattr(code, "SRC", tree)
        forget()
        return tree

    yield copy
    forget()


def forget():
    """As in a new process."""
    for function in (
        code.digests,
        code.file_digest,
        code._imports,
        code._imported_names,
    ):
        function.cache_clear()


def test_digests_follow_content_and_not_time_or_place(copied):
    before = training()
    tree = copied("elsewhere")
    assert training() == before
    for path in tree.rglob("*.py"):
        os.utime(path, (1, 1))
    forget()
    assert training() == before
    for other in ("norms/l1.py", "training/resume.py", "tables/rows.py"):
        (tree / "normscape" / other).write_text("other = 1\n", encoding="utf-8")
    forget()
    assert training() == before


@pytest.mark.parametrize("module", ["norms/batch.py", "models/network.py"])
def test_an_edit_changes_the_line_that_names_its_module(copied, module):
    before = training()
    path = copied("edited") / "normscape" / module
    path.write_text(path.read_text(encoding="utf-8") + "\nx = 1\n", encoding="utf-8")
    after = training()
    assert modules(after) == modules(before)
    differ = [new for new, old in zip(after, before, strict=True) if new != old]
    assert modules(differ) == [f"normscape/{module}"]


SOURCE = '''\
"""What it is."""

RATE = 0.1  # of all steps


def mean(values: list) -> float:
    """Their mean."""
    total = sum(values)

    return total / len(values), f"{total!r:>{10}} {{}} \\n", """two
lines"""


class Norm:
    """A class."""

    def forward(self):
        if RATE > 0.1:
            return 1
        return 0
'''


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("What it is.", "What it was.", True),
        ('"""What it is."""\n\n', "", True),
        ("  # of all steps", "", True),
        ("Their mean.", "Their mean.\n\n    In other words.\n    ", True),
        ("\n\n\nclass", "\nclass", True),
        ("total = sum(values)\n\n", "total = sum(values)\n    # A remark.\n", True),
        ("sum(values)", "sum(  values )", True),
        ("\n", "\r\n", True),
        ("        if RATE > 0.1:\n    ", "        if RATE > 0.1:\n        ", True),
        ("0.1  #", "0.2  #", False),
        ("two\n", "two\n\n", False),
        (">{10}", ">{11}", False),
        ("{{}}", "{{ }}", False),
        ('    """A class."""', "    name = 1", False),
        (
            "            return 1\n        return 0",
            "            return 1\n            return 0",
            False,
        ),
        ("float:", "int:", False),
    ],
)
def test_what_the_code_does_counts_and_not_how_it_is_written(tmp_path, old, new, same):
    before, after = tmp_path / "before.py", tmp_path / "after.py"
    assert old in SOURCE
    before.write_bytes(SOURCE.encode())
    after.write_bytes(SOURCE.replace(old, new).encode())
    assert (code.file_digest(before) == code.file_digest(after)) is same


@pytest.mark.parametrize("version", ["3.12", "3.13", "3.14"])
def test_another_version_of_python_gives_the_same_digests(version):
    python = shutil.which(f"python{version}")
    script = "from normscape import code; print(*training, sep='\\n')"
    script = script.replace("training", "code.training_digests('vgg', 'batch', 'SGD')")
    environment = os.environ | {"PYTHONPATH": str(code.SRC)}
    command = [python, "-c", script]
    if not python or subprocess.run([python, "-V"], capture_output=True).returncode:
        pytest.skip(f"Python {version} is not installed")
    done = subprocess.run(
        command, env=environment, capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.splitlines() == training()


def test_a_new_import_is_a_new_line(copied):
    path = copied("edited") / "normscape/norms/batch.py"
    path.write_text(
        "from normscape.norms import l1\n" + path.read_text(encoding="utf-8"),
        encoding="utf-8",
    )
    new = set(modules(training())) - set(OF_TRAINING)
    assert new == {"normscape/norms/_lp.py", "normscape/norms/l1.py"}
