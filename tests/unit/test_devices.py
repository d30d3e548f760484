"""A device for each job, with a pretended list of devices: there need be no GPU."""

import os
import signal
import subprocess
import sys

import pytest

from normscape import code
from normscape.jobs import devices

JOB = """
import os, sys, time
from pathlib import Path
from normscape.jobs import devices
devices.take({device!r}, Path({folder!r}))
print(os.environ.get("CUDA_VISIBLE_DEVICES"), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def start(tmp_path):
    """start(visible, device): a job that keeps its device until it is told to end."""
    jobs = []

    def start(visible="0,1,2", device="cuda"):
        script = JOB.format(device=device, folder=str(tmp_path / "locks"))
        job = subprocess.Popen(
            [sys.executable, "-c", script],
            env=os.environ
            | {"PYTHONPATH": str(code.SRC), "CUDA_VISIBLE_DEVICES": visible},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        jobs.append(job)
        line = job.stdout.readline()
        if "CUDA device" in line:
            assert all(device in line for device in visible.split(","))
            line = job.stdout.readline()
        return job, line.strip()

    yield start
    for job in jobs:
        job.communicate()


def test_each_job_has_a_device_of_its_own(start):
    assert sorted(start()[1] for _ in range(3)) == ["0", "1", "2"]


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL, None])
def test_a_device_is_free_when_its_job_has_ended(start, end):
    jobs = dict(reversed(start()) for _ in range(3))
    if end:
        jobs["1"].send_signal(end)
        jobs["1"].wait()
    else:
        jobs["1"].communicate()
    assert start()[1] == "1"


def test_more_jobs_than_devices_share_them_evenly(start):
    taken = [start("GPU-a,GPU-b")[1] for _ in range(5)]
    assert taken == ["GPU-a", "GPU-b"] * 2 + ["GPU-a"]


def test_experiments_that_may_use_different_devices(start):
    assert start("2,3")[1] == "2"
    assert [start("0,1,2,3")[1] for _ in range(3)] == ["0", "1", "3"]


@pytest.mark.parametrize(
    ("visible", "device"), [("3", "cuda"), ("", "auto"), ("0,1", "cpu"), ("0,1", "mps")]
)
def test_where_there_is_nothing_to_choose_nothing_is_taken(
    start, tmp_path, visible, device
):
    assert start(visible, device)[1] == visible
    assert not (tmp_path / "locks").exists()


def test_without_the_variable_devices_are_counted(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 3)
    assert devices._visible() == ["0", "1", "2"]


def test_what_stands_after_minus_one_or_no_name_is_not_there(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3, 1,-1,0")
    assert devices._visible() == ["3", "1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,1,,0")
    assert devices._visible() == ["3", "1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert devices._visible() == []
