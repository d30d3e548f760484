"""What goes into an archive, and its description as a Workflow Run RO-Crate.

The profile is version 0.5 of https://w3id.org/ro/wfrun/workflow, on RO-Crate 1.1.
"""

import json
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import yaml
from rocrate.model import ContextEntity
from rocrate.rocrate import ROCrate

from normscape.archive import records
from normscape.files import digest

PROJECT = Path(__file__).parents[3]
CONFIG = "archive/config.json"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
_LICENSE = "https://spdx.org/licenses/MIT"
_TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".py": "text/x-python",
    ".rst": "text/x-rst",
    ".safetensors": "application/octet-stream",
    ".toml": "application/toml",
    ".yaml": "application/yaml",
}
_TEXT = "text/plain"


def source() -> tuple[dict[str, Path], str]:
    """The project's files that git tracks, by their names in it, and the commit.

    The commit says where files differ from it.
    """
    commit = _git("rev-parse", "HEAD").strip()
    if _git("status", "--porcelain", "--untracked-files=no"):
        commit += ", with changes"
    found = {name: PROJECT / name for name in _git("ls-files", "-z").split("\0")}
    return {name: path for name, path in found.items() if path.is_file()}, commit


def _git(*arguments):
    done = subprocess.run(
        ["git", *arguments], cwd=PROJECT, capture_output=True, encoding="utf-8"
    )
    if done.returncode:
        raise ValueError(
            "an archive holds the source as git tracks it, but git says: "
            f"{done.stderr.strip()}"
        )
    return done.stdout


def results(folder: Path, checkpoints: bool) -> list[Path]:
    """An experiment's files: without logs, and without checkpoints unless asked for."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and "logs" not in path.relative_to(folder).parts
        and "state" not in path.relative_to(folder).parts
        and not path.name.startswith((".", "archive."))
        and path.suffix != ".zip"
        and (checkpoints or path.suffix != ".safetensors")
    )


def as_json(value, in_order: bool = False) -> bytes:
    """The same bytes for the same value; ``in_order`` where the order of keys counts."""
    return (json.dumps(value, indent=1, sort_keys=not in_order) + "\n").encode()


def metadata(
    name: str, files: dict[str, Path | bytes], results: list[Path], commit: str
) -> dict:
    """The crate's description (JSON-LD) of an archive with these files.

    results : those that the experiment made. The action's times are those of the first
        and the last job that Snakemake has recorded.
    """
    citation = yaml.safe_load(files["CITATION.cff"].read_text(encoding="utf-8"))
    start, end = _times(Path("results") / name)
    crate = ROCrate(version="1.1")
    crate.name = f"{citation['title']} ({name})"
    crate.description = (
        "The results of a normscape experiment, with the source, the config, the lock "
        "and the records that made them. Unpacked into a clone, it is done."
    )
    crate.datePublished = end
    crate.license = crate.add(
        ContextEntity(crate, _LICENSE, {"@type": "CreativeWork", "name": "MIT License"})
    )
    if "doi" in citation:
        crate.root_dataset["identifier"] = f"https://doi.org/{citation['doi']}"
    if re.fullmatch("[0-9a-f]{40}", commit):  # with changes, it is nobody's
        crate.root_dataset["isBasedOn"] = crate.add(_source(crate, commit))
    authors = [
        crate.add(_author(crate, number, author))
        for number, author in enumerate(citation["authors"], start=1)
    ]
    crate.root_dataset["author"] = crate.root_dataset["publisher"] = authors
    crate.root_dataset["conformsTo"] = [
        crate.add(
            ContextEntity(
                crate,
                address,
                {
                    "@type": "CreativeWork",
                    "name": title,
                    "version": address.rsplit("/", 1)[1],
                },
            )
        )
        for address, title in PROFILES.items()
    ]
    entities = {}
    for path in sorted(files):
        if not path.startswith(f"{records.FOLDER}/") and path != "Snakefile":
            entities[path] = crate.add_file(
                dest_path=path, properties=_properties(path, files[path])
            )
    workflow = crate.add_workflow(
        dest_path="Snakefile",
        main=True,
        lang="snakemake",
        properties=_properties("Snakefile", files["Snakefile"])
        | {"name": "normscape", "version": commit},
    )
    workflow["license"], workflow["creator"] = crate.license, authors
    entities["README.md"]["about"] = crate.root_dataset
    config = crate.add_formal_parameter(
        "config", "File", "#config", "The config as resolved", valueRequired=True
    )
    made = crate.add_formal_parameter(
        "results", "File", "#results", "Tables, verdicts and figures"
    )
    workflow["input"], workflow["output"] = [config], [made]
    entities[CONFIG]["exampleOfWork"] = config
    outputs = [entities[str(path)] for path in results]
    for output in outputs:
        output["exampleOfWork"] = made
    crate.root_dataset["mentions"] = crate.add_action(
        workflow,
        "#run",
        object=entities[CONFIG],
        result=outputs,
        properties={
            "@type": "CreateAction",
            "name": f"Experiment {name}",
            "description": "Every table, figure and verdict, made by Snakemake.",
            "startTime": start,
            "endTime": end,
            "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
            "agent": [{"@id": author.id} for author in authors],
        },
    )
    return crate.metadata.generate()


def _author(crate, number, author):
    """An author of CITATION.cff: a person has parts of a name, a group has a name."""
    parts = ("given-names", "name-particle", "family-names", "name-suffix")
    name = " ".join(author[part] for part in parts if part in author)
    return ContextEntity(
        crate,
        author.get("orcid", f"#author{number}"),
        {
            "@type": "Organization" if "name" in author else "Person",
            "name": author.get("name") or name or author["alias"],
        },
    )


def _source(crate, commit):
    """The source as Software Heritage names it, where it has been archived there."""
    identifier = f"swh:1:rev:{commit}"
    return ContextEntity(
        crate,
        f"https://archive.softwareheritage.org/{identifier}",
        {
            "@type": "SoftwareSourceCode",
            "name": "normscape, the source",
            "version": commit,
            "identifier": identifier,
        },
    )


def _times(folder):
    jobs = records.read(folder)
    if not jobs:
        raise ValueError(f".snakemake: it holds no record of {folder}")
    return _iso(min(job.start for job in jobs)), _iso(max(job.end for job in jobs))


def _iso(seconds):
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _properties(name, content):
    properties = {"name": name}
    if isinstance(content, Path):
        properties["sha256"] = digest(content)
    properties["encodingFormat"] = _TYPES.get(Path(name).suffix, _TEXT)
    return properties
