"""`pip install .`: what is installed is enough to measure."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.project import copy_of_project


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A folder in which the package is installed, without its dependencies."""
    folder = tmp_path_factory.mktemp("install")
    project, site = copy_of_project(folder / "project"), folder / "site"
    options = ("--no-index", "--no-deps", "--no-build-isolation", "--target", site)
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", *options, project],
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return site


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


def test_the_lines_of_the_docs_run_with_what_is_installed(installed):
    page = Path("docs/measure.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    said = run(installed, block + "\nprint(measure.__file__)").splitlines()
    assert len(said) == 3
    assert said[-1] == str(installed / "normscape/measure/__init__.py")


def test_it_asks_for_torch_and_numpy_and_holds_what_parts_declare(installed):
    script = """
from importlib import metadata, resources
asked = metadata.requires("normscape")
print(*sorted(line for line in asked if "extra" not in line))
print(resources.files("normscape.probes").joinpath("landscape.yaml").is_file())
"""
    assert run(installed, script) == "numpy scipy torch\nTrue\n"
