"""The pipeline on a machine with several devices, which are pretended."""

import re

import pytest

from project import TINY, one_of_each, snakemake, with_config
from tools.project import copy_of_project, environment


@pytest.mark.slow
def test_trainings_and_probes_take_a_device_each(tmp_path):
    """CUDA would show them as named; here there is none, so that jobs compute on the CPU."""
    folder = copy_of_project(tmp_path / "project")

    def on_gpus(config):
        one_of_each(config)
        config |= {"device": "auto", "gpus": 1}

    config = with_config(folder, on_gpus, TINY)
    (tmp_path / "tmp").mkdir()
    names = {"CUDA_VISIBLE_DEVICES": "GPU-a,GPU-b", "TMPDIR": str(tmp_path / "tmp")}
    options = ("--cores", "3", "--resources", "gpu=2", "--until", "collect")
    done = snakemake(folder, *options, config=config, env=environment() | names)
    assert done.returncode == 0, done.stderr[-3000:]
    logs = (folder / "results/tiny/logs").rglob("*.log")
    taken = {
        log: re.findall(
            r"CUDA device (GPU-[ab]) \(visible: GPU-a, GPU-b\)",
            log.read_text(encoding="utf-8"),
        )
        for log in logs
        if log.relative_to(folder / "results/tiny/logs")
        .parts[0]
        .startswith(("train", "probe_"))
    }
    assert len(taken) > 4
    assert all(len(devices) == 1 for devices in taken.values())
    assert {devices[0] for devices in taken.values()} == {"GPU-a", "GPU-b"}
    # Two at a time, so nobody had to share.
    locks = [path.name for path in (tmp_path / "tmp").glob("normscape-devices-*/*")]
    assert sorted(locks) == ["GPU-a.0", "GPU-b.0"]
