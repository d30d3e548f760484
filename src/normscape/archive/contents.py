"""What an archive holds: the project's source, and the results that its config makes."""

import re
import sys
from pathlib import Path

from normscape import folders, schemas, strict_yaml
from normscape.archive import names, provenance
from normscape.pipeline import grid, paths

CITATION = "CITATION.cff"
_REQUIRED = (
    *(CITATION, "LICENSE", "README.md"),
    *("Snakefile", "config.yaml", "envs/requirements.txt"),
)
_PARTS_OF_A_NAME = ("given-names", "name-particle", "family-names", "name-suffix")
_STRING = {"type": "string"}
_NAMES = (*_PARTS_OF_A_NAME, "name", "alias", "orcid")
_AUTHOR = {"type": "object", "properties": dict.fromkeys(_NAMES, _STRING)}
_AUTHORS = {"type": "array", "minItems": 1, "items": _AUTHOR}
_CITATION_SCHEMA = {
    "type": "object",
    "required": ["title", "authors"],
    "properties": {"title": _STRING, "doi": _STRING, "authors": _AUTHORS},
}


def check_source(wildcards) -> list[str]:
    """No input for Snakemake; ends the program where the source can't be packed.

    Snakemake calls it before the first job, and only if an archive is asked for.
    """
    try:
        packed_source(provenance.source().files)
    except (OSError, ValueError) as error:
        sys.exit(f"archive: {error}")
    return []


def packed_source(files: list[str]) -> dict[str, Path]:
    """The project's files by their names in the archive.

    A ValueError or an OSError names one that is missing, or that can't be packed.
    """
    packed = {names.in_archive(file): provenance.PROJECT / file for file in files}
    for name in _REQUIRED:
        if name not in packed:
            raise ValueError(
                f"{name}: expected the file in {provenance.PROJECT}, got none; add it"
            )
    for path in packed.values():
        path.open("rb").close()
    read_citation(packed[CITATION])
    return packed


def read_citation(path: Path) -> dict:
    """Title, authors and, perhaps, DOI; a ValueError names what is wrong."""
    citation = strict_yaml.read(path)
    try:
        schemas.check(citation, _CITATION_SCHEMA)
    except schemas.ConfigError as error:
        raise ValueError(f"{path}: {error}") from None
    for number, author in enumerate(citation["authors"]):
        if not name_of(author):
            raise ValueError(
                f"{path}: authors[{number}]: expected name, family-names or alias, got none of "
                "them; add one"
            )
    return citation


def name_of(author: dict) -> str:
    """The name of an author of CITATION.cff: a person has parts of a name."""
    joined = " ".join(author[part] for part in _PARTS_OF_A_NAME if part in author)
    return author.get("name") or joined or author.get("alias", "")


def outputs(config: dict) -> list[str]:
    """All files that the experiment makes, as it runs with this config."""
    root = paths.root(config)
    made = [*paths.results(config), f"{root}/index.html", f"{root}/SHA256SUMS"]
    for cell in grid.cells(config):
        model = cell.model
        patterns = [
            paths.train_file(config, name, model)
            for name in ("history.csv", "evaluation.csv", "run.json")
        ]
        patterns += paths.checkpoint_files(config, model).values()
        patterns.append(paths.data_file(config, model))
        for probe in config["probes"]:
            steps = grid.probed_steps(config, probe, cell)
            for table, pattern in paths.probe_files(config, probe).items():
                if steps:
                    patterns.append(f"{paths.probe_folder(config, table)}.csv")
                patterns += [pattern.replace("{step}", str(step)) for step in steps]
        made += [pattern.format(**cell._asdict()) for pattern in patterns]
    return list(dict.fromkeys(made))


def is_checkpoint(path: str) -> bool:
    """Whether an output is a checkpoint or a data set, which an archive may leave out."""
    return path.endswith(".safetensors")


def others(config: dict) -> list[str]:
    """Files in the experiment's folder that this config does not make, relative to it.

    Links are followed. Logs, states of trainings and archives are not listed.
    """
    root = paths.root(config)
    made = set(outputs(config))
    archive = re.compile(
        rf"archive\.txt|{re.escape(config['name'])}-[0-9a-f]{{12}}\.zip"
    )
    return [
        name
        for name in folders.files(root)
        if f"{root}/{name}" not in made
        and not {"logs", "state"} & set(name.split("/")[:-1])
        and not archive.fullmatch(name)
    ]
