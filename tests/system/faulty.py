"""An experiment of seconds whose trainings save their state as often as they can."""

from pathlib import Path

from project import snakemake

CONFIG = "tests/faulty.yaml"


def finish(project: Path, *targets: str) -> None:
    done = snakemake(project, "--cores", "2", *targets, config=CONFIG)
    assert done.returncode == 0, done.stderr[-3000:]


def logs(project: Path) -> str:
    paths = sorted((project / "results/faulty/logs").rglob("*.log"))
    return "".join(path.read_text(encoding="utf-8") for path in paths)
