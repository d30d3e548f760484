"""The replication matrix: which verdict is in which cell, in which colour."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from figure_tables import make_verdict
from matplotlib.colors import to_rgb

from normscape.claims.decision import AS_CLAIMED, OPEN, OPPOSITE, VERDICTS
from normscape.figures import replication_matrix
from tools import replication


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def row(primary="Training is faster", **changes):
    return make_verdict(
        primary=primary, architecture="vgg", place=None, holm_against=0.5, **changes
    )


def cells(**experiments):
    """(colour, middle) of each cell, and its text, by its place."""
    tables = {name: pd.DataFrame(rows) for name, rows in experiments.items()}
    figure = replication_matrix.draw(tables)
    figure.canvas.draw()
    (ax,) = figure.axes
    actual = {}
    for cell in ax.collections:
        x, y = cell.get_paths()[0].vertices.T
        centre = (x.min() + x.max()) / 2, (y.min() + y.max()) / 2
        (text,) = [t for t in ax.texts if t.get_position() == pytest.approx(centre)]
        actual[centre] = to_rgb(cell.get_facecolor()[0]), text.get_text()
    return actual, [text.get_text() for text in ax.texts]


def colour(verdict):
    return pytest.approx(to_rgb(replication_matrix.LOOKS[verdict][0]))


def test_a_cell_has_the_effect_in_the_colour_of_its_verdict():
    for verdict in VERDICTS:
        actual, _ = cells(one=[row(verdict=verdict)])
        ((shown, text),) = actual.values()
        assert shown == colour(verdict)
        assert "0.30\n[0.20, 0.40]" in text


def test_a_row_per_claim_and_a_column_per_experiment_and_comparison():
    actual, texts = cells(
        first=[
            row("ICS is no smaller", claim="b", effect=0.11),
            row("ICS is no smaller", claim="b", comparison="same loss", effect=0.22),
            row(claim="a", effect=0.33),
        ],
        second=[row(claim="a", effect=0.44), row(claim="a", primary=None, effect=9)],
    )
    by_effect = {text.split()[1]: place for place, (_, text) in actual.items()}
    assert set(by_effect) == {"0.11", "0.22", "0.33", "0.44"}
    x, y = ({k: round(v[i], 6) for k, v in by_effect.items()} for i in (0, 1))
    assert x["0.11"] == x["0.33"] < x["0.22"] < x["0.44"]
    assert y["0.11"] == y["0.22"] < y["0.33"] == y["0.44"]  # downwards
    assert [t for t in texts if t.startswith("same")] == [
        *("same step", "same training\nloss", "same step")
    ]


def test_runs_that_go_on_from_a_checkpoint_are_at_the_same_function():
    going_on = row() | {"place": "none", "model": "vgg_from_200"}
    _, texts = cells(one=[going_on])
    assert "same function" in texts
    assert "same step" not in texts


def test_a_cell_of_several_verdicts_shows_each():
    two = [row(model=model, effect=e) for model, e in (("a", 0.5), ("b", 0.6))]
    actual, _ = cells(one=two)
    ((shown, text),) = actual.values()
    assert shown == colour(AS_CLAIMED)
    assert "0.5" in text and "0.6" in text
    two[1]["verdict"] = OPPOSITE
    actual, _ = cells(one=two)
    ((shown, text),) = actual.values()
    assert shown == colour(OPEN)


def test_what_was_not_measured_has_no_cell():
    actual, _ = cells(one=[row(), row("Other", seeds=0)])
    assert len(actual) == 1
    with pytest.raises(ValueError, match="primary claim"):
        cells(one=[row(seeds=0)])


def test_folders_of_one_name_need_labels(tmp_path, monkeypatch):
    folders = [str(tmp_path / name / "digits") for name in "ab"]
    output = ["--output", str(tmp_path / "matrix.png")]
    monkeypatch.setattr("sys.argv", ["replication", *folders, *output])
    with pytest.raises(
        ValueError, match=r"expected 2 different names, got digits, digits"
    ):
        replication.main()
