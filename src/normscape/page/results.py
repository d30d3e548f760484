"""An experiment's results page, from its tables, verdicts and figures."""

import hashlib
import importlib
import inspect
import os
import platform
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

import yaml

from normscape.claims import chance, declarations
from normscape.claims.wording import (
    beside_paper,
    counts,
    here,
    notes,
    readable,
    remark,
)
from normscape.experiment import Experiment
from normscape.page import answers, explorer, images, run_conditions, templates
from normscape.tables.frames import Tables

# The figure that the page begins with.
OVERVIEW = "fig17_verdicts"
# Of figures of runs, where some have not learnt.
HOLLOW = (
    "A line or mark is hollow where a run that it is of stayed at chance or diverged."
)


def render(
    *,
    name: str,
    config: dict,
    claims: dict,
    tables: Tables,
    figures: list[str],
    experiment: Experiment,
    checksums: str,
    runs: list[str],
) -> str:
    """The page as HTML. Its links are relative to the experiment's folder.

    config : as resolved. claims : as ``claims.declarations.read`` gives them. figures :
    paths of the PNG files.
    checksums : path of SHA256SUMS. runs : paths of the runs' manifests.
    """
    verdicts = tables["verdicts"]
    quantities = declarations.explored(set(tables))
    curves = explorer.curves(quantities, chance.label(tables))
    folder = Path(checksums).parent
    paths = [Path(path) for path in figures]
    # Now, since it changes the working directory for a moment, which threads share.
    importlib.import_module("normscape.figures")
    with ThreadPoolExecutor() as pool:
        inlined = pool.map(images.inline, paths)
        drawn = {
            path.stem: _figure(path, image, tables, folder)
            for path, image in zip(paths, inlined, strict=True)
        }
    return templates.fill(
        "results.html.j2",
        name=name,
        answer=answers.answer(verdicts, claims),
        evidence=answers.evidence(verdicts, claims),
        papers=_papers(here(verdicts), claims),
        notes=notes(verdicts),
        overview=drawn.pop(OVERVIEW),
        numbers=beside_paper(tables["beside_paper"]),
        figures=list(drawn.values()),
        data=templates.script_data(
            explorer.data(curves, list(experiment.norms.values()), quantities)
        ),
        commit=run_conditions.commit(),
        machines=run_conditions.machines(runs),
        data_notes=run_conditions.data_notes(runs),
        trainings=run_conditions.trainings(runs),
        versions=f"Python {platform.python_version()}, "
        + ", ".join(f"{p} {metadata.version(p)}" for p in ("snakemake", "torch")),
        digest=hashlib.sha256(_read(checksums)).hexdigest()[:12],
        stages=run_conditions.stages(folder),
        config=yaml.safe_dump(config, sort_keys=False),
    )


def _read(path):
    content = Path(path).read_bytes()
    if not content.endswith(b"\n"):
        raise ValueError(f"{path}: cut short; delete it, and run again")
    return content


def _papers(verdicts, claims):
    """For each paper that has verdicts its source, what they come to, and their table."""
    found = []
    for paper in claims["papers"]:
        rows = verdicts[verdicts.topic.isin(paper["topics"])]
        if len(rows):
            said = answers.answer(rows, claims)
            found.append({"source": paper["source"], "answer": said})
            found[-1] |= _verdict_table(rows)
    return found


def _verdict_table(verdicts):
    table = readable(verdicts)
    rows = [
        {"cells": cells, "verdict": row.verdict, "figure": row.figure}
        | {"reason": remark(row)}
        for cells, row in zip(table.to_numpy(), verdicts.itertuples(), strict=True)
    ]
    return {"columns": list(table), "verdicts": rows}


def _figure(path, image, tables, folder):
    module = importlib.import_module(f"normscape.figures.{path.stem}")
    title, *caption, paper = (
        part.replace("\n", " ") for part in inspect.getdoc(module).split("\n\n")
    )
    title = title.removesuffix(".")
    # Where no claim is judged from a figure, it names others that show the same matter.
    judged = getattr(module, "CLAIMS_OF", (path.stem,))
    finding = answers.findings(tables["verdicts"], judged)
    if "theory_instances" in module.TABLES:
        finding = [answers.theorems(tables["theory"])]
    elif "verdicts" in module.TABLES:
        finding = [f"{counts(here(tables['verdicts']))}."]
    elif chance.failures(tables["outcomes"].outcome):
        caption.append(HOLLOW)
    return {
        "name": path.stem,
        "image": image.address,
        "width": image.width,
        "height": image.height,
        "alt": " ".join(
            [f"{title}.", *(finding or [*caption, "No claim is judged from it."])]
        ),
        "title": title,
        "finding": finding,
        "caption": caption,
        "paper": paper,
        "script": os.path.relpath(module.__file__, folder),
        "tables": [{"name": name, "path": _table_path(name)} for name in module.TABLES],
    }


def _table_path(name):
    return "verdicts.csv" if name == "verdicts" else f"tables/{name}.csv"
