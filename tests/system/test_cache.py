"""Trainings shared between clones through Snakemake's cache."""

import pytest

from project import copy_of_project, one_of_each, with_config
from tools import project
from tools.project import environment

pytestmark = pytest.mark.slow


def test_a_second_clone_takes_trainings_from_the_cache(tmp_path):
    def run(folder, change, target="verdicts.csv"):
        config = with_config(folder, change)
        cache = {"SNAKEMAKE_OUTPUT_CACHE": str(tmp_path / "cache")}
        options = ("--cores", "2", "--cache", "--configfile", config)
        target = f"results/tiny/{target}"
        done = project.snakemake(folder, target, *options, env=environment() | cache)
        assert done.returncode == 0, done.stderr[-3000:]
        logs = sorted((folder / "results/tiny/logs/train").rglob("*.log"))
        return [
            path for path in logs if path.read_text(encoding="utf-8")
        ]  # from the cache: empty

    def files(folder):
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in (folder / "results/tiny").rglob("*.csv")
        }

    (tmp_path / "cache").mkdir()
    first, second = (copy_of_project(tmp_path / name) for name in ("first", "second"))
    assert len(run(first, one_of_each)) == 2
    assert run(second, one_of_each) == []
    assert files(second) == files(first)

    def other_seed(config):
        one_of_each(config)
        config["models"]["vgg"]["seeds"] = [1]

    third = copy_of_project(tmp_path / "third")
    histories = "tables/history.csv"
    # The deep linear network has its seed 0.
    assert len(run(third, other_seed, histories)) == 1
    fourth = copy_of_project(tmp_path / "fourth")
    norm = fourth / "src/normscape/norms/batch.yaml"
    norm.write_text(
        norm.read_text(encoding="utf-8").replace("1.0e-5", "1.0e-3"), encoding="utf-8"
    )
    (trained,) = run(fourth, one_of_each, histories)
    assert "batch" in trained.parts
    before, after = (
        files(each)[f"results/tiny/{histories}"] for each in (first, fourth)
    )
    assert before != after
