"""What the verdicts say, in sentences, and what speaks for which explanation."""

from collections.abc import Iterable

import pandas as pd

# The normaliser that all papers explain.
EXPLAINED = "batch"
# A figure's caption tells no more verdicts one by one.
SENTENCES = 40


def answer(verdicts: pd.DataFrame, claims: dict) -> list[str]:
    """A sentence for each topic of the claims, with what was measured.

    Where claims say how a topic is told (``answers`` in ``claims.schema.yaml``), in those
    words; else how many comparisons bear it out. A comparison is a claim about one
    normaliser; those of runs that the experiment does not have are left out, and so are
    topics without any.

    >>> claims = {
    ...     "topics": {"landscape": "Its landscape is smoother"}, "answers": {},
    ... }
    >>> judged = pd.DataFrame({
    ...     "topic": "landscape", "seeds": 3,
    ...     "verdict": ["reproduced", "reproduced", "inconclusive"],
    ... })
    >>> answer(judged, claims)
    ['Its landscape is smoother: reproduced in 2 of 3 comparisons; 1 inconclusive.']
    """
    here = verdicts[verdicts.seeds > 0]
    sentences = []
    for topic, title in claims["topics"].items():
        told = [_told(part, here) for part in claims["answers"].get(topic, [])]
        verdicts_of_topic = here.verdict[here.topic == topic]
        if len(verdicts_of_topic):
            outcome = f"{title}: {_outcome(verdicts_of_topic)}"
            said = "; ".join(filter(None, told)) or outcome
            sentences.append(f"{said[0].upper()}{said[1:]}.")
    return sentences


def _told(part, verdicts) -> str:
    """What is said of a claim, by its verdict in both readings; empty if not judged."""
    rows = verdicts[verdicts.claim == part["claim"]]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    text = part["by_step"][row.verdict].format(
        effect=_measured(row.effect, row.low, row.high)
    )
    if "at_equal_loss" in part and row.equal_loss_seeds > 0:
        more = part["at_equal_loss"][row.equal_loss_verdict]
        text += more.format(effect=_measured_at_equal_loss(row))
    return text + _remark(row)


def _remark(row) -> str:
    """Which of the compared runs have not learnt, or why there is no effect; or nothing."""
    if pd.notna(row.not_learnt):
        said = "not comparable: " if row.not_learnt == row.reason else ""
        return f"; {said}{row.not_learnt}"
    return f"; {row.reason}" if pd.isna(row.effect) else ""


def _measured(effect, low, high):
    """
    >>> _measured(1.0023, 0.2, 243.2), _measured(0.11, 0.11, 0.11)
    ('1.0 [0.20, 240]', '0.11')
    """
    if pd.isna(effect):
        return "unknown"
    if low == high or pd.isna(low):
        return _two_digits(effect)
    return f"{_two_digits(effect)} [{_two_digits(low)}, {_two_digits(high)}]"


def _two_digits(number):
    rounded = float(f"{number:.2g}")
    return f"{rounded:#.2g}" if 0.001 <= abs(rounded) < 10 else f"{rounded:g}"


def _measured_at_equal_loss(row):
    return _measured(row.equal_loss_effect, row.equal_loss_low, row.equal_loss_high)


def _outcome(verdicts):
    counts = verdicts.value_counts()
    parts = [
        f"{counts[verdict]} {verdict}"
        for verdict in ("not reproduced", "inconclusive")
        if verdict in counts
    ]
    head = f"reproduced in {counts.get('reproduced', 0)} of {len(verdicts)} comparisons"
    return "; ".join([head, *parts])


def evidence(verdicts: pd.DataFrame, claims: dict) -> list[dict[str, str]]:
    """A row for each explanation, a topic of the claims, with what speaks for it as text.

    Counts of comparisons about BatchNorm and about other normalisers, in both readings:
    reproduced, not reproduced and inconclusive. Topics that the experiment does not have
    are left out.
    """
    here = verdicts[verdicts.seeds > 0]
    rows = []
    for paper in claims["papers"]:
        for topic, title in paper["topics"].items():
            of_topic = here[here.topic == topic]
            own = of_topic.subject == EXPLAINED
            if len(of_topic):
                rows.append(
                    {
                        "explanation": title,
                        "said by": paper["source"],
                        "BatchNorm, by step": _counted(of_topic.verdict[own]),
                        "BatchNorm, at equal loss": _at_equal_loss(of_topic[own]),
                        "others, by step": _counted(of_topic.verdict[~own]),
                        "others, at equal loss": _at_equal_loss(of_topic[~own]),
                    }
                )
    return rows


def _at_equal_loss(verdicts):
    return _counted(verdicts.equal_loss_verdict.dropna())


def _counted(verdicts) -> str:
    """
    >>> _counted(pd.Series(["reproduced", "inconclusive", "reproduced"]))
    '2 / 0 / 1'
    """
    if verdicts.empty:
        return "-"
    names = "reproduced", "not reproduced", "inconclusive"
    return " / ".join(str((verdicts == name).sum()) for name in names)


def findings(verdicts: pd.DataFrame, figures: Iterable[str]) -> list[str]:
    """What the claims that these figures show came to, a sentence a verdict; of many, how many.

    With the reading at equal training loss, where there is one.

    >>> judged = pd.DataFrame({
    ...     "figure": "fig05", "statement": ["L1 trains faster", "L2 trains faster"],
    ...     "verdict": ["reproduced", "inconclusive"], "seeds": 3,
    ...     "effect": [0.5, 0.7], "low": [0.4, 0.5], "high": [0.6, 0.9],
    ...     "equal_loss_seeds": 0, "not_learnt": None,
    ... })
    >>> findings(judged, ["fig05"])
    ['L1 trains faster: reproduced, 0.50 [0.40, 0.60].', 'L2 trains faster: inconclusive, 0.70 [0.50, 0.90].']
    """
    rows = verdicts[verdicts.figure.isin(figures) & (verdicts.seeds > 0)]
    if len(rows) > SENTENCES:
        return [f"Its claims are {_outcome(rows.verdict)}."]
    return [_finding(row) for row in rows.itertuples()]


def _finding(row) -> str:
    text = f"{row.statement}: {row.verdict}, "
    text += _measured(row.effect, row.low, row.high)
    if row.equal_loss_seeds > 0:
        agrees = row.equal_loss_verdict == row.verdict
        verdict = "" if agrees else f"{row.equal_loss_verdict}, "
        text += f"; at equal loss {verdict}{_measured_at_equal_loss(row)}"
    return f"{text}{_remark(row)}."


def theorems(summary: pd.DataFrame) -> str:
    """What the check of the theorems came to."""
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
