"""Files of claims: each mistake is one line that names file, claim and key."""

import dataclasses
import math
import re
from pathlib import Path

import pytest
import yaml

from experiments import default
from normscape import components
from normscape.claims import claim
from normscape.claims.quantities import QUANTITIES
from normscape.pipeline import evaluated_claims, paths
from normscape.pipeline.config import validate

CLAIM = {
    "id": "trains_faster",
    "statement": "{subject} trains faster",
    "where": "Figure 1",
    "topic": "training",
    "figure": "fig01_training_curves",
    "model": "vgg",
    "lr": 0.1,
    "quantity": "mean_accuracy",
    "subjects": ["batch"],
    "reference": "none",
    "scale": "difference",
    "claimed": {"above": 0.05},
}
LEFT_OUT = object()


def text(topic="training", **changes) -> str:
    """A file of one claim, CLAIM with changes, and of the topic "training"."""
    keys = CLAIM | {"topic": topic} | changes
    keys = {k: v for k, v in keys.items() if v is not LEFT_OUT}
    topics = {"other" if topic == "other" else "training": "It helps"}
    return yaml.safe_dump({"source": "A paper", "topics": topics, "claims": [keys]})


@pytest.fixture
def refusal(tmp_path, monkeypatch):
    """refusal(*texts): the mistake in files one.yaml, two.yaml, or None."""

    def check(*texts):
        files = [tmp_path / name for name in ("one.yaml", "two.yaml")[: len(texts)]]
        for file, content in zip(files, texts, strict=True):
            file.write_text(content, encoding="utf-8")
        monkeypatch.setattr(paths, "claims", lambda: files)
        try:
            evaluated_claims.check_claims()
        except components.DeclarationError as error:
            assert "\n" not in str(error)
            return str(error).replace(f"{tmp_path}/", "")

    return check


MISTAKES = [
    ({"scale": "ratoi"}, "scale: .*'ratoi'"),
    ({"quantity": "speed"}, "quantity: .*'speed'"),
    ({"figure": "fig99"}, "figure: .*'fig99'"),
    ({"topic": "shift"}, "topic: .*'shift'"),
    ({"model": "lenet"}, "model: .*'lenet'"),
    ({"subjects": ["l7"]}, "subjects: .*'l7'"),
    ({"subjects": []}, "subjects: .*empty list"),
    ({"reference": "l7"}, "reference: .*'l7'"),
    ({"reference": LEFT_OUT}, "reference: missing"),
    ({"scale": "value"}, "reference: .*value"),
    ({"references": "none"}, "references: unknown key"),
    ({"claimed": {}}, "claimed: .*"),
    ({"claimed": {"over": 1}}, "claimed.over: unknown key"),
    ({"claimed": {"above": 2, "below": 1}}, "claimed: .*2 and 1"),
    ({"claimed": {"above": 1, "below": 1}}, "claimed: .*1 and 1"),
    ({"best_lr": True}, "lr: .*best_lr"),
    ({"trained": ["l7"]}, "trained: .*'l7'"),
    ({"lr": "0.001 "}, "lr: .*'0.001 '.*write 0.001"),
    ({"lr": 0}, "lr: .*got .*0"),
    ({"where": LEFT_OUT}, "where: missing"),
    (
        {"applies_to": "own"},
        "applies_to: .*'own'",
    ),
    ({"place": "l7"}, "place: .*'l7'"),
    ({"place": "none", "quantity": "effective_beta"}, "reference: .*'none'"),
    ({"place": "none", "quantity": "mean_change"}, "place: .*moment_drift"),
    (
        {
            "place": "none",
            "quantity": "effective_beta",
            "reference": "as_trained",
            "applies_to": "all",
        },
        "applies_to: .*subjects",
    ),
    ({"statement": "{norm} helps"}, "statement: .*{norm}"),
    ({"statement": "{subject:d}"}, "statement: .*{subject:d}"),
    ({"statement": "{subject"}, "statement: .*{subject"),
]


@pytest.mark.parametrize(("changes", "line"), MISTAKES)
def test_a_mistake_in_a_claim_is_named(refusal, changes, line):
    actual = refusal(text(**changes))
    assert re.match(f"one.yaml: claim trains_faster: {line}", actual or "none"), actual


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"scale": "value", "reference": LEFT_OUT},
        {"lr": LEFT_OUT},
        {"trained": ["none", "subject"]},
        {"trained": ["none"], "lr": LEFT_OUT},
        {"trained": ["none"], "best_lr": True, "lr": LEFT_OUT},
        {"applies_to": "all", "claimed": {"above": -1, "below": 1}},
        {"statement": "A {{statement}} about nothing"},
    ],
)
def test_what_is_right_is_accepted(refusal, changes):
    assert refusal(text(**changes)) is None


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("claims: [", "not readable as YAML: while parsing"),
        ("", "expected a mapping"),
        ("source: A\ntopics: {}\nclaims: []", "claims: .*empty list"),
        ("source: A\ntopics: {}", "claims: missing"),
        (
            "source: A\ntopics: {}\nclaims: [3]",
            r"claims\[0\]: .*got .*3",
        ),
        (text(id=LEFT_OUT), r"claims\[0\].id: missing"),
        (text(id="A b"), "claim A b: id: .*'A b'"),
    ],
)
def test_a_mistake_in_a_file_is_named(refusal, content, line):
    assert re.match(f"one.yaml: {line}", refusal(content))


def test_an_id_is_there_once_in_all_files(refusal):
    assert refusal(text(), text("other", id="another")) is None
    second = "two.yaml: claim trains_faster: id: .*one.yaml"
    assert re.match(second, refusal(text(), text("other")))
    topic = "two.yaml: topics.training: .*one.yaml"
    assert re.match(topic, refusal(text(), text(id="another")))
    twice = yaml.safe_load(text())
    twice["claims"] *= 2
    actual = refusal(yaml.safe_dump(twice))
    assert re.match(second.replace("two.yaml", "one.yaml"), actual)


def test_a_mistake_ends_the_pipeline_before_any_job(refusal):
    assert refusal(text(model="lenet"))
    with pytest.raises(SystemExit, match="one.yaml: claim trains_faster: model: "):
        validate(default())


# The project's own claims


def test_the_projects_claims_pass():
    assert "santurkar2018.yaml" in [path.name for path in paths.claims()]
    evaluated_claims.check_claims()
    papers = claim.read_papers(paths.claims())
    assert sum(len(paper.claims) for paper in papers) > 30
    for paper in papers:
        assert {one.topic for one in paper.claims} == paper.topics.keys()


def test_the_tables_of_verdicts_are_those_that_claims_need():
    names = [Path(path).stem for path in evaluated_claims.claim_tables(default())]
    # The history tells which runs are finished, and is the loss at which runs are compared.
    assert {"history", "runs", "ics", "landscape_ranges"} <= set(names)
    assert len(names) == len(set(names))
    assert "evaluation" not in names
    shown = [Path(path).stem for path in evaluated_claims.explorer_tables(default())]
    assert "evaluation" in shown
    assert "runs" not in shown


def test_a_quantity_of_an_unknown_table(monkeypatch):
    wrong = dataclasses.replace(QUANTITIES["ics_l2"], tables=("icks",))
    monkeypatch.setitem(QUANTITIES, "ics_l2", wrong)
    with pytest.raises(components.DeclarationError, match="ics_l2: tables: .*'icks'"):
        evaluated_claims.check_claims()


def test_a_claim_knows_the_normalisers_that_its_file_names(tmp_path):
    files = [tmp_path / "one.yaml", tmp_path / "two.yaml"]
    files[0].write_text(text(claimed={"above": 0.05}), encoding="utf-8")
    files[1].write_text(
        text("other", id="another", subjects=["l1"], reference="l2", applies_to="all"),
        encoding="utf-8",
    )
    first, second = claim.read_papers(files)
    assert (list(first.topics), list(second.topics)) == (["training"], ["other"])
    (one,), (other,) = first.claims, second.claims
    assert (one.named, other.named) == ({"batch", "none"}, {"l1", "l2"})
    assert (one.above, one.below, one.subjects) == (0.05, math.inf, ("batch",))
    norms = ["none", "batch", "l1", "l2"]
    assert one.subjects_in(norms) == ["batch"]
    assert other.subjects_in(norms) == ["l1", "none", "batch"]


def test_limits_of_ratios_are_logarithms(tmp_path):
    path = tmp_path / "one.yaml"
    for scale, limits in (("ratio", (-math.inf, math.log(2))), ("difference", (0, 2))):
        content = text(scale=scale, claimed={"above": 0, "below": 2})
        path.write_text(content, encoding="utf-8")
        (one,) = claim.read_paper(path).claims
        assert one.limits == limits
        assert one.range_text == "> 0 and < 2"


def test_editors_find_the_schema_of_claims():
    for path in paths.claims():
        (schema,) = re.findall(r"\$schema=(\S+)", path.read_text(encoding="utf-8"))
        assert (path.parent / schema).is_file()
