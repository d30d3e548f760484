"""What is packed of a project and of an experiment's folder, and what is refused."""

from pathlib import Path

import pytest
import yaml

from normscape.archive import contents, integrity, provenance
from normscape.archive.records import Record
from normscape.pipeline import config as configs
from project import TINY


@pytest.fixture(scope="module")
def config() -> dict:
    given = yaml.safe_load(Path("config.yaml").read_text(encoding="utf-8"))
    return configs.checked(
        given | yaml.safe_load(Path(TINY).read_text(encoding="utf-8"))
    )


@pytest.fixture
def folder(config, tmp_path, monkeypatch) -> Path:
    """results/tiny with all that the config makes; the working directory is above."""
    for name in contents.outputs(config):
        write(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "results/tiny"


def write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")


def test_what_a_config_makes(config):
    made = contents.outputs(config)
    assert len(set(made)) == len(made)
    for name in (
        "train/vgg/batch/lr0.1/seed0/run.json",
        "train/vgg/batch/lr0.1/seed1/step6.safetensors",
        "data/gaussian-seed1.safetensors",
        "probes/ics/vgg/batch/lr0.1/seed0/step3.csv",
        "probes/ics/vgg/batch/lr0.1/seed0.csv",
        "probes/moments/vgg/batch/lr0.1/seed0.csv",
        "probes/histograms/vgg/batch/lr0.1/seed0.csv",
        "tables/runs.csv",
        "index.html",
    ):
        assert f"results/tiny/{name}" in made
    assert "results/tiny/probes/ics/vgg/none/lr0.1/seed0.csv" not in made


def test_other_files_in_the_folder_of_results(config, folder):
    assert contents.others(config) == []
    for name in ("logs/page.log", "train/vgg/batch/lr0.1/seed0/state/a", ".hidden"):
        write(folder / name)
    for name in ("archive.txt", f"tiny-{'0' * 12}.zip", "notes.txt", "tiny-old.zip"):
        write(folder / name)
    write(folder / "train/vgg/l7/lr0.1/seed0/run.json")
    (folder / "train").rename(folder.parent.parent / "scratch")
    (folder / "train").symlink_to(folder.parent.parent / "scratch")
    (folder / "train/round").symlink_to(folder)
    actual = [name for name in contents.others(config) if "round" not in name]
    assert actual == ["notes.txt", "tiny-old.zip", "train/vgg/l7/lr0.1/seed0/run.json"]


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(provenance, "PROJECT", tmp_path)
    for name in contents._REQUIRED:
        write(tmp_path / name)
    write_citation(tmp_path, {"title": "a", "authors": [{"name": "b"}]})
    return tmp_path


def write_citation(project, citation):
    (project / contents.CITATION).write_text(yaml.safe_dump(citation), encoding="utf-8")


def packed() -> dict[str, Path]:
    return contents.packed_source(provenance.source().files)


def test_a_source_that_can_be_packed(project):
    write(project / "src/größe 12:30\n.py")
    actual = packed()
    assert actual["LICENSE"] == project / "LICENSE"
    assert "src/größe 12:30\n.py" in actual
    assert contents.check_source(wildcards=None) == []


@pytest.mark.parametrize("name", contents._REQUIRED)
def test_a_file_that_is_missing_ends_the_program(project, name):
    (project / name).unlink()
    with pytest.raises(SystemExit, match=name):
        contents.check_source(wildcards=None)


def test_a_name_that_cannot_be_packed_ends_the_program(project):
    write(project / "src" / b"\xff.py".decode("utf-8", "surrogateescape"))
    with pytest.raises(SystemExit, match=r"src/\\udcff.py"):
        contents.check_source(wildcards=None)


@pytest.mark.parametrize(
    ("citation", "key"),
    [
        ({"authors": [{"name": "b"}]}, "title"),
        ({"title": "a"}, "authors"),
        ({"title": "a", "authors": []}, "authors"),
        ({"title": "a", "authors": "b"}, "authors"),
        ({"title": "a", "authors": ["b"]}, r"authors\[0\]"),
        ({"title": "a", "authors": [{"email": "b"}]}, r"authors\[0\]"),
        ({"title": "a", "authors": [{"name": 1}]}, "name"),
        ({"title": "a", "authors": [{"name": "b"}], "doi": 10.5}, "doi"),
        (None, "CITATION.cff"),
    ],
)
def test_a_citation_with_a_mistake_ends_the_program(project, citation, key):
    write_citation(project, citation)
    with pytest.raises(SystemExit, match=key) as ended:
        contents.check_source(wildcards=None)
    assert "\n" not in str(ended.value)


@pytest.mark.parametrize("content", [b"title: \xff\n", b"title: [\nauthors: a: b"])
def test_a_citation_that_cannot_be_read_ends_the_program(project, content):
    (project / contents.CITATION).write_bytes(content)
    with pytest.raises(SystemExit, match=contents.CITATION) as ended:
        contents.check_source(wildcards=None)
    assert "\n" not in str(ended.value)


def test_the_citation_of_the_project():
    citation = contents.read_citation(Path(contents.CITATION))
    assert citation["title"] and contents.name_of(citation["authors"][0])


@pytest.mark.parametrize(
    ("ends", "refused"), [(9, True), (10, True), (11, False), (None, False)]
)
def test_a_file_may_change_only_by_a_job_after_the_list(
    tmp_path, monkeypatch, ends, refused
):
    """ends : when the last job ended that wrote the file, if one is recorded."""
    path, last_list = tmp_path / "a.csv", tmp_path / "sha256.txt"
    path.write_bytes(b"before")
    listed = integrity.check_files([path], last_list)
    last_list.write_text(integrity.listing(listed, tmp_path), encoding="utf-8")
    made = {path: ends, last_list: 10}
    records = [
        Record(output, "rule", (), 0, end)
        for output, end in made.items()
        if end is not None
    ]
    monkeypatch.setattr(integrity.records, "read", lambda folder: records)
    assert integrity.check_files([path], last_list) == listed
    path.write_bytes(b"after")
    if refused:
        with pytest.raises(ValueError, match=r"a\.csv: checksum mismatch"):
            integrity.check_files([path], last_list)
    else:
        assert integrity.check_files([path], last_list) != listed
