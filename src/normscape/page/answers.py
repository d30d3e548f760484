"""What the verdicts say, in sentences."""

import pandas as pd


def answer(verdicts: pd.DataFrame, claims: dict) -> list[str]:
    """A sentence for each topic of the claims: how many comparisons bear it out.

    A comparison is a claim about one normaliser; those of runs that the experiment does
    not have are left out.

    >>> claims = {
    ...     "topics": {"landscape": "Its landscape is smoother"},
    ...     "claims": [{"id": "a", "topic": "landscape"}],
    ... }
    >>> judged = pd.DataFrame(
    ...     {"claim": ["a"] * 3, "verdict": ["reproduced"] * 2 + ["inconclusive"], "seeds": 3}
    ... )
    >>> answer(judged, claims)
    ['Its landscape is smoother: reproduced in 2 of 3 comparisons; 1 inconclusive.']
    """
    topic_of = {claim["id"]: claim["topic"] for claim in claims["claims"]}
    here = verdicts[verdicts.seeds > 0]
    return [
        f"{statement}: {_outcome(here.verdict[here.claim.map(topic_of) == topic])}."
        for topic, statement in claims["topics"].items()
    ]


def _outcome(verdicts):
    if verdicts.empty:
        return "not in this experiment"
    counts = verdicts.value_counts()
    parts = [
        f"{counts[verdict]} {verdict}"
        for verdict in ("not reproduced", "inconclusive")
        if verdict in counts
    ]
    head = f"reproduced in {counts.get('reproduced', 0)} of {len(verdicts)} comparisons"
    return "; ".join([head, *parts])


def findings(verdicts: pd.DataFrame, figure: str) -> list[str]:
    """What the claims that a figure shows came to, a sentence a verdict.

    >>> judged = pd.DataFrame({
    ...     "figure": "fig05", "statement": ["L1 trains faster", "L2 trains faster"],
    ...     "verdict": ["reproduced", "inconclusive"], "seeds": 3,
    ... })
    >>> findings(judged, "fig05")
    ['L1 trains faster: reproduced.', 'L2 trains faster: inconclusive.']
    """
    rows = verdicts[(verdicts.figure == figure) & (verdicts.seeds > 0)]
    return [f"{row.statement}: {row.verdict}." for row in rows.itertuples()]


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
