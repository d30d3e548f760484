"""Files of claims: each mistake is one line that names file, claim and key."""

import re
from pathlib import Path

import pytest
import yaml

from experiments import default
from normscape import parts
from normscape.claims import declarations, quantities
from normscape.pipeline import claims, paths
from normscape.pipeline.config import validate
from normscape.pipeline.quantities import claimed, tables
from normscape.tables import CELL, frames

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
    "comparison": "difference",
    "claimed": {"above": 0.05},
}
LEFT_OUT = object()


def text(topic="training", **changes) -> str:
    """A file of one claim, CLAIM with changes, and of the topic "training"."""
    claim = CLAIM | {"topic": topic} | changes
    claim = {k: v for k, v in claim.items() if v is not LEFT_OUT}
    topics = {"other" if topic == "other" else "training": "It helps"}
    return yaml.safe_dump({"source": "A paper", "topics": topics, "claims": [claim]})


@pytest.fixture
def refusal(tmp_path, monkeypatch):
    """refusal(*texts): the mistake in files one.yaml, two.yaml, or None."""

    def check(*texts):
        files = [tmp_path / name for name in ("one.yaml", "two.yaml")[: len(texts)]]
        for file, content in zip(files, texts, strict=True):
            file.write_text(content, encoding="utf-8")
        monkeypatch.setattr(paths, "claims", lambda: files)
        try:
            claims.check_all()
        except parts.DeclarationError as error:
            assert "\n" not in str(error)
            return str(error).replace(f"{tmp_path}/", "")

    return check


MISTAKES = [
    ({"comparison": "ratoi"}, "comparison: .*'ratoi'"),
    ({"quantity": "speed"}, "quantity: .*'speed'"),
    ({"figure": "fig99"}, "figure: .*'fig99'"),
    ({"topic": "shift"}, "topic: .*'shift'"),
    ({"model": "lenet"}, "model: .*'lenet'"),
    ({"subjects": ["l7"]}, "subjects: .*'l7'"),
    ({"subjects": []}, "subjects: .*empty list"),
    ({"reference": "l7"}, "reference: .*'l7'"),
    ({"reference": LEFT_OUT}, "reference: missing; comparison: difference needs one"),
    ({"comparison": "value"}, "reference: given, but comparison: value compares with"),
    ({"references": "none"}, "references: unknown key"),
    ({"claimed": {}}, "claimed: .*"),
    ({"claimed": {"over": 1}}, "claimed.over: unknown key"),
    ({"claimed": {"above": 2, "below": 1}}, "claimed: above is not less than below"),
    ({"claimed": {"above": 1, "below": 1}}, "claimed: above is not less than below"),
    ({"best_lr": True}, "lr: given, but best_lr takes each normaliser's own"),
    ({"trained": ["l7"]}, "trained: .*'l7'"),
    ({"lr": "0.001 "}, "lr: .*'0.001 '.*write 0.001"),
    ({"lr": 0}, "lr: .*got .*0"),
    ({"where": LEFT_OUT}, "where: missing"),
    (
        {"applies_to": "own"},
        "applies_to: .*'own'",
    ),
    ({"statement": "{norm} helps"}, "statement: .*got {norm}"),
    ({"statement": "{subject:d}"}, "statement: .*got {subject:d}"),
    ({"statement": "{subject"}, "statement: expected '}' before end of string"),
]


@pytest.mark.parametrize(("changes", "line"), MISTAKES)
def test_a_mistake_in_a_claim_is_named(refusal, changes, line):
    found = refusal(text(**changes))
    assert re.match(f"one.yaml: claim trains_faster: {line}", found or "none"), found


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"comparison": "value", "reference": LEFT_OUT},
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


TEXTS = dict.fromkeys(("reproduced", "not reproduced", "inconclusive"), "{effect}")
TOLD = {"claim": "trains_faster", "by_step": TEXTS, "at_equal_loss": TEXTS}


@pytest.mark.parametrize(
    ("answers", "line"),
    [
        ({"training": [TOLD]}, None),
        ({"training": [TOLD | {"at_equal_loss": {}}]}, "answers.training.0..at_equal"),
        ({"shift": [TOLD]}, "answers.shift: unknown topic.*training$"),
        ({"training": []}, "answers.training: .*empty list"),
        (
            {"training": [TOLD, TOLD | {"claim": "trains"}]},
            r"answers.training\[1\].claim: .*'trains'",
        ),
        (
            {"training": [TOLD | {"by_step": TEXTS | {"inconclusive": "{low}"}}]},
            r"answers.training\[0\].by_step.inconclusive: .*got {low}",
        ),
        (
            {"training": [{"claim": "trains_faster"}]},
            r"answers.training\[0\].by_step: missing",
        ),
    ],
)
def test_a_mistake_in_an_answer_is_named(refusal, answers, line):
    content = yaml.safe_dump(yaml.safe_load(text()) | {"answers": answers})
    found = refusal(content)
    assert re.match(f"one.yaml: {line}", found) if line else found is None, found


def test_an_id_is_there_once_in_all_files(refusal):
    assert refusal(text(), text("other", id="another")) is None
    second = "two.yaml: claim trains_faster: id: already defined in one.yaml"
    assert refusal(text(), text("other")) == second
    topic = "two.yaml: topics.training: already defined in one.yaml"
    assert refusal(text(), text(id="another")) == topic
    twice = yaml.safe_load(text())
    twice["claims"] *= 2
    found = refusal(yaml.safe_dump(twice))
    assert found == second.replace("two.yaml", "one.yaml")


def test_a_mistake_ends_the_pipeline_before_any_job(refusal):
    assert refusal(text(model="lenet"))
    with pytest.raises(SystemExit, match="one.yaml: claim trains_faster: model: "):
        validate(default())


# The project's own claims


def test_the_projects_claims_pass():
    assert "santurkar2018.yaml" in [path.name for path in paths.claims()]
    claims.check_all()
    read = declarations.read(paths.claims())
    assert len(read["claims"]) > 30
    assert {claim["topic"] for claim in read["claims"]} == read["topics"].keys()


def declared(table) -> set[str]:
    """The columns of a table, and what a quantity may use besides."""
    return {*CELL, *frames.columns(table), "first_step", "last_layer"}


@pytest.mark.parametrize("name", declarations.quantities())
def test_a_quantity_is_computed_from_declared_columns(name):
    quantity = declarations.quantities()[name]
    tables = quantity["tables"]
    assert all(frames.columns(table) for table in tables)
    columns = declared(tables[0])
    assert {"first_step", "last_layer"}.isdisjoint(frames.columns(tables[0]))
    if "value" not in quantity:
        assert name in quantities.FUNCTIONS
    for expression in (quantity.get("value", ""), quantity.get("where", "")):
        without_texts = re.sub(r"'\w*'|\band\b|\bor\b", "", expression)
        assert set(re.findall(r"[a-z_]\w*", without_texts)) <= columns, expression
    if quantity["equal_loss"]:  # which takes a value at each step
        assert "value" in quantity
        assert "step" in columns


def test_the_landscape_and_the_shift_are_read_at_equal_loss_too():
    """All but the largest of a run, which are of no one loss."""
    of_probes = {
        name: quantity
        for name, quantity in declarations.quantities().items()
        if quantity["probe"] in ("landscape", "ics")
    }
    assert len(of_probes) > 12
    for name, quantity in of_probes.items():
        assert quantity["equal_loss"] == (quantity["average"] != "percentile_90"), name


def test_every_average_that_may_be_declared_is_there():
    quantity = parts.read_yaml(parts.SCHEMA)["$defs"]["quantity"]["properties"]
    assert quantities.AVERAGES.keys() == set(quantity["average"]["enum"])
    assert quantities.AVERAGES.keys() >= set(quantity["average_in_step"]["enum"])


def test_every_function_is_of_a_declared_quantity():
    of_functions = {n for n, q in declarations.quantities().items() if "value" not in q}
    assert set(quantities.FUNCTIONS) == of_functions


def test_the_quantities_of_claims_are_those_that_a_judge_needs():
    config = default()
    for name, model in config["models"].items():
        model["architecture"] = name
    used = {claim["quantity"] for claim in declarations.read(paths.claims())["claims"]}
    assert used <= claimed(config).keys()
    # By which a model's runs have left chance.
    assert {"final_accuracy", "final_loss"} <= claimed(config).keys()
    # By which a run is finished, and compared at equal loss.
    assert "history" in {Path(path).stem for path in tables(config, {})}
    assert "gradient_norm" not in claimed(config)


def test_reading_joins_files_and_tells_claims_whom_their_file_names(tmp_path):
    files = [tmp_path / "one.yaml", tmp_path / "two.yaml"]
    files[0].write_text(text(), encoding="utf-8")
    files[1].write_text(
        text(id="another", subjects=["l1"], reference="l2").replace(
            "training", "shift"
        ),
        encoding="utf-8",
    )
    read = declarations.read(files)
    assert set(read["topics"]) == {"training", "shift"}
    assert [list(paper["topics"]) for paper in read["papers"]] == [
        ["training"],
        ["shift"],
    ]
    assert [claim["id"] for claim in read["claims"]] == ["trains_faster", "another"]
    assert [c["named"] for c in read["claims"]] == [{"batch", "none"}, {"l1", "l2"}]


def test_editors_find_the_schema_of_claims():
    for path in paths.claims():
        (schema,) = re.findall(r"\$schema=(\S+)", path.read_text(encoding="utf-8"))
        assert (path.parent / schema).is_file()
