"""Verdicts in words: tables of text for terminals and pages."""

import pandas as pd


def here(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Those of claims that the experiment has runs for."""
    return verdicts[verdicts.seeds > 0]


def absent(verdicts: pd.DataFrame) -> str:
    """A line on comparisons that the experiment has no runs for; empty if there is none."""
    count = int((verdicts.seeds == 0).sum())
    return (
        f"Without runs in this experiment: {count} more comparisons." if count else ""
    )


def markdown(verdicts: pd.DataFrame) -> str:
    """The verdicts as a table that reads well in a terminal, too."""
    shown = here(verdicts)
    table = readable(shown)
    reasons = [f": {r}" if pd.notna(r) else "" for r in shown.reason]
    text = f"Verdicts: {counts(shown)}\n\n"
    text += aligned(table.assign(verdict=table.verdict + reasons))
    return text + (f"\n{absent(verdicts)}\n" if absent(verdicts) else "")


def counts(verdicts: pd.DataFrame) -> str:
    """How many there are of each verdict."""
    found = verdicts.verdict.value_counts()
    return ", ".join(
        f"{found.get(verdict, 0)} {verdict}"
        for verdict in ("reproduced", "not reproduced", "inconclusive")
    )


def readable(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Columns of text for people, a row a verdict."""
    return pd.DataFrame(
        {
            "claim": verdicts.statement,
            "runs": [
                f"{row.model} {row.subject}"
                + (f" / {row.reference}" if pd.notna(row.reference) else "")
                + (f", lr {row.lr:g}" if pd.notna(row.lr) else "")
                for row in verdicts.itertuples()
            ],
            "claimed": [
                f"{row.comparison} {row.claimed}" for row in verdicts.itertuples()
            ],
            "paper": verdicts.paper.fillna(""),
            "measured [95 %], seeds": [_measured(r) for r in verdicts.itertuples()],
            "verdict": verdicts.verdict,
        }
    )


def _measured(row):
    if pd.isna(row.effect):
        return f"-, {row.seeds}"
    if pd.isna(row.low):
        return f"{row.effect:.3g}, {row.seeds}"
    return f"{row.effect:.3g} [{row.low:.3g}, {row.high:.3g}], {row.seeds}"


def aligned(table: pd.DataFrame) -> str:
    """A Markdown table whose columns are padded to equal width."""
    rows = [list(table), *table.astype(str).to_numpy().tolist()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, ["-" * width for width in widths])
    return "".join(
        "| "
        + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True))
        + " |\n"
        for row in rows
    )
