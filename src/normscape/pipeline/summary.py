"""What a complete experiment prints at its end: the verdicts, and where its page is."""

import csv
import textwrap
from pathlib import Path


def verdicts(path: str, width: int = 80) -> str:
    """A table of verdicts (CSV) as lines that fit a terminal."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rows = [row for row in rows if row["comparison"] != "same loss"]
    measured = [row for row in rows if row["seeds"] != "0"]
    lines = []
    for row in measured:
        line = f"{row['verdict']:<14}  {row['statement']}"
        line += f" ({row['not_learnt']})" if row["not_learnt"] else ""
        lines += textwrap.wrap(line, width, subsequent_indent=" " * 16)
    if absent := len(rows) - len(measured):
        lines.append(f"Without runs in this experiment: {absent} more comparisons.")
    return "\n".join(lines)


def summary(root: str) -> str:
    """The final lines of a complete experiment: its verdicts and the path of its page."""
    lines = []
    if Path(table := f"{root}/verdicts.csv").is_file():
        lines += ["", verdicts(table), ""]
    if Path(page := f"{root}/index.html").is_file():
        lines.append(f"The results page: {page}")
    return "\n".join(lines)
