"""The tables, summaries, figures and templates that the source defines, in any experiment."""

import ast
from pathlib import Path

from normscape import components, folders
from normscape.code import SRC
from normscape.tables import CELL, frames

# The tables that every run writes.
TABLES_OF_TRAINING = ["history", "evaluation"]


def collected_tables() -> list[str]:
    """Tables that are joined from tables of runs, in this experiment or not."""
    probe_tables = [
        table
        for probe in components.names("probes")
        for table in components.declaration("probes", probe)["tables"]
    ]
    return TABLES_OF_TRAINING + probe_tables


def columns(table: str) -> list[str]:
    """All columns of a table that is collected from runs."""
    return [*CELL, *frames.columns(table)]


def summaries() -> list[str]:
    """The tables computed from tables of all runs: files of summaries/."""
    return components.module_names(library("summaries"), "*.py")


def figures() -> list[str]:
    """The names of all figures: numbered files of figures/."""
    return components.module_names(library("figures"), "*[0-9]_*.py")


def caption(figure: str) -> tuple[str, str]:
    """Title and text of a figure: the first line and the rest of its docstring."""
    text = ast.get_docstring(components.parse(library(f"figures/{figure}.py")))
    title, _, rest = text.partition("\n\n")
    return title.removesuffix("."), rest


def summary_tables(summary: str) -> tuple[str, ...]:
    """The tables that a summary is computed from."""
    return tables_of(library(f"summaries/{summary}.py"))


def figure_tables(figure: str) -> tuple[str, ...]:
    """The tables that a figure is drawn from."""
    return tables_of(library(f"figures/{figure}.py"))


def tables_of(file: Path) -> tuple[str, ...] | None:
    """The TABLES of a figure or a summary; None where it is no tuple of strings."""
    for node in components.parse(file).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        if any(isinstance(t, ast.Name) and t.id == "TABLES" for t in targets):
            try:
                return tuple(ast.literal_eval(node.value))
            except ValueError:
                return None
    return None


def figure_files() -> list[str]:
    """The files of src/ that draw figures and hold their captions."""
    return [f"normscape/figures/{figure}.py" for figure in figures()]


def page_templates() -> list[str]:
    """Templates, styles and scripts of pages, as files of src/."""
    paths = SRC.glob("normscape/page/*")
    return sorted(
        str(path.relative_to(SRC))
        for path in paths
        if path.suffix in (".j2", ".css", ".js") and not folders.is_leftover(path.name)
    )


def library(file: str) -> Path:
    return SRC / "normscape" / file
