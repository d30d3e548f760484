"""What a complete experiment prints at its end."""

import pytest

from normscape.pipeline import summary

LONG = "The loss varies less " * 4 + "with "


@pytest.fixture
def root(tmp_path):
    """An experiment's folder with verdicts, two of which are about runs elsewhere."""
    (tmp_path / "verdicts.csv").write_text(
        "claim,statement,subject,comparison,seeds,verdict,not_learnt\n"
        "a,BatchNorm trains faster than the standard net,batch,same step,3,reproduced,\n"
        f"b,{LONG}L1,l1,same step,3,not reproduced,\n"
        f"b,{LONG}L1,l1,same loss,3,reproduced,\n"
        f"b,{LONG}L2,l2,same step,1,inconclusive,1 of 1 runs of none stayed at chance\n"
        f"b,{LONG}Linf,linf,same step,0,inconclusive,\n"
        "c,BatchNorm is the best,batch,same step,0,inconclusive,\n",
        encoding="utf-8",
    )
    return tmp_path


def test_verdicts_fit_a_terminal(root):
    lines = summary.verdicts(root / "verdicts.csv").splitlines()
    first = "reproduced      BatchNorm trains faster than the standard net"
    assert lines[0] == first
    assert max(map(len, lines)) <= 80
    text = " ".join(" ".join(lines).split())
    assert text.count(f"reproduced {LONG}L1") == 1
    assert f"not reproduced {LONG}L1" in text
    assert f"inconclusive {LONG}L2 (1 of 1 runs of none stayed at chance)" in text
    assert "Linf" not in text
    assert "best" not in text
    assert lines[-1] == "Without runs in this experiment: 2 more comparisons."


def test_an_experiment_ends_with_its_verdicts_and_where_its_page_is(root):
    said = summary.summary(root)
    assert summary.verdicts(root / "verdicts.csv") in said
    assert "page" not in said
    (root / "index.html").write_text("<html></html>", encoding="utf-8")
    assert summary.summary(root).endswith(f"\nThe results page: {root}/index.html")
    (root / "verdicts.csv").unlink()  # of a run that was asked for the page alone
    assert summary.summary(root) == f"The results page: {root}/index.html"


def test_verdicts_of_an_experiment_with_all_runs_end_with_the_last(root):
    table = root / "verdicts.csv"
    table.write_text(
        "".join(table.read_text(encoding="utf-8").splitlines(keepends=True)[:2]),
        encoding="utf-8",
    )
    assert len(summary.verdicts(table).splitlines()) == 1
