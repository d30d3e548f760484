"""Copies of the project, and Snakemake in one as a user runs it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[1]
# What is made in a clone, and so is no part of the project.
_MADE = (".venv", ".git", ".snakemake", "results", "downloads", "__pycache__")


def copy_of_project(to: Path) -> Path:
    """The sources without results."""
    return copy_tree(PROJECT, to, *_MADE)


def copy_tree(source: Path, to: Path, *leave: str) -> Path:
    """Copy with modification times, as ``git clone`` does not but ``cp -a`` does."""
    shutil.copytree(source, to, symlinks=True, ignore=shutil.ignore_patterns(*leave))
    return to


def environment() -> dict[str, str]:
    """In which jobs run with the interpreter that runs this."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path}


def snakemake(folder: Path, *arguments: str, **options) -> subprocess.CompletedProcess:
    """What Snakemake says in a folder; options are those of ``subprocess.run``."""
    return subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments],
        **{
            "cwd": folder,
            "env": environment(),
            "capture_output": True,
            "encoding": "utf-8",
        }
        | options,
    )
