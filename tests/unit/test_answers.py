"""What verdicts come to: the answers that a page begins with, counts, and findings."""

import math
import re

import pandas as pd
import pytest

from normscape.claims.claim import Paper, read_papers
from normscape.claims.decision import AS_CLAIMED, OPEN, OPPOSITE, VERDICTS
from normscape.page import answers, templates
from normscape.pipeline import paths


def judged(verdict=AS_CLAIMED, other=None, **changes):
    """A claim's verdict at the same step, and one at the same loss where it is given."""
    row = {
        "claim": "loss_range_vgg",
        "statement": "It is smoother",
        "topic": "landscape",
        "model": "vgg",
        "subject": "batch",
        "figure": "fig04",
        "comparison": "same step",
        "seeds": 5,
        "verdict": verdict,
        "reason": None,
        "not_learnt": None,
        "effect": 0.3123,
        "low": 0.21,
        "high": 0.4567,
    } | changes
    rows = [row]
    if other:
        numbers = {"effect": 0.98, "low": 0.6, "high": 1.61}
        rows.append(row | {"comparison": "same loss", "verdict": other} | numbers)
    return pd.DataFrame(rows)


def answer(verdicts) -> str:
    """The beginning of a page on these verdicts, without tags."""
    environment = templates.environment()
    text = environment.get_template("answers.html.j2").render(
        headline=answers.headline(verdicts),
        effect=answers.effect,
        caveat=answers.caveat,
    )
    return " ".join(re.sub("<[^>]*>", "", text).split())


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_question_is_answered_by_the_verdict(verdict):
    """Each verdict has a word of its own."""
    word = {AS_CLAIMED: "Yes", OPPOSITE: "No", OPEN: "Undecided"}.get(verdict, r"[^.]+")
    said = answer(judged(verdict))
    actual = re.search(rf"loss variation .*\? ({word}): [^.]* is 0.31\.", said)
    assert "same training loss" not in said
    other = answer(judged(other=verdict))
    assert f"same training loss, {actual[1].lower()}: it is 0.98." in other


def test_claims_without_runs_and_claims_without_a_question_are_no_answers():
    absent = judged(OPEN, reason="not in this experiment", seeds=0)
    assert answer(absent) == ""
    assert answer(judged(claim="mine")).startswith("Ratios are")
    both = pd.concat([judged(), judged(claim="mine", topic="mine")])
    counts = answers.topic_counts(both, {"mine": "Mine", "absent": "Absent"})
    assert counts == {"mine": "Mine: 1 as claimed."}


def test_the_questions_are_about_claims_of_the_project():
    template = (templates.FOLDER / "answers.html.j2").read_text(encoding="utf-8")
    asked = re.findall(r'^  \("(\w+)",', template, re.MULTILINE)
    known = {one.id for p in read_papers(paths.claims()) for one in p.claims}
    assert asked
    assert known.issuperset(asked)


def test_evidence_counts_verdicts_by_explanation_normaliser_and_comparison():
    papers = [
        Paper("One", {"landscape": "Smooth", "shift": "Still"}, ()),
        Paper("Two", {"scale": "Invariant"}, ()),
    ]
    absent = {"seeds": 0, "reason": "not in this experiment"}
    rows = [
        judged(other=OPEN),
        judged(OPPOSITE, AS_CLAIMED),
        judged(OPEN, subject="l1"),
        judged(subject="l1", topic="scale"),
        judged(topic="shift", **absent),
    ]
    first, second = answers.evidence(pd.concat(rows), papers)
    assert list(first.values()) == [
        *("Smooth", "One", "1 as claimed, 1 opposite"),
        *("1 as claimed, 1 open", "1 open", ""),
    ]
    assert list(second.values()) == ["Invariant", "Two", "", "", "1 as claimed", ""]


def test_a_caveat_says_which_runs_have_not_learnt_or_why_there_is_no_effect():
    failures = "3 of 3 runs of none stayed at chance"
    unknown = dict.fromkeys(("effect", "low", "high"), math.nan)
    for row, caveat in (
        (judged(), ""),
        (judged(not_learnt=failures), failures),
        (judged(reason="no ratio", **unknown), "no ratio"),
    ):
        assert answers.caveat(row.iloc[0]) == caveat
        _, (finding,) = answers.findings(row, ["fig04"])
        assert finding.endswith(f"; {caveat}." if caveat else "0.46].")
        assert (f"({caveat}.)" in answer(row)) == bool(caveat)


def test_a_number_without_an_interval_stands_alone():
    for row, text in (
        (judged(effect=1.0, low=1.0, high=1.0), "1.0"),
        (judged(low=math.nan, high=math.nan), "0.31"),
        (judged(effect=math.nan), "unknown"),
    ):
        assert answers.measured(row.iloc[0]) == text


def test_a_figures_findings_have_their_numbers():
    number = "0.31 [0.21, 0.46]"
    numbers, (finding,) = answers.findings(judged(), ["fig04"])
    assert numbers == "1 as claimed"
    assert finding == f"It is smoother: as claimed, {number}."
    assert answers.findings(judged(), ["fig05"]) == ("", [])
    for other, named in ((AS_CLAIMED, ""), (OPEN, "open, ")):
        _, (finding,) = answers.findings(judged(other=other), ["fig04"])
        assert f"{number}; at the same training loss {named}0.98" in finding
