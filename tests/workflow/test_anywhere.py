"""From any working directory, and as a module of another workflow."""

import re
import subprocess
from pathlib import Path

import pandas as pd
import pytest
import yaml
from snakemake.utils import update_config

from project import TINY, commit, results, shared, verify, with_config
from tools import project
from tools.project import copy_tree, environment

pytestmark = pytest.mark.slow

# A working directory whose name a shell must quote.
WORK = "a working directory"

MODULES = """
import csv


configfile: "experiments.yaml"


module small:
    snakefile:
        "{snakefile}"
    config:
        config["small"]


use rule * from small as small_*


module smaller:
    snakefile:
        "{snakefile}"
    config:
        config["smaller"]


use rule * from smaller as smaller_*


rule both:
    input:
        rules.small_verdicts.output.csv,
        "results/tiny/figures/fig04_landscape.png",
        rules.smaller_all.input,
        "judged.txt",
    default_target: True


rule judged:
    input:
        rules.small_verdicts.output.csv,
    output:
        "judged.txt",
    run:
        rows = csv.DictReader(open(input[0]))
        claims = [row["claim"] for row in rows if row["reason"] != "not in this experiment"]
        print(*claims, file=open(output[0], "w"))


onstart:
    small.onstart()


onsuccess:
    smaller.onsuccess()
"""


def snakemake(folder: Path, *arguments):
    done = project.snakemake(folder, *map(str, arguments), timeout=900)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory) -> Path:
    """A copy of the project beside a folder where its tiny experiment ran; not to be changed.

    On one core, so in another order of jobs than elsewhere; and checkpoints do not stay.
    """

    def keep_none(config):
        config["keep_checkpoints"] = False

    def make(source):
        (source.parent / WORK).mkdir()
        config = with_config(source, keep_none)
        options = ("--configfile", config, "--cores", 1, "--printshellcmds")
        output = snakemake(source, "--directory", source.parent / WORK, *options)
        (source.parent / "output.txt").write_text(output, encoding="utf-8")

    return shared(tmp_path_factory, "elsewhere", make).parent


@pytest.fixture
def own(elsewhere, tmp_path) -> Path:
    """A copy of it, to change."""
    return copy_tree(elsewhere, tmp_path / "own")


def test_two_copies_end_with_the_same_bytes(elsewhere, finished):
    ours, theirs = results(finished, "tiny"), results(elsewhere / WORK, "tiny")
    assert {name for name in ours if name not in theirs} == {
        name for name in ours if re.fullmatch(r"train/.*\.safetensors", name)
    }
    differing = {name for name in theirs if ours[name] != theirs[name]}
    assert differing == {"config.json", "SHA256SUMS"}
    # Their sums list the checkpoints that did not stay.
    sums = (set(each["SHA256SUMS"].splitlines()) for each in (ours, theirs))
    differing = {line.split()[1] for line in set.symmetric_difference(*sums)}
    assert differing == {b"config.json"}


def test_results_are_in_the_working_directory(elsewhere):
    assert not (elsewhere / "project/results").exists()
    assert not (elsewhere / "project/.snakemake/metadata").exists()
    page = (elsewhere / WORK / "results/tiny/index.html").read_text(encoding="utf-8")
    links = re.findall(r'href="(?!https?:|#|data:)([^"]+)"', page)
    assert "tables/paper_curves.csv" in links
    for link in links:
        assert (elsewhere / WORK / "results/tiny" / link).exists(), link


def test_a_printed_command_can_be_copied_and_run(own):
    table = "results/tiny/tables/history.csv"
    output = (own / "output.txt").read_text(encoding="utf-8").splitlines()
    (command,) = [line for line in output if f"--output {table} > " in line]
    command = command[command.index("python ") :]
    path = own / WORK / table
    content = path.read_bytes()
    path.unlink()
    command = ["bash", "-c", command]
    subprocess.run(command, cwd=own / WORK, env=environment(), check=True)
    assert path.read_bytes() == content


def test_project_and_results_may_move_apart(own, tmp_path):
    output = snakemake(
        (own / WORK).rename(tmp_path / "moved"),
        *("-s", (own / "project").rename(tmp_path / "source") / "Snakefile"),
        *("--configfile", tmp_path / "source/changed.yaml", "--dry-run"),
    )
    assert "Nothing to be done" in output


def test_an_archive_holds_the_projects_source(own):
    source = own / "project"
    commit(source)
    options = ("--cores", 2, "--configfile", source / "changed.yaml")
    snakemake(own / WORK, "archive", "-s", source / "Snakefile", *options)
    (archive,) = (own / WORK / "results/tiny").glob("tiny-*.zip")
    done = verify(source, archive)
    assert done.returncode == 0, done.stdout
    assert "ok    source" in done.stdout


def test_two_modules_of_another_workflow(elsewhere, finished, tmp_path):
    # A module's config stands alone; a file given on the command line extends the default.
    small = yaml.safe_load(
        (elsewhere / "project/config.yaml").read_text(encoding="utf-8")
    )
    update_config(
        small,
        yaml.safe_load((elsewhere / "project" / TINY).read_text(encoding="utf-8")),
    )
    smaller = yaml.safe_load(yaml.safe_dump(small)) | {"name": "smaller"}
    smaller["models"] = {"dln": smaller["models"]["dln"]}
    del smaller["probes"]["same_function"]
    for probe in smaller["probes"].values():
        probe["models"].pop("vgg", None)
    experiments = {"small": small, "smaller": smaller}
    (tmp_path / "experiments.yaml").write_text(
        yaml.safe_dump(experiments), encoding="utf-8"
    )
    snakefile = elsewhere / "project/Snakefile"
    (tmp_path / "Snakefile").write_text(
        MODULES.format(snakefile=snakefile), encoding="utf-8"
    )
    output = snakemake(tmp_path, "--cores", 2)
    assert "The results page: results/smaller/index.html" in output
    assert (tmp_path / "results/smaller/index.html").is_file()
    small = results(tmp_path, "tiny")
    smaller = results(tmp_path, "smaller")
    assert "train/vgg/batch/lr0.1/seed0/history.csv" in small.keys() - smaller.keys()
    assert "figures/fig10_dln_landscape.png" in smaller
    verdicts = pd.read_csv(tmp_path / "results/smaller/verdicts.csv")
    assert set(verdicts[verdicts.seeds > 0].model) == {"dln"}
    run = "train/dln/batch/lr1e-06/seed0/history.csv"
    assert small[run] == smaller[run]
    assert small["verdicts.csv"] == results(finished, "tiny")["verdicts.csv"]
    verdicts = pd.read_csv(tmp_path / "results/tiny/verdicts.csv")
    judged = list(verdicts[verdicts.reason != "not in this experiment"].claim)
    assert (tmp_path / "judged.txt").read_text(encoding="utf-8").split() == judged != []
    assert "Nothing to be done" in snakemake(tmp_path, "--dry-run")
