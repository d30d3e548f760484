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

from normscape.claims.claim import Paper
from normscape.claims.comparisons import NOT_MEASURED, SAME_FUNCTION
from normscape.claims.outcomes import describe_failures
from normscape.claims.wording import (
    counts,
    first_readings,
    notes,
    paper_comparison,
    readable,
    remark,
)
from normscape.experiment import Experiment
from normscape.page import answers, explorer, images, run_conditions, templates
from normscape.tables.frames import Tables

# Figures with their own sections: the controlled experiment, and all verdicts.
SAME_FUNCTION_FIGURE, OVERVIEW = "fig26_same_function", "fig17_verdicts"
# For figures of runs, if some of the runs have not learnt.
HOLLOW = "Hollow lines and marks include runs that stayed at chance or diverged."
NO_CLAIM = "No claim is evaluated from it."


def render(
    *,
    name: str,
    config: dict,
    papers: list[Paper],
    claims: list[str],
    tables: Tables,
    figures: list[str],
    experiment: Experiment,
    checksums: str,
    runs: list[str],
) -> str:
    """The page as HTML. Its links are relative to the experiment's folder.

    config : as resolved. papers : the claims; claims : the paths of their files. figures :
    paths of the PNG files. checksums : path of SHA256SUMS. runs : paths of the runs' manifests.
    """
    verdicts = tables["verdicts"]
    declared_late = run_conditions.declared_late(claims, runs)
    quantities = explorer.explored(tables)
    curves = explorer.curves(quantities, tables)
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
        headline=answers.headline(verdicts),
        effect=answers.effect,
        caveat=answers.caveat,
        primary=_primary(verdicts, declared_late or ()),
        evidence=answers.evidence(verdicts, papers),
        papers=_papers(verdicts, papers, declared_late or ()),
        declared_late=declared_late,
        notes=notes(verdicts),
        same_function=_first_figure(drawn, verdicts),
        overview=drawn.pop(OVERVIEW),
        numbers=paper_comparison(tables["paper_comparison"]),
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


def _first_figure(drawn, verdicts):
    """Take out the figure of the controlled experiment; None without that experiment."""
    compared = verdicts[verdicts.comparison == SAME_FUNCTION]
    measured = (compared.reason != NOT_MEASURED).any()
    return drawn.pop(SAME_FUNCTION_FIGURE) if measured else None


def _read(path):
    content = Path(path).read_bytes()
    if not content.endswith(b"\n"):
        raise ValueError(
            f"{path}: expected a line break at the end, got a file that was cut short; "
            "delete it and rerun"
        )
    return content


def _primary(verdicts, declared_late):
    """The table of the primary claims; None if there are none."""
    rows = verdicts[verdicts.primary.notna()]
    return _verdict_table(rows, declared_late) if len(first_readings(rows)) else None


def _papers(verdicts, papers, declared_late):
    """Per paper with verdicts its source, the numbers of verdicts by topic, and their table."""
    sections = []
    for paper in papers:
        rows = verdicts[verdicts.topic.isin(paper.topics)]
        if topics := answers.topic_counts(rows, paper.topics):
            section = {"source": paper.source, "topics": topics.values()}
            sections.append(section | _verdict_table(rows, declared_late))
    return sections


def _verdict_table(verdicts, declared_late):
    table = readable(verdicts)
    rows = [
        {"cells": cells, "verdict": row.verdict, "figure": row.figure}
        | {"reason": remark(row), "late": row.claim in declared_late}
        for cells, row in zip(
            table.to_numpy(), first_readings(verdicts).itertuples(), strict=True
        )
    ]
    return {"columns": list(table), "verdicts": rows}


def _figure(path, image, tables, folder):
    module = importlib.import_module(f"normscape.figures.{path.stem}")
    title, *caption, paper = (
        part.replace("\n", " ") for part in inspect.getdoc(module).split("\n\n")
    )
    title = title.removesuffix(".")
    # A figure that no claim names lists other figures, whose claims it shows.
    shown = getattr(module, "CLAIMS_OF", (path.stem,))
    numbers, verdicts = answers.findings(tables["verdicts"], shown)
    finding = f"Verdicts: {numbers}." if verdicts else ""
    if "theory_instances" in module.TABLES:
        finding = answers.theorems(tables["theory"])
    elif "verdicts" in module.TABLES:
        finding = f"{counts(first_readings(tables['verdicts']).verdict)}."
    elif describe_failures(tables["outcomes"].outcome):
        caption.append(HOLLOW)
    return {
        "name": path.stem,
        "image": image.address,
        "width": image.width,
        "height": image.height,
        "alt": " ".join(
            [f"{title}.", *([finding] if finding else [*caption, NO_CLAIM])]
        ),
        "title": title,
        "finding": finding,
        "verdicts": verdicts,
        "caption": caption,
        "paper": paper,
        "script": os.path.relpath(module.__file__, folder),
        "tables": [{"name": name, "path": _table_path(name)} for name in module.TABLES],
    }


def _table_path(name):
    return "verdicts.csv" if name == "verdicts" else f"tables/{name}.csv"
