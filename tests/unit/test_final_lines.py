"""What a complete experiment prints at its end."""

import pytest

from normscape.pipeline import final_lines

FASTER = "BatchNorm trains faster"
LONG = "The loss varies less " * 4 + "with "


COLUMNS = "claim,primary,statement,comparison,seeds,verdict,not_learnt\n"
FIRST = f"a,Training is faster,{FASTER},same step,6,as claimed,\n"


@pytest.fixture
def root(tmp_path):
    """An experiment's folder with verdicts, two of which are about runs elsewhere."""
    (tmp_path / "verdicts.csv").write_text(
        COLUMNS
        + FIRST
        + f'b,Smooth,{LONG}L1,same step,6,"right direction, size open",\n'
        f"b,Smooth,{LONG}L1,same loss,6,opposite,\n"
        f"b,Smooth,{LONG}L2,same step,0,open,6 of 6 runs of none stayed at chance\n"
        f"b,Smooth,{LONG}L∞,same step,0,open,\n"
        "c,,A secondary claim,same step,6,as claimed,\n"
        "d,,Another one,same step,0,open,\n",
        encoding="utf-8",
    )
    return tmp_path


def test_primary_verdicts_fit_a_terminal(root):
    lines = final_lines.verdicts(root / "verdicts.csv").splitlines()
    assert lines[0].split("  ")[0] == "as claimed"
    assert lines[0].endswith(FASTER)
    assert max(map(len, lines)) <= 80
    text = " ".join(" ".join(lines).split())
    assert f"right direction, size open {LONG}L1" in text
    assert text.count(f"{LONG}L1") == 1
    assert f"open {LONG}L2 (6 of 6 runs of none stayed at chance)" in text
    assert "L∞" not in text
    assert "secondary claim" not in text
    assert " 1 more " in lines[-1]


def test_an_experiment_without_primary_claims_prints_all(root):
    table = root / "verdicts.csv"
    table.write_text(
        COLUMNS + FIRST.replace("Training is faster", ""), encoding="utf-8"
    )
    (line,) = final_lines.verdicts(table).splitlines()
    assert line.endswith(FASTER)


def test_an_experiment_ends_with_its_verdicts_and_where_its_page_is(root):
    said = final_lines.summary(root)
    assert final_lines.verdicts(root / "verdicts.csv") in said
    assert "results page" not in said
    (root / "index.html").write_text("<html></html>", encoding="utf-8")
    assert final_lines.summary(root).endswith(f"\nThe results page: {root}/index.html")
    (root / "verdicts.csv").unlink()  # of a run that was asked for the page alone
    assert final_lines.summary(root) == f"The results page: {root}/index.html"
