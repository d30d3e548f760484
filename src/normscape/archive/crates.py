"""The description of an archive as a Workflow Run RO-Crate.

The profile is version 0.5 of https://w3id.org/ro/wfrun/workflow, on RO-Crate 1.1.
"""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

from rocrate.model import ContextEntity
from rocrate.rocrate import ROCrate

from normscape.archive import contents
from normscape.archive.records import FOLDER, Record
from normscape.files import digest

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


def as_json(value, in_order: bool = False) -> bytes:
    """The same bytes for the same value; ``in_order`` where the order of keys counts."""
    return (json.dumps(value, indent=1, sort_keys=not in_order) + "\n").encode()


def metadata(
    name: str,
    files: dict[str, Path | bytes],
    results: list[str],
    records: list[Record],
    commit: str,
    added: list[str],
) -> dict:
    """The crate's description (JSON-LD) of an archive with these files.

    results : those files that the experiment made. added : those that belong to the
        source, but are not in its commit. records : the action's times are those of the
        first and the last job.
    """
    citation = contents.read_citation(files[contents.CITATION])
    start = _iso(min(record.start for record in records))
    end = _iso(max(record.end for record in records))
    crate = ROCrate(version="1.1")
    crate.name = f"{citation['title']} ({name})"
    crate.description = (
        "The results of a normscape experiment, with the source, the config, the lock file "
        "and the records that made them. Unpacked into a clone, it is done."
    )
    crate.datePublished = end
    crate.license = _add(crate, _LICENSE, "CreativeWork", name="MIT License")
    if "doi" in citation:
        crate.root_dataset["identifier"] = f"https://doi.org/{citation['doi']}"
    if re.fullmatch("[0-9a-f]{40}", commit):  # with changes, it is nobody's
        crate.root_dataset["isBasedOn"] = _add_source(crate, commit)
    authors = [
        _add_author(crate, number, author)
        for number, author in enumerate(citation["authors"], start=1)
    ]
    crate.root_dataset["author"] = crate.root_dataset["publisher"] = authors
    crate.root_dataset["conformsTo"] = [
        _add(crate, url, "CreativeWork", name=title, version=url.rsplit("/", 1)[1])
        for url, title in PROFILES.items()
    ]
    entities = {}
    for path in sorted(files):
        if not path.startswith(f"{FOLDER}/") and path != "Snakefile":
            properties = _properties(path, files[path])
            if path in added:
                properties["description"] = "Not in the commit of the source."
            entities[path] = crate.add_file(dest_path=path, properties=properties)
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
    outputs = [entities[path] for path in results]
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


def _add(crate, identifier, kind, /, **properties):
    return crate.add(ContextEntity(crate, identifier, {"@type": kind} | properties))


def _add_author(crate, number, author):
    """An author of CITATION.cff: a group has one name, a person has parts of a name."""
    kind = "Organization" if "name" in author else "Person"
    identifier = author.get("orcid", f"#author{number}")
    return _add(crate, identifier, kind, name=contents.name_of(author))


def _add_source(crate, commit):
    """The source as Software Heritage names it, where it has been archived there."""
    identifier = f"swh:1:rev:{commit}"
    return _add(
        crate,
        f"https://archive.softwareheritage.org/{identifier}",
        "SoftwareSourceCode",
        name="normscape, the source",
        version=commit,
        identifier=identifier,
    )


def _iso(seconds):
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _properties(name, content):
    properties = {"name": name}
    if isinstance(content, Path):
        properties["sha256"] = digest(content)
    properties["encodingFormat"] = _TYPES.get(Path(name).suffix, _TEXT)
    return properties
