"""Verdicts in words: tables of text for terminals and pages."""

from collections.abc import Iterator

import pandas as pd

from normscape.claims import intervals
from normscape.claims.comparisons import NOT_MEASURED, SAME_LOSS
from normscape.claims.decision import (
    AS_CLAIMED,
    OPEN,
    OPPOSITE,
    SIZE_OPEN,
    SMALLER,
    VERDICTS,
)


def first_readings(verdicts: pd.DataFrame) -> pd.DataFrame:
    """The verdicts at the same step or function, of claims that the experiment has runs for."""
    measured = verdicts[verdicts.reason != NOT_MEASURED]
    return measured[measured.comparison != SAME_LOSS]


def paired(verdicts: pd.DataFrame) -> Iterator[tuple]:
    """Each row of ``first_readings``, with that at the same loss or None."""
    key = ["claim", "model", "subject"]
    same_loss = verdicts[verdicts.comparison == SAME_LOSS]
    others = {tuple(row[key]): row for _, row in same_loss.iterrows()}
    for _, row in first_readings(verdicts).iterrows():
        yield row, others.get(tuple(row[key]))


def not_measured(verdicts: pd.DataFrame) -> str:
    """A line on claims that the experiment has no runs for; empty if there is none."""
    count = int((verdicts.reason == NOT_MEASURED).sum())
    return (
        f"Without runs in this experiment: {count} more comparisons." if count else ""
    )


def sections(verdicts: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The verdicts on primary and on secondary claims, each with its title, where there are any."""
    primary = verdicts.primary.notna()
    for title, rows in (
        ("Primary claims", verdicts[primary]),
        ("Secondary claims", verdicts[~primary]),
    ):
        if len(first_readings(rows)):
            yield title, rows


def markdown(verdicts: pd.DataFrame) -> str:
    """The verdicts as tables that read well in a terminal, too; primary claims first."""
    text = ""
    for title, rows in sections(verdicts):
        table = readable(rows)
        reasons = [
            f": {why}" if (why := remark(row)) else ""
            for row in first_readings(rows).itertuples()
        ]
        text += f"## {title}\n\n"
        text += aligned(table.assign(verdict=table.verdict + reasons)) + "\n"
    return text + "\n".join(f"{line}\n" for line in notes(verdicts))


def notes(verdicts: pd.DataFrame) -> list[str]:
    """Notes below the table: p-values, excluded measurements, claims without runs."""
    rows = first_readings(verdicts)
    lines = [
        "p is one-sided. It is for an effect in the claimed range; with the verdicts "
        f'"{SIZE_OPEN}" and "{SMALLER}" for the claimed sign; with "{OPPOSITE}" for the other '
        "sign, or for an effect outside the range if the claim has no sign.",
        f"Primary claims are tested at {intervals.LEVEL:g} without correction. In brackets is "
        "p with Holm's correction for the secondary claims of the same topic and comparison, "
        "many of which share runs.",
    ]
    lines += _after_correction(rows[rows.primary.isna()])
    if finished := int(rows.finished.sum()):
        lines.append(
            "Measurements of finished runs, left out at the same step, summed over comparisons: "
            f"{finished}."
        )
    absent = not_measured(verdicts)
    return [*lines, absent] if absent else lines


def _after_correction(secondary):
    """A line for each decided verdict that there is: how many Holm's correction leaves."""
    for name in (AS_CLAIMED, SIZE_OPEN, SMALLER, OPPOSITE):
        decided = secondary[secondary.verdict == name]
        count = int((decided[f"holm{_TESTED[name]}"] <= intervals.LEVEL).sum())
        if len(decided):
            yield (
                f'Secondary verdicts "{name}": {count} of {len(decided)} with a corrected p of '
                f"at most {intervals.LEVEL:g}."
            )


def counts(verdicts: pd.Series) -> str:
    """How many there are of each verdict.

    >>> counts(pd.Series(["open", "as claimed", "open"]))
    '1 as claimed, 2 open'
    """
    numbers = verdicts.value_counts()
    return ", ".join(f"{numbers[name]} {name}" for name in VERDICTS if name in numbers)


def remark(row) -> str:
    """A verdict's reason, and which runs have not learnt; or nothing."""
    texts = [text for text in (row.reason, row.not_learnt) if pd.notna(text)]
    return "; ".join(dict.fromkeys(texts))


def readable(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Columns of text for people: one row per verdict at the same step."""
    return pd.DataFrame(
        [
            {
                "claim": row.statement,
                "runs": _runs(row),
                "claimed": f"{row.scale} {row.claimed}",
                "paper": _paper(row),
                "effect [95%], seeds": _measured(row),
                "same loss": _same_loss(row, other),
                "p (Holm's)": _probability(row),
                "verdict": row.verdict,
            }
            for row, other in paired(verdicts)
        ],
        columns=COLUMNS,
    )


COLUMNS = [
    *("claim", "runs", "claimed", "paper", "effect [95%], seeds", "same loss"),
    *("p (Holm's)", "verdict"),
]


def paper_comparison(numbers: pd.DataFrame) -> list[dict[str, str]]:
    """The table of ``paper_comparison.compare_with_paper`` as text."""
    return [
        {
            "quantity": row.label,
            "runs": f"{row.model} {row.norm}, lr {row.lr:g}"
            + (f": {row.not_learnt}" if pd.notna(row.not_learnt) else ""),
            "paper": f"{row.paper:.3g}",
            "paper, as many steps": f"{row.paper_as_long:.3g}",
            "ours [95%], seeds": _number(row.ours, row.low, row.high, f"{row.seeds:g}"),
            "ratio": f"{row.ratio:.2g}",
        }
        for row in numbers[numbers.seeds > 0].itertuples()
    ]


def _runs(row):
    """
    >>> row = {"model": "vgg", "subject": "batch", "reference": "as_trained", "lr": 0.1}
    >>> _runs(pd.Series(row | {"place": "none", "best_lrs": None}))
    'vgg batch / as_trained, from none, lr 0.1'
    """
    text = f"{row.model} {row.subject}"
    text += f" / {row.reference}" if pd.notna(row.reference) else ""
    text += f", from {row.place}" if pd.notna(row.place) else ""
    text += f", lr {row.lr:g}" if pd.notna(row.lr) else ""
    return text + (f", best lr {row.best_lrs}" if pd.notna(row.best_lrs) else "")


def _paper(row):
    if pd.isna(row.paper):
        return ""
    # In a file where all of them are numbers they are read as such.
    return f"{row.paper}" + (" (outside the range)" if row.paper_shows == "no" else "")


# Which p-value and which of Holm's a verdict rests on, by the end of the columns' names.
_TESTED = {
    AS_CLAIMED: "",
    SIZE_OPEN: "_direction",
    SMALLER: "_direction",
    OPPOSITE: "_opposite",
    OPEN: "",
}


def _probability(row):
    end = _TESTED[row.verdict]
    p, holm = row[f"p{end}"], row[f"holm{end}"]
    if pd.isna(p):
        return ""
    return f"{p:.2g}" if pd.notna(row.primary) else f"{p:.2g} ({holm:.2g})"


def _measured(row):
    seeds = f"{row.seeds:g}"
    if pd.notna(row.reference_seeds) and row.reference_seeds != row.seeds:
        seeds += f" and {row.reference_seeds:g}"
    return _number(row.effect, row.low, row.high, seeds, row.method)


def _number(effect, low, high, seeds, method=""):
    if pd.isna(effect):
        return f"-, {seeds}"
    if method == "same":
        return f"{effect:.3g} in all {seeds}"
    if pd.isna(low):
        return f"{effect:.3g}, {seeds}"
    ranks = " (ranks)" if method == "ranks" else ""
    return f"{effect:.3g} [{low:.3g}, {high:.3g}]{ranks}, {seeds}"


def _same_loss(row, other):
    """The effect at the same loss, and its verdict where that differs from the other."""
    if other is None:
        return ""
    if other.seeds == 0:
        return other.reason
    text = _measured(other)
    return text if other.verdict == row.verdict else f"{text}: {other.verdict}"


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
