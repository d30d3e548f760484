"""The final lines of a complete experiment: primary claims, and the path of its page."""

import csv
import textwrap
from pathlib import Path

_COLUMN = 28


def verdicts(path: str, width: int = 80) -> str:
    """The verdicts on primary claims (CSV) as lines that fit a terminal.

    Where an experiment has none of them, those on all claims.
    """
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    # Of other experiments' runs a claim has no seeds, and none that has not learnt.
    rows = [row for row in rows if row["seeds"] != "0" or row["not_learnt"]]
    rows = [row for row in rows if row["comparison"] != "same loss"]
    shown = [row for row in rows if row["primary"]] or rows
    lines = []
    for row in shown:
        line = f"{row['verdict']:<{_COLUMN - 2}}  {row['statement']}"
        line += f" ({row['not_learnt']})" if row["not_learnt"] else ""
        lines += textwrap.wrap(line, width, subsequent_indent=" " * _COLUMN)
    if others := len(rows) - len(shown):
        lines.append(f"Secondary claims: {others} more verdicts on the page.")
    return "\n".join(lines)


def summary(root: str) -> str:
    """The final lines of a complete experiment: its verdicts and the path of its page."""
    lines = []
    if Path(table := f"{root}/verdicts.csv").is_file():
        lines += ["", verdicts(table), ""]
    if Path(page := f"{root}/index.html").is_file():
        lines.append(f"The results page: {page}")
    return "\n".join(lines)
