"""`make environment TORCH=...`: PyTorch from elsewhere, all else from the lock."""

import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tools.project import copy_of_project

pytestmark = pytest.mark.slow

LOCK = "envs/requirements.txt"


def wheel(folder: Path, name: str, version: str) -> None:
    """A wheel of a package that holds its version and nothing else."""
    dist = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as file:
        file.writestr(f"{name}/__init__.py", f"__version__ = {version!r}\n")
        file.writestr(
            f"{dist}/METADATA",
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        )
        file.writestr(
            f"{dist}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\nGenerator: test\n"
        )
        file.writestr(f"{dist}/RECORD", "")


@pytest.fixture
def project(tmp_path) -> Path:
    """With a lock of PyTorch, a CUDA library and three other packages."""
    project = copy_of_project(tmp_path / "project")
    blocks = re.split(
        r"^(?=[a-z])", (project / LOCK).read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    kept = ("torch==", "torchvision==", "triton==", "nvidia-nvtx==", "idna==")
    short = [b for b in blocks if b.startswith((*kept, "pyparsing==", "certifi=="))]
    assert len(short) == len(kept) + 2
    (project / LOCK).write_text("".join(short), encoding="utf-8")
    return project


def make(project: Path, *arguments):
    return subprocess.run(
        ["make", "environment", *arguments],
        cwd=project,
        capture_output=True,
        encoding="utf-8",
        timeout=600,
    )


def test_torch_from_a_folder_of_wheels(project, tmp_path):
    wheels = tmp_path / "my wheels"
    wheels.mkdir()
    lock = (project / LOCK).read_text(encoding="utf-8")
    for name in ("torch", "torchvision"):
        (version,) = re.findall(rf"^{name}==(\S+)", lock, re.MULTILINE)
        wheel(wheels, name, f"{version}+cpu")
    done = make(project, f"TORCH={wheels}")
    assert done.returncode == 0, done.stderr
    (site,) = project.glob(".venv/lib/python*/site-packages")
    actual = {path.name.split("-")[0] for path in site.glob("*.dist-info")}
    assert actual == {"torch", "torchvision", "idna", "pyparsing", "certifi"} | (
        actual & {"pip", "setuptools"}
    )
    assert "+cpu" in (site / "torch/__init__.py").read_text(encoding="utf-8")
    assert "Nothing to be done" in make(project).stdout
    shutil.rmtree(project / ".venv")
    for path in wheels.glob("torchvision*"):
        path.unlink()
    done = make(project, f"TORCH={wheels}")
    assert done.returncode, "a package is missing, and nothing says so"
    assert "torchvision==" in done.stderr
    assert not (project / ".venv/ready").exists()


def test_torch_from_nowhere(project):
    done = make(project, "TORCH=cup")
    assert done.returncode
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("TORCH: ")]
    assert "got 'cup'" in line
    assert not (project / ".venv/ready").exists()
