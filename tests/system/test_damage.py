"""Damaged files: each is found or rebuilt."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from faulty import CONFIG, logs

from normscape.archive import integrity
from project import results, snakemake
from tools.project import copy_tree

pytestmark = pytest.mark.slow

# What differs between files of a kind: runs, steps, data sets, and names.
VARIABLE = (
    r"(vgg|dln)/\w+|seed\d+|step\d+|lr[^/]+|fig\d+\w+"
    r"|(?<=tables/)\w+|(?<=data/)\w+|(?<=probes/)\w+|(?<=claims/)\w+"
)


def cut(content: bytes) -> bytes:
    """Two thirds of a file; a table's last line is not whole."""
    return content[: len(content) * 2 // 3].rstrip(b"\n")


def test_the_check_finds_every_changed_result(undisturbed, tmp_path, monkeypatch):
    """Where no job has made it again; one by one, as a byte that has turned."""
    project = copy_tree(undisturbed, tmp_path / "project")
    monkeypatch.chdir(project)
    folder = Path("results/faulty")
    checked = [
        name
        for name in results(project, "faulty")
        if not name.startswith(("train/", "probes/", "data/", "SHA256SUMS"))
    ]
    assert {"verdict_values.csv", "same_loss_levels.csv", "theory.csv"} < set(checked)
    for name in checked:
        path = folder / name
        content = path.read_bytes()
        turned = content[:-2] + bytes([content[-2] ^ 1]) + content[-1:]
        path.write_bytes(turned)
        with pytest.raises(ValueError, match=f"^{re.escape(str(path))}: checksum"):
            integrity.check_files([path], folder / "SHA256SUMS")
        path.write_bytes(content)
    integrity.check_files([path], folder / "SHA256SUMS")
    path.write_bytes(turned)
    command = ["src/check.py", "--output", str(folder / "SHA256SUMS"), str(path)]
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"check.py: {path}: checksum")


STAGES = ("figures/*", "tables/*", "probes/**/*", "train/**/*", "data/*", "claims/*")


@pytest.mark.parametrize("stage", [*STAGES, "*.*", "SHA256SUMS"])
def test_every_truncated_output_is_found_or_rebuilt(undisturbed, tmp_path, stage):
    """By a job that reads it or by the check; the line says to delete the file.

    What nothing reads again is found by the checksums that the check has listed.
    """
    project = copy_tree(undisturbed, tmp_path / "project")
    expected = results(project, "faulty")
    folder = project / "results/faulty"
    truncated = one_of_each_kind(folder, stage)
    assert truncated
    for name in truncated:
        (folder / name).write_bytes(cut((folder / name).read_bytes()))
    # A job names the first damaged file that it reads, so each run names at least one more.
    while run_that_fails(project):
        output = [line for line in logs(project).splitlines() if ".py: " in line]
        named = {n for n in truncated if any(Path(n).name in line for line in output)}
        assert named, (truncated, output)
        for name in named:
            (folder / name).unlink()
        truncated -= named
    actual = results(project, "faulty")
    # What is made from them is whole, and they are rebuilt when something asks.
    missing = expected.keys() - actual.keys()
    assert all(each.startswith(("data/", "probes/", "train/")) for each in missing)
    changed = {each for each in actual if actual[each] != expected[each]}
    assert changed - {"SHA256SUMS"} <= truncated
    output = sha256sum(folder)
    assert bool(output.returncode) == bool(changed)
    assert all(name in output.stdout for name in changed - {"SHA256SUMS"})


def one_of_each_kind(folder: Path, pattern: str) -> set[str]:
    """A file of each kind that matches; all others of it go the same way."""
    kinds = {}
    for path in sorted(folder.glob(pattern)):
        name = str(path.relative_to(folder))
        # A page that is cut short shows it.
        if path.is_file() and name != "index.html":
            kinds[re.sub(VARIABLE, "*", name)] = name
    return set(kinds.values())


def run_that_fails(project: Path) -> bool:
    done = snakemake(project, "--cores", "2", "--keep-going", config=CONFIG)
    return done.returncode != 0


def sha256sum(folder: Path):
    """What docs/workflow.md says to look with."""
    command = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8")
