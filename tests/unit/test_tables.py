"""Tables as files: their columns, and messages that name a damaged table."""

import random
import re

import pandas as pd
import pytest

from normscape import components
from normscape.pipeline import catalogue
from normscape.tables import CELL, frames
from normscape.theory import instances
from normscape.training import loop

HISTORY = catalogue.columns("history")
HEADER = ",".join(HISTORY) + "\n"


def test_written_columns_are_the_declared_ones():
    assert list(loop.Step._fields) == list(frames.columns("history"))
    assert list(loop.Evaluation._fields) == list(frames.columns("evaluation"))
    row = next(instances.random_instances(1))
    assert list(row) == [*CELL, *frames.columns("theory_instances")]


@pytest.mark.parametrize("table", catalogue.collected_tables())
def test_collected_columns_are_those_that_readers_expect(table):
    assert catalogue.columns(table) == [*CELL, *frames.columns(table)]


def test_each_table_is_declared_once():
    tables = [*catalogue.collected_tables(), *catalogue.summaries()]
    assert len(tables) == len(set(tables))
    declared = components.read_yaml(components.FOLDER / "tables/tables.yaml")
    assert not {table for table in tables if components.probe_of(table)} & set(declared)
    assert all(frames.columns(table) for table in tables)


def test_the_norm_none_is_no_missing_value(tmp_path):
    (tmp_path / "t.csv").write_text(
        "model,norm,lr,seed,x\nvgg,none,0.1,0,nan\nvgg,none,0.1,1,\n", encoding="utf-8"
    )
    table = frames.read([tmp_path / "t.csv"])["t"]
    assert list(table.norm) == ["none", "none"]
    assert table.x.isna().all()


def test_columns_of_an_empty_table_are_numeric(tmp_path):
    path = tmp_path / "invariance.csv"
    path.write_text(f"{','.join(catalogue.columns('invariance'))}\n", encoding="utf-8")
    table = frames.read([path])["invariance"]
    assert table.eval("(cosine ** 2) ** 0.5 * lr").dtype == float
    assert len(table) == 0


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("model,lr,seed\nvgg,0.1,0\n", "column norm"),
        ("model,norm,lr,seed\n", "column step"),
        ("", "line 0"),
        (HEADER + "vgg,none,0.1,0,0,1.5,0.0,0.5,2.0,0", "line 2"),
        (HEADER + "vgg,none,0.1,0\n", "line 2: .*10.*4"),
        (HEADER + "vgg,none,0.1,0,0,x,0.0,0.5,2.0,0\n", "column loss: .*'x'"),
        ("\xff\xfe\x00", "text file"),
    ],
)
def test_a_damaged_table_is_named(tmp_path, text, problem):
    path = tmp_path / "history.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=f"{re.escape(str(path))}: .*{problem}"):
        frames.read([path])


def test_learning_rates_survive_a_table(tmp_path):
    """They are compared as equal numbers; nine digits are read back exactly."""
    draws = random.Random(0)
    rates = [
        float(f"{draws.uniform(1, 10):.8f}e{draws.randint(-12, 3)}")
        for _ in range(5000)
    ]
    frames.write(tmp_path / "t.csv", pd.DataFrame({"lr": rates}))
    assert frames.read([tmp_path / "t.csv"])["t"].lr.tolist() == rates


class _Unprintable:
    def __str__(self):
        raise ZeroDivisionError


def test_a_table_that_cannot_be_written_leaves_the_one_before(tmp_path):
    path = tmp_path / "t.csv"
    frames.write(path, pd.DataFrame({"x": [1, 2]}))
    with pytest.raises(ZeroDivisionError):
        frames.write(path, pd.DataFrame({"x": [3, _Unprintable()]}))
    assert path.read_bytes() == b"x\n1\n2\n"
    assert list(tmp_path.iterdir()) == [path]
