"""Tables as files: what they must hold, and how a damaged one is named."""

import re

import pytest

from normscape import parts
from normscape.pipeline import paths
from normscape.tables import CELL, frames
from normscape.theory import instances
from normscape.training import loop

HISTORY = paths.columns("history")
HEADER = ",".join(HISTORY) + "\n"


def test_what_training_writes_is_what_is_declared():
    assert list(loop.Step._fields) == list(frames.columns("history"))
    assert list(loop.Evaluation._fields) == list(frames.columns("evaluation"))


def test_what_the_check_of_theorems_writes_is_what_is_declared():
    row = next(instances.random_instances(1))
    assert list(row) == [*CELL, *frames.columns("theory_instances")]


@pytest.mark.parametrize("table", paths.collected_tables())
def test_those_who_collect_and_those_who_read_agree_on_columns(table):
    assert paths.columns(table) == [*CELL, *frames.columns(table)]


def test_a_table_has_one_origin():
    found = [*paths.collected_tables(), *paths.summaries()]
    assert len(found) == len(set(found))
    of_probes = [t for t in found if parts.probe_of(t)]
    assert set(parts.read_yaml(parts.FOLDER / "tables/tables.yaml")).isdisjoint(
        of_probes
    )
    assert all(frames.columns(table) for table in found)


def test_reading_keeps_the_norm_called_none(tmp_path):
    (tmp_path / "t.csv").write_text(
        "model,norm,lr,seed,x\nvgg,none,0.1,0,nan\nvgg,none,0.1,1,\n", encoding="utf-8"
    )
    table = frames.read([tmp_path / "t.csv"])["t"]
    assert list(table.norm) == ["none", "none"]
    assert table.x.isna().all()


def test_numbers_of_an_empty_table_are_numbers(tmp_path):
    path = tmp_path / "invariance.csv"
    path.write_text(f"{','.join(paths.columns('invariance'))}\n", encoding="utf-8")
    table = frames.read([path])["invariance"]
    assert table.eval("(cosine ** 2) ** 0.5 * lr").dtype == float
    assert len(table) == 0


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("model,lr,seed\nvgg,0.1,0\n", "the column norm is missing"),
        ("model,norm,lr,seed\n", "the column step is missing"),
        ("", "cut short after line 0"),
        (HEADER + "vgg,none,0.1,0,0,1.5,0.5,2.0,0", "cut short after line 2"),
        (HEADER + "vgg,none,0.1,0\n", "line 2 has 4 cells, expected 9"),
        (HEADER + "vgg,none,0.1,0,0,x,0.5,2.0,0\n", "found 'x' in the column loss"),
        ("\xff\xfe\x00", "not a table but bytes"),
    ],
)
def test_a_damaged_table_is_named(tmp_path, text, line):
    path = tmp_path / "history.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=re.escape(f"{path}: {line}")):
        frames.read([path])
