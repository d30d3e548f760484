"""Copies of the project in which Snakemake runs as a user runs it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

PROJECT = Path(__file__).parent.parent
TINY = "tests/tiny.yaml"
LEAVE = (".venv", ".git", ".snakemake", "results", "downloads", "__pycache__")


def copy_tree(source: Path, to: Path, *leave: str) -> Path:
    """Copy with modification times, as ``git clone`` does not but ``cp -a`` does."""
    shutil.copytree(source, to, symlinks=True, ignore=shutil.ignore_patterns(*leave))
    return to


def copy_of_project(to: Path) -> Path:
    """The sources without results."""
    return copy_tree(PROJECT, to, *LEAVE)


def environment() -> dict[str, str]:
    """In which jobs run with the interpreter that runs the tests."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path}


def snakemake(folder: Path, *arguments: str, config: str = TINY):
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--configfile", config, *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=900,
    )


def run(folder: Path, cores: int = 2, config: str = TINY) -> None:
    done = snakemake(folder, "--cores", str(cores), config=config)
    assert done.returncode == 0, done.stderr[-3000:]
    name = yaml.safe_load((folder / config).read_text())["name"]
    assert "BatchNorm trains faster than the standard net" in done.stdout
    assert f"The results page: results/{name}/index.html" in done.stdout


def planned(folder: Path, config: str = TINY) -> list[str]:
    """The messages of the jobs that a dry run announces."""
    done = snakemake(folder, "--dry-run", config=config)
    assert done.returncode == 0, done.stderr[-3000:]
    text = done.stdout + done.stderr
    jobs = re.findall(r"^Job \d+: (.*)$", text, re.MULTILINE)
    assert jobs or "Nothing to be done" in text
    return sorted(jobs)


def with_config(folder: Path, change, of: str = TINY) -> str:
    """Write a changed copy of a config; its name."""
    config = yaml.safe_load((folder / of).read_text())
    change(config)
    (folder / "changed.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    return "changed.yaml"


def results(folder: Path, name: str) -> dict[str, bytes]:
    """All files of an experiment, but those that say when something ran."""
    root = folder / "results" / name
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
        and "logs" not in path.parts
        and path.name not in ("run.json", "index.html")
    }
