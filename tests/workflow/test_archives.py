"""Archives: what is inside, the way back, each damage; and the cache between clones."""

import functools
import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
import yaml
from rocrate.rocrate import ROCrate

from normscape.archive import zips
from normscape.archive.provenance import NO_COMMIT
from project import (
    commit,
    one_of_each,
    planned,
    results,
    shared,
    snakemake,
    unpack,
    verify,
    with_config,
)
from tools.project import copy_of_project, copy_tree

pytestmark = pytest.mark.slow


def rewritten(archive: Path, change) -> Path:
    """A copy whose files ``change`` has changed: a dict of names and contents."""
    with zipfile.ZipFile(archive) as file:
        files = {name: file.read(name) for name in file.namelist()}
    change(files)
    path = archive.with_name("changed.zip")
    with zipfile.ZipFile(path, "w") as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


def test_the_same_files_are_the_same_bytes(tmp_path):
    (tmp_path / "a.txt").write_text("a", encoding="utf-8")
    zips.write(tmp_path / "a.zip", {"x/a.txt": tmp_path / "a.txt", "b": b"b"})
    os.utime(tmp_path / "a.txt", (0, 0))
    (tmp_path / "link").symlink_to(tmp_path / "a.txt")
    zips.write(tmp_path / "b.zip", {"b": b"b", "x/a.txt": tmp_path / "link"})
    assert (tmp_path / "b.zip").read_bytes() == (tmp_path / "a.zip").read_bytes()
    unpack(tmp_path / "a.zip", tmp_path / "out")
    command = ["sha256sum", "--check", "--strict", zips.CHECKSUMS]
    subprocess.run(command, cwd=tmp_path / "out", check=True)


@pytest.fixture(scope="module")
def archived(tmp_path_factory) -> Path:
    """A clone in which a tiny experiment has run and is archived; not to be changed."""

    def with_few_figures(config):
        one_of_each(config)
        config["probes"] |= dict.fromkeys(("activations", "ics", "rank"))

    def make(folder):
        with_config(folder, with_few_figures)
        commit(folder)
        done = snakemake(folder, "--cores", "2", "archive", config="changed.yaml")
        assert done.returncode == 0, done.stderr[-3000:]

    return shared(tmp_path_factory, "archived", make)


@pytest.fixture(scope="module")
def archive(archived) -> Path:
    return (
        archived
        / (archived / "results/tiny/archive.txt").read_text(encoding="utf-8").strip()
    )


def archive_again(folder: Path, config: str = "changed.yaml") -> Path:
    force = ("--cores", "2", "archive", "--forcerun", "archive")
    done = snakemake(folder, *force, config=config)
    assert done.returncode == 0, done.stderr[-3000:]
    name = (folder / "results/tiny/archive.txt").read_text(encoding="utf-8").strip()
    return folder / name


def test_there_and_back(archived, archive, tmp_path):
    """Packed again: the same bytes. Unpacked: nothing to do, until a figure changes."""
    again = copy_tree(archived, tmp_path / "again")
    assert archive_again(again).read_bytes() == archive.read_bytes()
    clone = copy_tree(archived, tmp_path / "clone", "results", ".snakemake")
    unpack(archive, clone)
    assert planned(clone, "changed.yaml") == []
    with (clone / "src/normscape/figures/fig04_landscape.py").open("a") as file:
        file.write("\nEDITED = True\n")
    assert planned(clone, "changed.yaml") == [
        "Check the integrity of all results",
        "Draw fig04_landscape",
        "Write the results page",
    ]


def test_records_in_snakemakes_database(archived, tmp_path):
    """The check finds damage, and an archive unpacked where records are files is done.

    Its crate has the DOI that a fork has reserved, and the fork's authors; of a commit with
    changes it names none.
    """
    folder = copy_tree(archived, tmp_path / "project", "results", ".snakemake")
    citation = yaml.safe_load((folder / "CITATION.cff").read_text(encoding="utf-8"))
    orcid = "https://orcid.org/0000-0002-1825-0097"
    citation["authors"] = [
        {"given-names": "Ada", "name-particle": "van", "family-names": "Dijk"},
        {"family-names": "Doe", "orcid": orcid},
        {"name": "A group"},
    ]
    citation["doi"] = "10.5281/zenodo.1"
    (folder / "CITATION.cff").write_text(yaml.safe_dump(citation), encoding="utf-8")
    options = ("--cores", "2", "--persistence-backend", "db")
    done = snakemake(folder, *options, "archive", config="changed.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    assert not list((folder / ".snakemake").glob("metadata/*"))
    (archive,) = (folder / "results/tiny").glob("tiny-*.zip")
    assert verify(folder, archive).returncode == 0
    root = ROCrate(archive).root_dataset
    assert root["identifier"] == "https://doi.org/10.5281/zenodo.1"
    assert "isBasedOn" not in root
    assert [(author.type, author["name"]) for author in root["author"]] == [
        ("Person", "Ada van Dijk"),
        ("Person", "Doe"),
        ("Organization", "A group"),
    ]
    assert root["author"][1].id == orcid
    clone = copy_tree(archived, tmp_path / "clone", "results", ".snakemake")
    unpack(archive, clone)
    assert planned(clone, "changed.yaml") == []
    table = folder / "results/tiny/verdicts.csv"
    table.write_bytes(table.read_bytes()[:-1] + b"0\n")
    done = snakemake(folder, *options, "--forcerun", "check", config="changed.yaml")
    assert done.returncode
    log = (folder / "results/tiny/logs/check.log").read_text(encoding="utf-8")
    assert "verdicts.csv: checksum" in log


def test_the_crate(archive, tmp_path):
    """What the Workflow Run Crate profile 0.5 asks for, read back by the library.

    (rocrate-validator, which needs the network, found all that is required.)
    """
    crate = ROCrate(archive)
    workflow = crate.mainEntity
    assert set(workflow.type) == {"File", "SoftwareSourceCode", "ComputationalWorkflow"}
    assert workflow.id == "Snakefile"
    assert workflow["programmingLanguage"]["name"] == "Snakemake"
    assert re.fullmatch("[0-9a-f]{40}", workflow["version"])
    profiles = {profile.id for profile in crate.root_dataset["conformsTo"]}
    assert "https://w3id.org/ro/wfrun/workflow/0.5" in profiles
    assert crate.license.id.endswith("MIT")
    revision = crate.root_dataset["isBasedOn"]
    assert revision["identifier"] == f"swh:1:rev:{workflow['version']}"
    assert revision.id.endswith(revision["identifier"])
    assert "identifier" not in crate.root_dataset  # no DOI has been reserved
    (author,) = crate.root_dataset["author"]
    assert (author.type, author["name"]) == ("Organization", "The normscape authors")
    (action,) = crate.get_by_type("CreateAction")
    assert crate.root_dataset["mentions"].id == action.id
    assert action["instrument"].id == "Snakefile"
    assert action["startTime"] < action["endTime"]
    assert action["actionStatus"].endswith("CompletedActionStatus")
    assert action["description"]
    assert crate.get("README.md")["about"].id == "./"
    config = action["object"]
    assert config["exampleOfWork"].id == workflow["input"][0].id
    made = {entity.id for entity in action["result"]}
    assert "results/tiny/figures/fig04_landscape.png" in made
    assert "results/tiny/train/vgg/batch/lr0.1/seed0/run.json" in made
    assert not any(name.endswith(".safetensors") for name in made)
    with zipfile.ZipFile(archive) as file:
        names = set(file.namelist())
        described = {entity.id for entity in crate.get_entities()}
        unsaid = {name for name in names - described if ".snakemake" not in name}
        assert unsaid == {zips.CHECKSUMS}
        run = json.loads(file.read("results/tiny/train/vgg/batch/lr0.1/seed0/run.json"))
    assert run["threads"] == 1
    assert run["started"] <= run["ended"]
    assert run["peak_memory_mb"] > 100
    assert {"history.csv", "step0.safetensors"} <= run["sha256"].keys()


def test_all_that_the_experiment_made_is_in_it(archived, archive):
    log = (archived / "results/tiny/logs/archive.log").read_text(encoding="utf-8")
    assert len(log.splitlines()) == 1, log
    made = results(archived, "tiny")
    made = {
        f"results/tiny/{name}" for name in made if not name.endswith(".safetensors")
    }
    with zipfile.ZipFile(archive) as file:
        missing = made - set(file.namelist())
    assert missing == {
        str(archive.relative_to(archived)),
        "results/tiny/archive.txt",
    }


def test_moved_results_foreign_files_and_an_untracked_part(archived, tmp_path):
    """Links are followed, files of no use to the config are named, and so is the part."""
    folder = copy_tree(archived, tmp_path / "project")
    root = folder / "results/tiny"
    run = "train/vgg/batch/lr0.1/seed0/run.json"
    earlier = run.replace("batch", "l7")
    (root / earlier).parent.mkdir(parents=True)
    shutil.copy(root / run, root / earlier)
    for odd in ("two\nlines.txt", r"a\b.txt", "12:30.txt"):
        (root / odd).write_text("a note", encoding="utf-8")
    (root / "train").rename(tmp_path / "scratch")
    (root / "train").symlink_to(tmp_path / "scratch")
    mine = "src/normscape/norms/_mine.py"
    (folder / mine).write_text("# Not tracked.\n", encoding="utf-8")
    archive = archive_again(folder)
    with zipfile.ZipFile(archive) as file:
        names = set(file.namelist())
    assert {f"results/tiny/{run}", mine} < names
    of_results = [name for name in names if name.startswith("results/")]
    assert not [name for name in of_results if "l7" in name or name.endswith(".txt")]
    log = (root / "logs/archive.log").read_text(encoding="utf-8")
    assert "with changes" in log
    assert mine in log
    assert "4 files" in log
    crate = ROCrate(archive)
    assert crate.mainEntity["version"].endswith("with changes")
    assert "isBasedOn" not in crate.root_dataset
    assert "commit" in crate.get(mine)["description"]
    assert verify(folder, archive).returncode == 0


def test_inside_another_repository(archived, tmp_path, monkeypatch):
    """That repository's commit is named nowhere, also where a hook's variables lead to it."""
    folder = copy_tree(archived, tmp_path / "paper/normscape", ".git", "index.html")
    commit(tmp_path / "paper")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "paper/.git"))
    archive = archive_again(folder)
    page = (folder / "results/tiny/index.html").read_text(encoding="utf-8")
    assert f"<td>{NO_COMMIT}</td>" in page
    crate = ROCrate(archive)
    assert crate.mainEntity["version"] == NO_COMMIT
    assert "isBasedOn" not in crate.root_dataset
    done = verify(archived, archive)
    assert done.returncode == 0, done.stdout
    clone = copy_tree(folder, tmp_path / "clone", "results", ".snakemake")
    unpack(archive, clone)
    assert planned(clone, "changed.yaml") == []


def test_a_source_that_cannot_be_packed_ends_the_run_before_any_job(tmp_path):
    folder = copy_of_project(tmp_path / "project")
    (folder / "LICENSE").unlink()
    done = snakemake(folder, "--cores", "2", "archive")
    assert done.returncode == 1
    (line,) = [row for row in done.stderr.splitlines() if "LICENSE" in row]
    assert line.startswith("archive: ")
    assert "Traceback" not in done.stderr
    assert not (folder / "results").exists()
    assert snakemake(folder, "--dry-run").returncode == 0


def test_verification(archived, archive):
    done = verify(archived, archive, "--cells", "1", "--seed", "0")
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert all(line.startswith("ok ") for line in lines)
    assert lines[-1].endswith("bitwise identical")
    assert "retrained" in lines[-1]


def with_sums(change):
    """The change, with a list of checksums that fits."""

    @functools.wraps(change)
    def changed(files, **options):
        change(files, **options)
        del files[zips.CHECKSUMS]
        files[zips.CHECKSUMS] = zips.checksums(files).encode()

    return changed


@with_sums
def edit_table_and_lock(files):
    lock = "envs/requirements.txt"
    files[lock] = re.sub(rb"(?m)^pandas==\S+", b"pandas==1.0", files[lock])
    name = "results/tiny/tables/history.csv"
    row = files[name].splitlines()[1]
    cells = row.split(b",")
    cells[5] = b"9.5"  # the loss
    files[name] = files[name].replace(row, b",".join(cells), 1)


@with_sums
def edit_table_and_list(files):
    """A history that nothing else is made from, in all places but run.json."""
    row = files["results/tiny/tables/evaluation.csv"].splitlines()[1]
    *cell, accuracy = row.split(b",")
    other = b",".join([*cell, b"0.123" if accuracy != b"0.123" else b"0.124"])
    for name in list(files):
        if name.endswith("evaluation.csv"):
            files[name] = files[name].replace(row, other, 1)


@with_sums
def add_a_run(files):
    files["results/tiny/tables/evaluation.csv"] += b"vgg,batch,0.1,77,0,0.5\n"


@with_sums
def cut_a_table_short(files):
    name = "results/tiny/tables/evaluation.csv"
    files[name] = files[name][:-5]


@with_sums
def leave_out_a_figure(files):
    del files["results/tiny/figures/fig00_answer.png"]


VGG_RUN, DLN_RUN = "vgg/batch/lr0.1/seed0/run.json", "dln/none/lr1e-06/seed0/run.json"


@with_sums
def damage_manifests(files, **contents):
    runs = {"vgg": VGG_RUN, "dln": DLN_RUN}
    for model, content in contents.items():
        files[f"results/tiny/train/{runs[model]}"] = content


@with_sums
def edit_source(files):
    files["src/train.py"] += b"\nprint('run by nobody')\n"


@with_sums
def slip_in_a_module(files):
    files["yaml.py"] = b"print('run by nobody')\n"


def all_of(*changes):
    """Several faults in one archive, because each rebuilds all figures."""

    def change(files):
        for each in changes:
            each(files)

    return change


@pytest.mark.parametrize(
    ("change", "failures"),
    [
        (lambda files: files.pop("Snakefile"), ["integrity: .*Snakefile"]),
        (
            all_of(
                edit_table_and_lock,
                functools.partial(damage_manifests, dln=b'{"sha256"'),
            ),
            [
                "lock file: .*pandas.*1.0",
                "runs: .*tables/history.csv.*vgg/batch/0.1/0",
                "results: .*tables/runs.csv",
                f"runs: .*{DLN_RUN}",
            ],
        ),
        (
            all_of(edit_table_and_list, add_a_run, leave_out_a_figure),
            [
                "runs: .*tables/evaluation.csv.*vgg/batch/0.1/0",
                "runs: .*tables/evaluation.csv.*vgg/batch/0.1/77",
                "results: .*figures/fig00_answer.png",
            ],
        ),
        (
            all_of(
                cut_a_table_short,
                functools.partial(damage_manifests, vgg=b"{}", dln=b"[]"),
            ),
            [
                "runs: .*tables/evaluation.csv",
                f"runs: .*{VGG_RUN}",
                f"runs: .*{DLN_RUN}",
            ],
        ),
        (edit_source, ["source: .*src/train.py"]),
        (slip_in_a_module, ["source: .*yaml.py"]),
    ],
)
def test_what_is_refused(archived, archive, tmp_path, change, failures):
    """Also where the sums were made to fit."""
    shutil.copy(archive, tmp_path / "a.zip")
    done = verify(archived, rewritten(tmp_path / "a.zip", change))
    assert done.returncode == 1
    for failure in failures:
        assert re.search(f"(?m)^FAIL  {failure}", done.stdout), done.stdout
    assert "run by nobody" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
