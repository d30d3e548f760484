"""The project in a folder of its own, where Snakemake runs as a user runs it."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import filelock
import yaml

from normscape.archive import opening
from tools import project
from tools.project import copy_of_project

TINY = "tests/tiny.yaml"


def snakemake(folder: Path, *arguments: str, config: str = TINY, **options):
    arguments = ("--configfile", *config.split(), *arguments)
    return project.snakemake(folder, *arguments, timeout=900, **options)


def run(folder: Path, cores: int = 2, config: str = TINY) -> None:
    done = snakemake(folder, "--cores", str(cores), config=config)
    assert done.returncode == 0, done.stderr[-3000:]
    name = yaml.safe_load((folder / config.split()[0]).read_text(encoding="utf-8"))[
        "name"
    ]
    assert "Training is faster with BatchNorm than without" in done.stdout
    assert f"The results page: results/{name}/index.html" in done.stdout


def dry_run(folder: Path, config: str = TINY, *targets: str) -> str:
    """What a dry run says."""
    done = snakemake(folder, "--dry-run", "--", *targets, config=config)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout + done.stderr


def planned(folder: Path, config: str = TINY, *targets: str) -> list[str]:
    """The messages of the jobs that a dry run announces."""
    return announced(dry_run(folder, config, *targets))


def announced(text: str) -> list[str]:
    """The messages of the jobs in what a dry run says."""
    jobs = re.findall(r"^ *Job \d+: (.*)$", text, re.MULTILINE)
    assert jobs or "Nothing to be done" in text
    return sorted(jobs)


def starting(jobs: list[str], *words: str) -> list[str]:
    return [job for job in jobs if job.startswith(words)]


def with_config(folder: Path, change, of: str = TINY) -> str:
    """Write a changed copy of a config; its name."""
    config = yaml.safe_load((folder / of).read_text(encoding="utf-8"))
    change(config)
    (folder / "changed.yaml").write_text(
        yaml.safe_dump(config, sort_keys=False), encoding="utf-8"
    )
    return "changed.yaml"


def present(entries: dict) -> dict:
    """The entries of a file that do not remove anything."""
    return {name: entry for name, entry in entries.items() if entry is not None}


def drop_starts(config) -> None:
    """Leave out the models that start at another's checkpoint, and the probe beside them."""
    for name, model in present(config["models"]).items():
        if "start" in model:
            del config["models"][name]
    config["probes"]["same_function"] = None


def one_of_each(config) -> None:
    """One training of each model, and a few probes of one."""
    drop_starts(config)
    for model, settings in present(config["models"]).items():
        settings["seeds"] = [0]
        settings["grid"][0]["norms"] = ["batch"] if model == "vgg" else ["none"]
    for probe in present(config["probes"]).values():
        for model, settings in probe["models"].items():
            settings["grid"] = [{"steps": [0]}] if model == "vgg" else []


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


def shared(factory, name: str, make: Callable[[Path], object]) -> Path:
    """A copy of the project that ``make`` has worked in, once for all test processes.

    factory : pytest's tmp_path_factory. Nobody changes what is shared.
    """
    root = factory.getbasetemp()
    if re.fullmatch(r"popen-gw\d+", root.name):  # of one of several processes
        root = root.parent
    folder = root / name
    with filelock.FileLock(root / f"{name}.lock"):
        if not (folder / "made").exists():
            make(copy_of_project(folder / "project"))
            (folder / "made").touch()
    return folder / "project"


def commit(folder: Path) -> None:
    """Put a copy of the project under version control, in a single commit."""
    author = ("-c", "user.name=Test", "-c", "user.email=test@localhost")
    for command in (
        ("init", "--quiet"),
        ("add", "--all"),
        ("commit", "--quiet", "--message", "all"),
    ):
        subprocess.run(["git", *author, *command], cwd=folder, check=True)


def damages(archive: Path) -> list[str]:
    """What is wrong with an archive, whether or not it can be opened."""
    try:
        with opening.opened(archive) as files:
            return list(files.damages())
    except (OSError, ValueError) as error:
        return [str(error)]


def unpack(archive: Path, folder: Path) -> None:
    with opening.opened(archive) as files:
        files.copy(folder)


def verify(clone: Path, archive: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "tools.verify", str(archive), *arguments],
        cwd=clone,
        env=project.environment() | {"PYTHONPATH": "src"},
        capture_output=True,
        encoding="utf-8",
    )
