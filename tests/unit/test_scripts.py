"""The command line of each script: help, and one line for a mistake."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = sorted(Path("src").glob("*.py"))


def call(*arguments):
    return subprocess.run(
        [sys.executable, *map(str, arguments)], capture_output=True, encoding="utf-8"
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_help_explains_itself(script):
    done = call(script, "--help")
    assert done.returncode == 0
    docstring = re.match(
        r'"""(.*?)\n?"""', script.read_text(encoding="utf-8"), re.DOTALL
    ).group(1)
    assert docstring.split("\n")[0] in done.stdout


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("no.safetensors", "no.safetensors"),
        ("broken.safetensors", "not a complete safetens"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path, name, line):
    (tmp_path / "broken.safetensors").write_bytes(b"x" * 100)
    output = tmp_path / "out.csv"
    done = call(
        *("src/probe.py", "ics"),
        *("--checkpoint", tmp_path / name),
        *("--data", tmp_path / name),
        *("--columns", "{}", "--output", output),
    )
    assert done.returncode == 1
    assert done.stderr.startswith("probe.py: ")
    assert line in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not output.exists()


@pytest.mark.parametrize("threads", ["0", "-1", "two"])
def test_threads_are_one_or_more(threads):
    done = call("src/probe.py", "ics", "--threads", threads)
    assert done.returncode == 2
    line = done.stderr.splitlines()[-1]
    assert "--threads" in line and repr(threads) in line


def collect(folder, *tables):
    """collect.py, asked for the columns lr and loss."""
    paths = [folder / table for table in tables]
    columns = ["--columns", "lr", "loss"]
    return call("src/collect.py", *paths, *columns, "--output", folder / "c.csv")


def test_tables_that_do_not_agree_are_one_line(tmp_path):
    (tmp_path / "a.csv").write_text("lr,loss\n1,2\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("lr,accuracy\n1,2\n", encoding="utf-8")
    done = collect(tmp_path, "a.csv", "b.csv")
    assert done.returncode == 1
    assert re.search(r"b\.csv: .*'lr,loss'.*'lr,accuracy'", done.stderr)
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "c.csv").exists()


def test_tables_of_no_run_are_a_header(tmp_path):
    done = collect(tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "c.csv").read_text(encoding="utf-8") == "lr,loss\n"


def test_a_figure_without_its_tables_is_one_line(tmp_path):
    (tmp_path / "landscape_ranges.csv").write_text(
        "model,norm,lr,seed\n", encoding="utf-8"
    )
    figure = ["src/figure.py", "fig04_landscape", "--output", tmp_path / "f.png"]
    tables = ["--tables", "workflow/resources/paper_curves.csv"]
    experiment = tmp_path / "experiment.json"
    experiment.write_text(json.dumps({"models": [], "norms": []}), encoding="utf-8")
    done = call(*figure, *tables, "--experiment", experiment)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("figure.py: --tables: ")
    assert "landscape_ranges.csv, outcomes.csv" in line
    experiment.write_text("none,batch", encoding="utf-8")
    done = call(*figure, *tables, "--experiment", experiment)
    assert done.returncode == 2
    assert "experiment.json: expected JSON" in done.stderr
    assert "Traceback" not in done.stderr
