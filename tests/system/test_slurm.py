"""The pipeline on a real Slurm of one node."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import slurm_cluster

from cifar_files import write_archive
from project import (
    copy_of_project,
    drop_starts,
    present,
    results,
    snakemake,
    with_config,
)
from tools.project import environment

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(slurm_cluster.missing()), reason=str(slurm_cluster.missing())
    ),
]

SLURM = (
    "--profile",
    "slurm",
    "--latency-wait",
    "10",
    "--slurm-init-seconds-before-status-checks",
    "2",
    "--seconds-between-status-checks",
    "2",
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    slurm_cluster.install()
    cluster = slurm_cluster.Cluster(tmp_path_factory.mktemp("slurm"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="module", autouse=True)
def limited(cluster, tmp_path_factory):
    """A training whose time limit is too short, under way beside the other tests.

    Slurm warns a minute before the limit, or up to half a minute earlier. Of the three minutes
    of the first attempt that leaves at least 90 seconds, enough to start on a busy machine.
    """
    project = copy_of_project(tmp_path_factory.mktemp("limited") / "project")
    config = with_config(project, a_training_of_140_seconds)
    # A second for each fifty steps, however fast the machine is.
    training = project / "src/normscape/training/loop.py"
    call = "                on_pause(run, history, evaluation)\n"
    pause = "                __import__('time').sleep(1)\n"
    source = training.read_text(encoding="utf-8")
    assert call in source
    training.write_text(source.replace(call, call + pause), encoding="utf-8")
    too_short = ("--set-resources", "train_dln:runtime=3*attempt")
    run = Run(project, config, *SLURM, history("none"), *too_short)
    yield project, run
    run.process.kill()


class Run:
    """Snakemake in the background: here, or with ``SLURM`` on the cluster."""

    def __init__(self, project: Path, config: str, *arguments: str):
        self.log = project / "snakemake.log"
        command = [sys.executable, "-m", "snakemake", "--configfile", config]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*command, *arguments],
                cwd=project,
                env=environment(),
                stdout=log,
                stderr=log,
            )

    def wait(self, seconds: int = 600) -> str:
        """What it said, once it has ended."""
        try:
            self.process.wait(seconds)
        finally:
            self.process.kill()
        return self.log.read_text(encoding="utf-8")


def comments(cluster) -> list[str]:
    """What squeue tells of the jobs that are there."""
    return cluster.call("squeue", "--noheader", "--format=%k").splitlines()


def wait_for(condition, seconds: int = 240):
    deadline = time.monotonic() + seconds
    while not (actual := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return actual


def small(config) -> None:
    """One training of each model, and a probe of each."""
    drop_starts(config)
    for settings in present(config["models"]).values():
        settings["seeds"] = [0]
        settings["grid"][0]["norms"] = ["batch"]
    for probe in present(config["probes"]).values():
        for settings in probe["models"].values():
            settings["grid"][0].update(norms=["batch"], steps=[0])


def one_long_training(config) -> None:
    """A deep linear network that trains for a while, and little else."""
    small(config)
    config["save_interval"] = 0
    config["models"]["vgg"]["grid"] = []
    config["models"]["dln"].update(steps=LONG, checkpoints=[0, LONG])
    for probe in present(config["probes"]).values():
        probe["models"].get("vgg", {})["grid"] = []


LONG = 12_000
FIGURE = "figures/fig03_internal_covariate_shift.png"

MAIN = 'if __name__ == "__main__":\n'
SAY_WHO_STARTED_IT = """\
    with open(f"/proc/{__import__('os').getppid()}/cmdline") as file:
        print(file.read().replace("\\0", " "))
"""


def a_training_of_140_seconds(config) -> None:
    """On the cluster, where each fifty steps take a second."""
    one_long_training(config)
    config["models"]["dln"].update(steps=7000, checkpoints=[0, 7000])
    config["models"]["dln"]["grid"][0]["norms"] = ["none"]
    for probe in present(config["probes"]).values():
        probe["models"]["dln"]["grid"] = []
    config["save_interval"] = 3600


def history(norm: str) -> str:
    return f"results/tiny/train/dln/{norm}/lr1e-06/seed0/history.csv"


def test_the_same_bytes_as_locally(cluster, tmp_path, file_server):
    """From the download to the verdicts, the theorems and a figure."""
    targets = [
        f"results/tiny/{name}" for name in ("verdicts.csv", "theory.csv", FIGURE)
    ]
    _, checksum = write_archive(tmp_path / "cifar.tar.gz", per_batch=20)
    url = file_server((tmp_path / "cifar.tar.gz").read_bytes())

    def with_cifar10(config):
        small(config)
        config["datasets"] = {"cifar10": {"url": url, "checksum": checksum}}
        config["models"]["vgg"]["dataset"] = "cifar10"
        config["models"]["dln"]["seeds"] = [0, 1]

    there = copy_of_project(tmp_path / "there")
    config = with_config(there, with_cifar10)
    script = there / "src/probe.py"
    script.write_text(
        script.read_text(encoding="utf-8").replace(MAIN, MAIN + SAY_WHO_STARTED_IT),
        encoding="utf-8",
    )
    here = copy_of_project(tmp_path / "here")
    with_config(here, with_cifar10)
    run = Run(there, config, *SLURM, *targets)
    local = Run(here, config, "--cores", "1", *targets)
    seen = set()
    while run.process.poll() is None:
        seen.update(comments(cluster))
        time.sleep(0.5)
    output = run.wait()
    assert run.process.returncode == 0, output[-3000:]
    assert any(re.match("rule_train_vgg_wildcards_.*batch", each) for each in seen)
    assert any("probes" in each for each in seen), seen
    assert not any("figure" in each for each in seen)
    local.wait()
    assert local.process.returncode == 0
    assert results(there, "tiny") == results(here, "tiny")
    probes = list(there.glob("results/tiny/logs/probe_*/**/*.log"))
    assert len(probes) > 5
    output = {log: log.read_text(encoding="utf-8") for log in probes}
    assert all("fork_server.py" in text for text in output.values()), output
    # Each kind of measurement of each run is one Slurm job.
    (log,) = there.glob(".snakemake/log/*.log")
    submitted = log.read_text(encoding="utf-8").count("/slurm_logs/group_probes")
    assert submitted == len({log.parent for log in probes})


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> dict[str, bytes]:
    project = copy_of_project(tmp_path_factory.mktemp("local") / "project")
    config = with_config(project, one_long_training)
    done = snakemake(project, "--cores", "2", history("batch"), config=config)
    assert done.returncode == 0, done.stderr[-3000:]
    return results(project, "tiny")


def log_of_training(project: Path, norm: str) -> str:
    name = f"results/tiny/logs/train/dln/{norm}/lr1e-06/seed0.log"
    return (project / name).read_text(encoding="utf-8")


def test_a_cancelled_training_goes_on(cluster, uninterrupted, tmp_path):
    project = copy_of_project(tmp_path / "project")
    run = Run(
        project, with_config(project, one_long_training), *SLURM, history("batch")
    )
    state = (project / history("batch")).with_name("state")
    wait_for((state / "latest.safetensors").exists)
    jobs = cluster.call("squeue", "--noheader", "--format=%i %k").splitlines()
    (job,) = [line.split()[0] for line in jobs if re.search("train_dln.*batch", line)]
    cluster.call("scancel", job)
    output = run.wait()
    assert run.process.returncode == 0, output[-3000:]
    assert re.search(
        r"^resumes at step \d+$", log_of_training(project, "batch"), re.MULTILINE
    )
    assert results(project, "tiny") == uninterrupted


def test_a_time_limit_that_is_too_short(cluster, limited):
    """Warned, the training saves its state, for the first time; the second attempt goes on."""
    there, run = limited
    output = run.wait()
    assert run.process.returncode == 0, output[-3000:]
    assert output.count("Trying to restart job") == 1
    log = log_of_training(there, "none")
    assert re.search(r"^resumes at step \d+$", log, re.MULTILINE)
    assert "Time limit exhausted" not in (cluster.folder / "slurmctld.log").read_text(
        encoding="utf-8"
    )
    here = copy_of_project(there.parent / "here")
    config = with_config(here, a_training_of_140_seconds)
    local = snakemake(here, "--cores", "2", history("none"), config=config)
    assert local.returncode == 0
    assert results(there, "tiny") == results(here, "tiny")


def test_a_job_that_always_fails(cluster, tmp_path):
    """The rest goes on, and the end says which it was; nothing partial is left."""
    project = copy_of_project(tmp_path / "project")
    with (project / "src/normscape/models/vgg.py").open("a") as file:
        file.write('\nraise ValueError("broken on purpose")\n')
    run = Run(project, with_config(project, small), *SLURM, "--retries", "1")
    output = run.wait()
    assert run.process.returncode == 1
    assert (project / history("batch")).is_file()
    assert list(project.glob("results/tiny/probes/*/dln/batch/lr1e-06/seed0.csv"))
    failed = "failed: Train vgg, batch, lr 0.1, seed 0"
    assert failed in output[output.rindex("Exiting") :]
    assert "train.py: broken on purpose" in output
    assert not list(project.glob("results/tiny/train/vgg/**/*.*"))
    cell = "vgg/batch/lr0.1/seed0"
    log = (project / f"results/tiny/logs/train/{cell}.log").read_text(encoding="utf-8")
    assert log == "train.py: broken on purpose\n"
