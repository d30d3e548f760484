"""The wheel, the source distribution, and that what is installed is enough to measure."""

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tools.project import copy_of_project


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder with the wheel and the source distribution."""
    folder = tmp_path_factory.mktemp("build")
    project, script = (
        copy_of_project(folder / "project"),
        "from setuptools import build_meta",
    )
    script += f"\nbuild_meta.build_sdist({str(folder)!r})"
    script += f"\nbuild_meta.build_wheel({str(folder)!r})"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=project,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory) -> Path:
    """A folder in which the wheel is installed, without its dependencies."""
    (wheel,) = built.glob("*.whl")
    site = tmp_path_factory.mktemp("install")
    options = ("--no-index", "--no-deps", "--target", site)
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", *options, wheel],
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return site


def test_both_distributions_hold_the_package_and_its_types(built):
    (wheel,), (source,) = built.glob("*.whl"), built.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        of_wheel = archive.namelist()
    with tarfile.open(source) as archive:
        of_source = archive.getnames()
    for name in ("py.typed", "measure/__init__.py", "measure/__init__.pyi"):
        assert f"normscape/{name}" in of_wheel
        assert any(n.endswith(f"src/normscape/{name}") for n in of_source)


def run(site: Path, script: str) -> str:
    """What a script prints, with the installed package and away from the clone."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=site,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_lines_of_the_docs_run_with_what_is_installed(installed):
    page = Path("docs/measure.md").read_text(encoding="utf-8")
    block, *_ = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    said = run(installed, block + "\nprint(measure.__file__)").splitlines()
    assert len(said) == 5
    assert said[-1] == str(installed / "normscape/measure/__init__.py")


def test_it_asks_for_torch_and_numpy_and_holds_what_parts_declare(installed):
    script = """
from importlib import metadata, resources
asked = metadata.requires("normscape")
print(*sorted(line for line in asked if "extra" not in line))
print(resources.files("normscape.probes").joinpath("landscape.yaml").is_file())
"""
    assert run(installed, script) == "numpy scipy>=1.17 torch>=2.9\nTrue\n"
