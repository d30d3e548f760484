"""A Slurm of one node on loopback, as root, for the time of the tests.

Configuration, state and sockets lie in a folder of its own, to which /etc/slurm/slurm.conf
points for as long as it runs: Snakemake's plugin hides SLURM_CONF from jobs. Without
systemd and cgroups.
"""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import apt

PACKAGES = ("slurmctld", "slurmd", "slurm-client", "munge")
COMMANDS = ("slurmctld", "slurmd", "sbatch", "munged")
LINK = Path("/etc/slurm/slurm.conf")
POLICY = Path("/usr/sbin/policy-rc.d")
# Where Debian has the daemons, and not every PATH looks.
os.environ["PATH"] += f"{os.pathsep}/usr/sbin"

CONFIGURATION = """\
ClusterName=normscape
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
StateSaveLocation={folder}/controller
SlurmdSpoolDir={folder}/node
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
SlurmdParameters=config_overrides
ReturnToService=2
MailProg=/bin/true
KillWait=2
MinJobAge=300
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} CoresPerSocket={cpus} RealMemory=64000
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str | None:
    """Why there can be no cluster here, or None."""
    if os.geteuid() != 0:
        return "Slurm's daemons need root"
    if not all(map(shutil.which, COMMANDS)) and not apt.can_install():
        return "neither Slurm nor apt is here"
    if LINK.exists():
        return f"there is a Slurm already: {LINK}"
    try:
        socket.gethostbyname(_host())
    except OSError:
        return f"the host name {_host()} is of no address"
    return None


def install() -> None:
    """Slurm from apt, where it is not there; its services stay off."""
    if all(map(shutil.which, COMMANDS)):
        return
    own_policy = not POLICY.exists()
    if own_policy:
        POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
        POLICY.chmod(0o755)
    try:
        apt.install(*PACKAGES)
    finally:
        if own_policy:
            POLICY.unlink()


class Cluster:
    """Daemons that run between ``start`` and ``stop``."""

    def __init__(self, folder: Path, cpus: int = 2):
        self.folder = folder
        self._cpus = cpus
        self._daemons = []

    def start(self) -> None:
        for name in ("controller", "node", "munge"):
            (self.folder / name).mkdir(parents=True, mode=0o755)
        (self.folder / "slurm.conf").write_text(
            CONFIGURATION.format(
                host=_host(), folder=self.folder, cpus=self._cpus, ports=_free_ports(2)
            ),
            encoding="utf-8",
        )
        LINK.parent.mkdir(exist_ok=True)
        LINK.unlink(missing_ok=True)  # left by one that was killed
        LINK.symlink_to(self.folder / "slurm.conf")
        key = self.folder / "munge/key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        socket_path = f"{self.folder}/munge/socket"
        self._start(
            "munged",
            "--foreground",
            "--force",
            f"--socket={socket_path}",
            f"--key-file={key}",
            f"--pid-file={self.folder}/munge/pid",
            f"--log-file={self.folder}/munge/log",
            f"--seed-file={self.folder}/munge/seed",
        )
        self._wait(lambda: Path(socket_path).exists())
        self._start("slurmctld", "-D")
        self._wait(lambda: "UP" in self.call("scontrol", "ping"))
        self._start("slurmd", "-D", "-N", _host())
        self._wait(lambda: "idle" in self.call("sinfo", "--noheader", "--format=%t"))

    def stop(self) -> None:
        if self._daemons:
            self.call("scancel", "--user=root")
        for daemon in reversed(self._daemons):
            daemon.terminate()
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        LINK.unlink(missing_ok=True)

    def call(self, *command: str) -> str:
        """Output of a command, also of one that fails."""
        return subprocess.run(
            command, capture_output=True, encoding="utf-8", timeout=20
        ).stdout

    def _start(self, *command):
        with (self.folder / f"{command[0]}.out").open("w") as out:
            self._daemons.append(
                subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    start_new_session=True,
                )
            )

    def _wait(self, ready, seconds=30):
        deadline = time.monotonic() + seconds
        while not ready():
            daemon = self._daemons[-1]
            if time.monotonic() > deadline or daemon.poll() is not None:
                name = daemon.args[0]
                output = (self.folder / f"{name}.out").read_text(encoding="utf-8")
                self.stop()
                raise RuntimeError(f"{name} did not start: {output[-2000:]}")
            time.sleep(0.1)


def _host():
    return socket.gethostname().split(".")[0]


def _free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
