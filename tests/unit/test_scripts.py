"""The command line of each script: help, and one line for a mistake."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = sorted(Path("src").glob("*.py"))


def call(*arguments):
    return subprocess.run(
        [sys.executable, *map(str, arguments)], capture_output=True, text=True
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_help_explains_itself(script):
    done = call(script, "--help")
    assert done.returncode == 0
    docstring = re.match(r'"""(.*?)\n?"""', script.read_text(), re.DOTALL).group(1)
    assert docstring.split("\n")[0] in done.stdout


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["probe_ics.py", "--checkpoint", "no.safetensors"], "no.safetensors"),
        (
            ["probe_ics.py", "--checkpoint", "broken.safetensors"],
            "not a complete safetens",
        ),
    ],
)
def test_a_bad_file_is_one_line(tmp_path, arguments, line):
    (tmp_path / "broken.safetensors").write_bytes(b"x" * 100)
    script, option, name = arguments
    output = tmp_path / "out.csv"
    done = call(
        f"src/{script}",
        *(option, tmp_path / name),
        *("--data", tmp_path / name),
        *("--output", output),
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"{script}: ")
    assert line in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not output.exists()


def test_tables_that_do_not_agree_are_one_line(tmp_path):
    (tmp_path / "a.csv").write_text("lr,loss\n1,2\n")
    (tmp_path / "b.csv").write_text("lr,accuracy\n1,2\n")
    output = tmp_path / "c.csv"
    done = call(
        "src/collect.py", tmp_path / "a.csv", tmp_path / "b.csv", "--output", output
    )
    assert done.returncode == 1
    assert "b.csv: found the columns 'lr,accuracy', expected 'lr,loss'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not output.exists()
