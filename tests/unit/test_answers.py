"""What a page begins with: sentences from verdicts, in the words of the claims' file."""

import math

import pandas as pd
import pytest
import yaml

from normscape import parts
from normscape.claims import declarations
from normscape.page.answers import answer, evidence, findings
from normscape.pipeline import claims as checked_claims
from normscape.pipeline import paths

READINGS = ("by step", "at equal loss")
VERDICTS = ("reproduced", "not reproduced", "inconclusive")


def told(**at_equal_loss):
    """Claims of one topic that is told by one claim."""
    part = {
        "claim": "smoother",
        "by_step": {verdict: f"By step {verdict}, {{effect}}" for verdict in VERDICTS},
    }
    if at_equal_loss:
        part["at_equal_loss"] = at_equal_loss
    return {"topics": {"landscape": "Smooth"}, "answers": {"landscape": [part]}}


def judged(verdict="reproduced", again=None, **changes):
    row = {
        "claim": "smoother",
        "topic": "landscape",
        "seeds": 5,
        "verdict": verdict,
        "reason": None,
        "not_learnt": None,
        "effect": 0.3123,
        "low": 0.21,
        "high": 0.4567,
        "equal_loss_verdict": again,
        "equal_loss_effect": 0.98,
        "equal_loss_low": 0.6,
        "equal_loss_high": 1.61,
        "equal_loss_seeds": 5 if again else math.nan,
    }
    return pd.DataFrame([row | changes])


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_topic_is_told_by_the_verdict(verdict):
    said = answer(judged(verdict), told())
    assert said == [f"By step {verdict}, 0.31 [0.21, 0.46]."]


@pytest.mark.parametrize("again", VERDICTS)
def test_the_reading_at_equal_loss_is_added(again):
    more = {verdict: f"; at equal loss {verdict}, {{effect}}" for verdict in VERDICTS}
    said = answer(judged(again=again), told(**more))
    assert said == [
        f"By step reproduced, 0.31 [0.21, 0.46]; at equal loss {again}, 0.98 [0.60, 1.6]."
    ]
    never = judged(again="inconclusive", equal_loss_seeds=0)
    assert answer(never, told(**more)) == ["By step reproduced, 0.31 [0.21, 0.46]."]


def test_a_topic_without_words_or_runs_is_counted():
    claims = {"topics": {"landscape": "Smooth"}, "answers": {}}
    counted = "Smooth: reproduced in 1 of 1 comparisons."
    assert answer(judged(), claims) == [counted]
    other = judged(claim="another")
    assert answer(other, told()) == [counted]
    assert answer(judged(seeds=0), told()) == []


def test_claims_of_a_topic_make_one_sentence():
    claims = told()
    second = {verdict: f"second {verdict}" for verdict in VERDICTS}
    claims["answers"]["landscape"].append({"claim": "other", "by_step": second})
    both = pd.concat([judged(), judged("inconclusive", claim="other")])
    first = "By step reproduced, 0.31 [0.21, 0.46]"
    assert answer(both, claims) == [f"{first}; second inconclusive."]
    assert answer(judged(claim="other"), claims) == ["Second reproduced."]


def test_evidence_counts_verdicts_of_an_explanation_by_normaliser_and_reading():
    claims = {
        "papers": [
            {"source": "One", "topics": {"landscape": "Smooth", "shift": "Still"}},
            {"source": "Two", "topics": {"scale": "Invariant"}},
        ]
    }
    rows = [
        judged(subject="batch", again="inconclusive"),
        judged("not reproduced", "reproduced", subject="batch"),
        judged("inconclusive", subject="l1"),
        judged(subject="l1", topic="scale"),
        judged(subject="batch", topic="shift", seeds=0),
    ]
    found = evidence(pd.concat(rows), claims)
    columns = ["explanation", "said by"]
    columns += [f"{n}, {r}" for n in ("BatchNorm", "others") for r in READINGS]
    assert [list(row) for row in found] == [columns, columns]
    assert [list(row.values()) for row in found] == [
        ["Smooth", "One", "1 / 1 / 0", "1 / 0 / 1", "0 / 0 / 1", "-"],
        ["Invariant", "Two", "-", "-", "1 / 0 / 0", "-"],
    ]


def test_runs_that_have_not_learnt_are_said_beside_the_number():
    said = "3 of 3 runs of none stayed at chance"
    one = judged(not_learnt=said, figure="fig04", statement="It is smoother")
    assert answer(one, told()) == [f"By step reproduced, 0.31 [0.21, 0.46]; {said}."]
    (found,) = findings(one, ["fig04"])
    assert found.endswith(f"; {said}.")
    why = judged("inconclusive", not_learnt=said, reason=said)
    assert answer(why, told())[0].endswith(f"; not comparable: {said}.")


def test_an_unknown_effect_has_its_reason():
    unknown = dict.fromkeys(("effect", "low", "high"), math.nan)
    one = judged("inconclusive", reason="no ratio", **unknown)
    assert answer(one, told()) == ["By step inconclusive, unknown; no ratio."]


def test_a_number_without_an_interval_stands_alone():
    same = judged(effect=1.0, low=1.0, high=1.0)
    assert answer(same, told()) == ["By step reproduced, 1.0."]
    one = judged("inconclusive", low=float("nan"), high=float("nan"))
    assert answer(one, told()) == ["By step inconclusive, 0.31."]


def test_a_figures_findings_have_their_numbers():
    rows = judged(figure="fig04", statement="It is smoother")
    assert findings(rows, ["fig04"]) == [
        "It is smoother: reproduced, 0.31 [0.21, 0.46]."
    ]
    assert findings(rows, ["fig05"]) == []
    for again, named in (("reproduced", ""), ("inconclusive", "inconclusive, ")):
        both = judged(again=again, figure="fig04", statement="It is smoother")
        assert findings(both, ["fig04"]) == [
            "It is smoother: reproduced, 0.31 [0.21, 0.46]; "
            f"at equal loss {named}0.98 [0.60, 1.6]."
        ]
    many = pd.concat([rows] * 41)
    assert findings(many, ["fig04"]) == [
        "Its claims are reproduced in 41 of 41 comparisons."
    ]


def test_the_papers_topics_are_all_told_by_claims_of_theirs():
    claims = declarations.read(paths.claims())
    topic_of = {claim["id"]: claim["topic"] for claim in claims["claims"]}
    for topic, parts_told in claims["answers"].items():
        assert [topic_of[part["claim"]] for part in parts_told] == [topic] * len(
            parts_told
        )


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"claim": "rougher"}, r"answers\.mine\[0\]\.claim: .*'rougher'"),
        ({"by_step": None}, r"answers\.mine\[0\]\.by_step"),
        (
            {"by_step": dict.fromkeys(VERDICTS, "{subject}")},
            r"answers\.mine\[0\]\.by_step\.\w+: .*got \{subject\}",
        ),
        ({"by_step": {"reproduced": "a"}}, r"by_step\.not reproduced: missing"),
    ],
)
def test_a_mistake_in_an_answer_is_one_line(monkeypatch, tmp_path, change, line):
    file = parts.read_yaml(paths.claims()[0])
    one = file["claims"][0] | {"topic": "mine", "id": "one"}
    part = {"claim": "one", "by_step": dict.fromkeys(VERDICTS, "{effect}")} | change
    content = {
        "source": "Nobody",
        "topics": {"mine": "Mine"},
        "answers": {"mine": [part]},
        "claims": [one],
    }
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    monkeypatch.setattr(paths, "claims", lambda: [path])
    with pytest.raises(parts.DeclarationError, match=line):
        checked_claims.check_all()
