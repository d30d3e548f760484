"""Verdicts in words: tables of text for terminals and pages."""

import pandas as pd

from normscape.claims import intervals


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
    reasons = [
        f": {said}" if (said := remark(row)) else "" for row in shown.itertuples()
    ]
    text = f"Verdicts: {counts(shown)}\n\n"
    text += aligned(table.assign(verdict=table.verdict + reasons))
    return text + "".join(f"\n{line}\n" for line in notes(verdicts))


def notes(verdicts: pd.DataFrame) -> list[str]:
    """What a reader of the table must know besides: how many comparisons there are."""
    shown = here(verdicts)
    found = shown[shown.verdict == "reproduced"]
    count = int((found.holm <= intervals.LEVEL).sum())
    lines = [
        "p is one-sided, of the claim; Holm's p is corrected for all comparisons of the same "
        f"topic, many of which share runs: with it {count} of {len(found)} verdicts "
        f'"reproduced" stay below {intervals.LEVEL:g}.'
    ]
    if left_out := int(shown.finished.sum()):
        lines.append(
            "Probes of finished runs, left out by step and summed over comparisons: "
            f"{left_out}."
        )
    return lines + ([absent(verdicts)] if absent(verdicts) else [])


def counts(verdicts: pd.DataFrame) -> str:
    """How many there are of each verdict."""
    found = verdicts.verdict.value_counts()
    return ", ".join(
        f"{found.get(verdict, 0)} {verdict}"
        for verdict in ("reproduced", "not reproduced", "inconclusive")
    )


def remark(row) -> str:
    """What is said beside a verdict: its reason, and which runs have not learnt; or nothing."""
    said = [text for text in (row.reason, row.not_learnt) if pd.notna(text)]
    return "; ".join(dict.fromkeys(said))


def readable(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Columns of text for people, a row a verdict."""
    return pd.DataFrame(
        {
            "claim": verdicts.statement,
            "runs": [
                f"{row.model} {row.subject}"
                + (f" / {row.reference}" if pd.notna(row.reference) else "")
                + (f", lr {row.lr:g}" if pd.notna(row.lr) else "")
                + (f", best lr {row.best_lrs}" if pd.notna(row.best_lrs) else "")
                for row in verdicts.itertuples()
            ],
            "claimed": [
                f"{row.comparison} {row.claimed}" for row in verdicts.itertuples()
            ],
            "paper": [_paper(row) for row in verdicts.itertuples()],
            "by step [95 %], seeds": [
                _measured(r.effect, r.low, r.high, r.seeds, r.method)
                for r in verdicts.itertuples()
            ],
            "at equal loss": [_at_equal_loss(r) for r in verdicts.itertuples()],
            "p (Holm's)": [
                f"{r.p:.2g} ({r.holm:.2g})" if pd.notna(r.p) else ""
                for r in verdicts.itertuples()
            ],
            "verdict": verdicts.verdict,
        }
    )


def beside_paper(numbers: pd.DataFrame) -> list[dict[str, str]]:
    """Our numbers beside those of the paper's curves (``beside.beside``) as text."""
    return [
        {
            "quantity": row.label,
            "runs": f"{row.model} {row.norm}, lr {row.lr:g}"
            + (f": {row.not_learnt}" if pd.notna(row.not_learnt) else ""),
            "paper": f"{row.paper:.3g}",
            "paper, as many steps": f"{row.paper_as_long:.3g}",
            "ours [95 %], seeds": _measured(row.ours, row.low, row.high, row.seeds),
            "ratio": f"{row.ratio:.2g}",
        }
        for row in here(numbers).itertuples()
    ]


def _paper(row):
    if pd.isna(row.paper):
        return ""
    # In a file where all of them are numbers they are read as such.
    return f"{row.paper}" + (": its figure does not" if row.paper_shows == "no" else "")


def _measured(effect, low, high, seeds, method=""):
    if pd.isna(effect):
        return f"-, {seeds:g}"
    if method == "same":
        return f"{effect:.3g} in all {seeds:g}"
    if pd.isna(low):
        return f"{effect:.3g}, {seeds:g}"
    ranks = " (ranks)" if method == "ranks" else ""
    return f"{effect:.3g} [{low:.3g}, {high:.3g}]{ranks}, {seeds:g}"


def _at_equal_loss(row):
    """The second reading, and what it comes to where that is not the verdict by step."""
    if pd.isna(row.equal_loss_verdict):
        return ""
    if row.equal_loss_seeds == 0:
        return row.equal_loss_reason
    text = _measured(
        row.equal_loss_effect,
        row.equal_loss_low,
        row.equal_loss_high,
        row.equal_loss_seeds,
        row.equal_loss_method,
    )
    agrees = row.equal_loss_verdict == row.verdict
    return text if agrees else f"{text}: {row.equal_loss_verdict}"


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
