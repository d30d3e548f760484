"""What run.json and the page say of the machine, and of what a training took."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from normscape import code
from normscape.archive.records import Record
from normscape.jobs import machine, manifests
from normscape.page import run_conditions


@pytest.fixture
def manifest(make_run, tmp_path):
    """run.json of a small run, where a training would write it."""
    path = tmp_path / "train/vgg/batch/lr0.1/seed0/run.json"
    manifests.write(path, make_run(), "2026-01-02T03:04:05+00:00", [])
    return path


def test_the_machine_is_as_psutil_sees_it(manifest):
    run = json.loads(manifest.read_text(encoding="utf-8"))
    assert run["memory_mb"] == psutil.virtual_memory().total // 2**20
    assert run["cores"] == len(psutil.Process().cpu_affinity())
    if sys.platform == "linux":
        name = (
            Path("/etc/os-release").read_text(encoding="utf-8").split("PRETTY_NAME=")[1]
        )
        assert run["operating_system"] == name.splitlines()[0].strip("\"'")


def test_the_processor_is_named_as_linux_does(tmp_path):
    (tmp_path / "cpuinfo").write_text(
        "processor\t: 0\nmodel name\t: A Chip: 3 GHz\n", encoding="utf-8"
    )
    assert machine._processor(tmp_path / "cpuinfo") == "A Chip: 3 GHz"
    (tmp_path / "cpuinfo").write_text(
        "model name\t: A Chip\n\nmodel name\t: A Smaller Chip\n", encoding="utf-8"
    )
    assert machine._processor(tmp_path / "cpuinfo") == "A Chip"
    (tmp_path / "cpuinfo").write_text(
        "processor\t: 0\n", encoding="utf-8"
    )  # as on some ARM machines
    plain = platform.processor() or platform.machine()
    assert machine._processor(tmp_path / "cpuinfo") == plain
    assert machine._processor(tmp_path / "none") == plain


def test_peak_memory_is_the_process_own():
    """200 MB that were given back count, in a process that had less before."""
    script = """
from normscape.jobs import machine
before = machine.peak_memory_mb()
block = bytearray(200 * 2**20)
block[:] = b"1" * len(block)
del block
print(before, machine.peak_memory_mb())
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": str(code.SRC)},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    before, after = map(int, done.stdout.split())
    assert before < 200 < after - before + 10
    assert after < 1000


def test_the_page_names_machine_and_memory(manifest):
    run = json.loads(manifest.read_text(encoding="utf-8"))
    (line,) = run_conditions.machines([manifest])
    for part in ("processor", "operating_system", "device", "torch"):
        assert str(run[part]) in line
    assert f"{run['cores']} cores, {run['memory_mb'] / 1024:.1f} GiB of memory" in line
    assert line.endswith("(1 runs)")
    run |= {"ended": "2026-01-02T03:05:06+00:00", "peak_memory_mb": 1234}
    manifest.write_text(json.dumps(run), encoding="utf-8")
    assert run_conditions.trainings([manifest]) == [
        {"name": "vgg/batch/lr0.1/seed0", "seconds": 61.0, "memory": 1234}
    ]


def test_runs_of_an_earlier_version_say_less(manifest):
    run = json.loads(manifest.read_text(encoding="utf-8"))
    for key in (*machine.description(), "peak_memory_mb"):
        del run[key]
    manifest.write_text(json.dumps(run), encoding="utf-8")
    (line,) = run_conditions.machines([manifest])
    assert "GiB" not in line
    assert run_conditions.trainings([manifest])[0]["memory"] is None


def test_the_page_leaves_out_seconds_of_submitted_jobs(monkeypatch, tmp_path):
    # On Slurm Snakemake notes a job's start when it hears of its end.
    ran = {"here": (1.0, 3.5), "too": (2.0, 2.5), "submitted": (9.002, 9.0)}
    actual = [Record(Path(k), "probe_ics", (k,), *when) for k, when in ran.items()]
    monkeypatch.setattr(run_conditions.records, "read", lambda folder: actual)
    stages = run_conditions.stages(tmp_path)
    assert stages == [{"rule": "probe_ics", "jobs": 2, "seconds": 3.0}]
    monkeypatch.setattr(run_conditions.records, "read", lambda folder: actual[2:])
    assert run_conditions.stages(tmp_path) == []
