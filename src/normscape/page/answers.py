"""Summaries of verdicts: counts, and the verdicts that a figure shows."""

from collections.abc import Iterable

import pandas as pd

from normscape.claims.claim import Paper
from normscape.claims.comparisons import NOT_MEASURED, SAME_LOSS
from normscape.claims.wording import counts, first_readings, paired

# The normaliser that all papers explain.
EXPLAINED = "batch"


def headline(verdicts: pd.DataFrame) -> dict[str, tuple]:
    """By claim its first verdict at the same step, and that at the same loss or None."""
    first = {}
    for row, other in paired(verdicts):
        first.setdefault(row.claim, (row, other))
    return first


def topic_counts(verdicts: pd.DataFrame, topics: dict[str, str]) -> dict[str, str]:
    """By topic a sentence with its numbers of verdicts, of topics that have some.

    topics : titles by name.
    """
    rows = first_readings(verdicts)
    return {
        topic: f"{title}: {counts(rows.verdict[rows.topic == topic])}."
        for topic, title in topics.items()
        if (rows.topic == topic).any()
    }


def evidence(verdicts: pd.DataFrame, papers: list[Paper]) -> list[dict[str, str]]:
    """One row per explanation, a topic of a paper, with its numbers of verdicts as text.

    Counts are of BatchNorm and of other normalisers, in each comparison. Topics that the
    experiment does not have are left out.
    """
    measured = verdicts[(verdicts.reason != NOT_MEASURED) & (verdicts.seeds > 0)]
    rows = []
    for paper in papers:
        for topic, title in paper.topics.items():
            topic_rows = measured[measured.topic == topic]
            if topic_rows.empty:
                continue
            row = {"explanation": title, "paper": paper.source}
            explained = topic_rows.subject == EXPLAINED
            for name, chosen in (("BatchNorm", explained), ("others", ~explained)):
                at_loss = topic_rows.comparison == SAME_LOSS
                for reading, rows_of_it in (
                    ("same step or function", ~at_loss),
                    ("same loss", at_loss),
                ):
                    cell = chosen & rows_of_it
                    row[f"{name}, {reading}"] = counts(topic_rows.verdict[cell])
            rows.append(row)
    return rows


def findings(verdicts: pd.DataFrame, figures: Iterable[str]) -> tuple[str, list[str]]:
    """The numbers of verdicts on claims that these figures show, and a sentence per claim."""
    rows = verdicts[verdicts.figure.isin(figures)]
    sentences = [_finding(row, other) for row, other in paired(rows)]
    return counts(first_readings(rows).verdict), sentences


def _finding(row, other) -> str:
    text = f"{row.statement}: {row.verdict}, {measured(row)}"
    if other is not None and other.seeds > 0:
        verdict = "" if other.verdict == row.verdict else f"{other.verdict}, "
        text += f"; at the same training loss {verdict}{measured(other)}"
    return "; ".join(filter(None, [text, caveat(row)])) + "."


def caveat(row) -> str:
    """Which of the compared runs have not learnt, or why there is no effect; or nothing."""
    if pd.notna(row.not_learnt):
        return row.not_learnt
    return row.reason if pd.isna(row.effect) else ""


def measured(row) -> str:
    """The effect of a verdict with its interval, in two digits.

    >>> measured(pd.Series({"effect": 1.0023, "low": 0.2, "high": 243.2}))
    '1.0 [0.20, 240]'
    >>> measured(pd.Series({"effect": 0.11, "low": 0.11, "high": 0.11}))
    '0.11'
    """
    number = effect(row)
    if pd.isna(row.effect) or pd.isna(row.low) or row.low == row.high:
        return number
    return f"{number} [{_round(row.low)}, {_round(row.high)}]"


def effect(row) -> str:
    """The effect of a verdict in two digits."""
    return "unknown" if pd.isna(row.effect) else _round(row.effect)


def _round(number):
    rounded = float(f"{number:.2g}")
    return f"{rounded:#.2g}" if 0.001 <= abs(rounded) < 10 else f"{rounded:g}"


def theorems(summary: pd.DataFrame) -> str:
    """Sentences on the check of the theorems."""
    counts = summary.groupby("form")[["instances", "violations"]].sum()
    sentences = []
    if "holds" in counts.index:
        instances, violations = counts.loc["holds"]
        sentences.append(
            f"In the form that holds, {violations:,} of {instances:,} instances "
            "violate a bound."
        )
    if "printed" in counts.index:
        instances, violations = counts.loc["printed"]
        sentences.append(
            f"As printed in v3 of the paper, {violations:,} of {instances:,} do."
        )
    return " ".join(sentences)
