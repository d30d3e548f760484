"""An experiment's results page, from its tables, verdicts and figures."""

import hashlib
import importlib
import inspect
import platform
from importlib import metadata
from pathlib import Path

import pandas as pd
import yaml

from figures import style
from normscape.verdicts import readable
from pages import answers, curves, images, making, templates

# Figures from which no claim is judged, and the one that shows the same matter.
_RELATED = {
    "fig11_gradient_change": "fig04_landscape",
    "fig13_lp_landscape_dln": "fig05_lp_norms",
}


def render(
    *,
    name: str,
    config: dict,
    claims: dict,
    tables: dict[str, pd.DataFrame],
    figures: list[str],
    norms: list[str],
    sums: str,
    runs: list[str],
) -> str:
    """The page as HTML. Its links are relative to the experiment's folder.

    config : as resolved. claims : the claims file. figures : paths of the PNG files.
    sums : path of SHA256SUMS. runs : paths of the runs' manifests.
    """
    verdicts = tables["verdicts"]
    found = curves.curves(tables)
    return templates.fill(
        "results.html.j2",
        name=name,
        answer=answers.answer(verdicts, claims),
        **_verdict_table(verdicts[verdicts.seeds > 0]),
        figures=[_figure(Path(path), tables) for path in figures],
        data=templates.explorer_data(found, style.Norms(norms)),
        commit=making.commit(),
        machines=making.machines(runs),
        versions=f"Python {platform.python_version()}, "
        + ", ".join(f"{p} {metadata.version(p)}" for p in ("snakemake", "torch")),
        digest=hashlib.sha256(_sums(sums)).hexdigest()[:12],
        stages=making.stages(Path(sums).parent).reset_index().to_dict("records"),
        config=yaml.safe_dump(config, sort_keys=False),
    )


def _sums(path):
    content = Path(path).read_bytes()
    if not content.endswith(b"\n"):
        raise ValueError(f"{path}: cut short; delete it, and run again")
    return content


def _verdict_table(verdicts):
    table = readable(verdicts)
    rows = [
        {"cells": cells, "verdict": row.verdict, "figure": row.figure}
        | {"reason": None if pd.isna(row.reason) else row.reason}
        for cells, row in zip(table.to_numpy(), verdicts.itertuples(), strict=True)
    ]
    return {"columns": list(table), "verdicts": rows}


def _figure(path, tables):
    module = importlib.import_module(f"figures.{path.stem}")
    title, *caption, paper = (
        part.replace("\n", " ") for part in inspect.getdoc(module).split("\n\n")
    )
    title = title.removesuffix(".")
    judged = _RELATED.get(path.stem, path.stem)
    finding = answers.findings(tables["verdicts"], judged)
    if "theory_instances" in module.TABLES:
        finding = [answers.theorems(tables["theory"])]
    image = images.inlined(path)
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
        "tables": [{"name": name, "path": _table_path(name)} for name in module.TABLES],
    }


def _table_path(name):
    return (
        "../../workflow/resources/paper_curves.csv"
        if name == "paper_curves"
        else f"tables/{name}.csv"
    )
