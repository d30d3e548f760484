"""Verdicts in words: what a row of the table says, and the lines below it."""

import math
import re

import pytest
from made_up import claim, falls, judge, run, tables

from normscape.claims import wording
from normscape.claims.decision import AS_CLAIMED, OPEN, OPPOSITE, SMALLER
from normscape.tables import frames

EFFECT, SAME_LOSS = "effect [95%], seeds", "same loss"
# The last losses of six runs without normalisation and of six others.
ENDS = [10, 11, 9, 10.5, 9.5, 10]
HALVES = [5, 5.4, 4.6, 5.3, 4.7, 5]
SMOOTHER = {"model": "vgg", "quantity": "loss_range"}


def rows(claims, result_tables) -> list[dict]:
    """The readable table's rows, after a round trip through verdicts.csv."""
    return wording.readable(judge(claims, result_tables)).to_dict("records")


def around(values, by=100, start=2.3, **options):
    """Runs of one pace with these values everywhere, a seed each."""
    return [run(falls(by, start), lambda t, loss, v=v: v, **options) for v in values]


def test_the_table_reads_well():
    claims = [claim(), claim(id="first", primary="Training is faster")]
    text = wording.markdown(judge(claims, tables(none=ENDS, batch=HALVES)))
    primary, secondary = text.split("## Secondary claims")
    assert primary.startswith("## Primary claims\n\n| claim")
    for section in (primary, secondary):
        header, line, row = [x for x in section.splitlines() if x.startswith("|")]
        assert len({len(header), len(line), len(row)}) == 1
        assert "| dln batch / none, lr 0.1 | ratio < 0.8 |" in row
        assert row.rstrip().endswith("| as claimed |")


@pytest.fixture
def read_back(tmp_path):
    """read_back(verdicts): as the page reads them from verdicts.csv."""

    def read(judged):
        frames.write(tmp_path / "verdicts.csv", judged)
        return frames.read([tmp_path / "verdicts.csv"])["verdicts"]

    return read


def test_a_row_names_the_best_rates(read_back):
    by_rate = tables(none=ENDS, batch=HALVES)
    judged = judge([claim(lr=None, best_lr=True)], by_rate)
    (row,) = wording.readable(read_back(judged)).to_dict("records")
    assert row["runs"] == "dln batch / none, best lr 0.1 / 0.1"


def test_a_row_tells_both_comparisons_and_where_they_disagree(read_back):
    """In the page, which reads a file, as well as in the terminal."""

    def runs(start, factor):
        return [
            run(falls(100, start), lambda t, loss, f=f: factor * f * loss)
            for f in (1, 1.02, 1.04, 1.01, 1.03, 1.05)
        ]

    none, batch = runs(2, 4), runs(2, 1)
    l1 = runs(4, 2)  # as "none" at each step, and half of it at each loss
    judged = judge(
        [claim(**SMOOTHER, subjects=("batch", "l1"))],
        tables("vgg", none=none, batch=batch, l1=l1),
    )
    (same, _), (differs, other) = wording.paired(judged)
    assert judged.verdict.tolist() == [AS_CLAIMED, AS_CLAIMED, OPEN, AS_CLAIMED]
    for verdicts in (judged, read_back(judged)):
        first, second = wording.readable(verdicts).to_dict("records")
        number = f"{same.effect:.3g} [{same.low:.3g}, {same.high:.3g}], 6"
        assert first[EFFECT] == number
        assert first[SAME_LOSS] == number  # as the losses are the same
        assert first["verdict"] == AS_CLAIMED
        number = f"{other.effect:.3g} [{other.low:.3g}, {other.high:.3g}], 6"
        assert second[SAME_LOSS] == f"{number}: {other.verdict}"


def test_quantities_that_are_not_compared_at_the_same_loss_have_an_empty_cell(
    read_back,
):
    judged = judge([claim()], tables(none=ENDS, batch=HALVES))
    for verdicts in (judged, read_back(judged)):
        (row,) = wording.readable(verdicts).to_dict("records")
        assert row[SAME_LOSS] == ""


def test_runs_that_are_never_at_the_same_loss_say_so():
    none, batch = around([4, 5], 1000, 3), around([1, 1.1], 100, 2)
    (row,) = rows([claim(**SMOOTHER)], tables("vgg", none=none, batch=batch))
    assert row[SAME_LOSS] == "never at the same loss"


def test_ranks_are_named_in_both_comparisons(read_back):
    none, batch = around([math.inf, 5, 6, 7, 8, 9]), around([1, 1, 1.1, 1.2, 1.3, 1.2])
    judged = judge([claim(**SMOOTHER)], tables("vgg", none=none, batch=batch))
    for verdicts in (judged, read_back(judged)):
        (row,) = wording.readable(verdicts).to_dict("records")
        for comparison in (EFFECT, SAME_LOSS):
            assert re.fullmatch(r"0\.15 \[0, 0\.[\d]+\] \(ranks\), 6", row[comparison])


def test_a_reference_with_more_runs_says_so():
    none, batch = around([4, 4.1] * 4), around([1, 1.1] * 3)
    (row,) = rows([claim(**SMOOTHER)], tables("vgg", none=none, batch=batch))
    assert row[EFFECT].endswith("], 6 and 8")


def test_seeds_that_are_all_alike_have_no_interval_in_both_comparisons():
    none, batch = around([4] * 6), around([1] * 6)
    (row,) = rows([claim(**SMOOTHER)], tables("vgg", none=none, batch=batch))
    assert row[EFFECT] == row[SAME_LOSS] == "0.25 in all 6"


def test_one_seed_has_no_interval_and_an_unknown_effect_is_a_dash():
    (row,) = rows([claim()], tables(none=[10], batch=[5]))
    assert row[EFFECT] == "0.5, 1"
    assert row["p (Holm's)"] == ""
    both = tables(none=[math.inf] * 2, batch=[math.inf] * 2)  # paired
    (row,) = rows([claim()], both)
    assert row[EFFECT] == "-, 2"


def test_a_claim_that_the_papers_figure_does_not_show_says_so():
    made = tables("dln", 1e-6, none=[10, 11], batch=[5, 6])
    shown, hidden = rows([claim(lr=1e-6), claim(lr=1e-6, below=0.2)], made)
    assert shown["paper"] == "0.289"
    assert hidden["paper"] == "0.289 (outside the range)"
    (row,) = rows([claim()], tables(none=[10, 11], batch=[5, 6]))
    assert row["paper"] == ""


def test_probabilities_are_plain_and_corrected():
    made = tables(none=[10] * 6, batch=[5] * 6, l1=[7] * 6)
    claims = [claim(subjects=("batch", "l1")), claim(id="b", topic="other")]
    claims.append(claim(id="c", primary="Training is faster"))
    actual = [row["p (Holm's)"] for row in rows(claims, made)]
    assert actual == ["0.016 (0.031)", "0.016 (0.031)", "0.016 (0.016)", "0.016"]


def test_a_verdict_against_a_claim_has_the_probability_against_it():
    made = tables(none=[10] * 6, batch=[15] * 6, l1=[9] * 6)
    actual = rows([claim(subjects=("batch", "l1"))], made)
    assert [row["verdict"] for row in actual] == [OPPOSITE, SMALLER]
    assert [row["p (Holm's)"] for row in actual] == ["0.016 (0.031)"] * 2


def test_the_line_on_holms_correction_counts_what_stays():
    made = tables(none=[10] * 6, batch=[5] * 6, l1=[7] * 6, l2=[15] * 6)
    claims = [claim(subjects=("batch", "l1")), claim(id="b", topic="other")]
    claims += [claim(id="c", topic="third", subjects=("l2",))]
    claims += [claim(id="d", primary="Training is faster")]
    lines = wording.notes(judge(claims, made, ["none", "batch", "l1", "l2"]))
    assert len(lines) == 4
    assert '"as claimed": 1 of 3 ' in lines[2]
    assert '"opposite": 1 of 1 ' in lines[3]
    none_decided = judge([claim(id="d", primary="Training is faster")], made)
    assert len(wording.notes(none_decided)) == 2


def test_the_line_on_finished_runs_counts_probes_over_comparisons():
    none = [run(falls(100), lambda t, loss: 4.0)] * 2
    batch = [run(falls(20), lambda t, loss: 1.0)] * 2
    made = tables("vgg", none=none, batch=batch)
    claims = [claim(**SMOOTHER), claim(id="b", model="vgg", quantity="effective_beta")]
    assert ": 44." in next(
        x for x in wording.notes(judge(claims, made)) if "finished" in x
    )
    none_finished = judge(claims, tables("vgg", none=none, batch=none))
    assert not any("finished" in line for line in wording.notes(none_finished))


def test_claims_that_the_experiment_has_no_runs_for_are_one_line():
    claims = [
        claim(),
        claim(id="of_vgg", model="vgg", applies_to="all"),
        claim(id="of_lr", lr=0.5),
        claim(id="of_l1", subjects=("l1",)),
    ]
    judged = judge(claims, tables(none=[10, 10], batch=[5, 5.1]))
    assert judged.seeds.tolist() == [2, 0, 0, 0, 0]
    assert judged.model.tolist() == ["dln", "vgg", "vgg", "dln", "dln"]
    assert set(judged.reason[1:]) == {"not in this experiment"}
    assert len(wording.first_readings(judged)) == 1
    line = wording.not_measured(judged)
    assert " 4 more " in line
    text = wording.markdown(judged)
    assert text.startswith("## Secondary claims\n")
    assert text.count("ends lower") == 1
    assert text.endswith(f"\n\n{line}\n")
    assert wording.not_measured(judged[judged.seeds > 0]) == ""
    assert line not in wording.markdown(judged[judged.seeds > 0])
    nothing = wording.markdown(judged[judged.seeds == 0])
    assert nothing.endswith(f"\n\n{line}\n")
    assert "|" not in nothing


def test_reasons_stand_behind_the_verdicts():
    text = wording.markdown(judge([claim()], tables(none=[10], batch=[5])))
    assert re.search(r"\| open: 1 runs? of batch.* \|", text)
