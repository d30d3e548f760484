"""Scripts do the same as forks of a server as by themselves, and end with those who ask."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from normscape import fork_server
from project import PROJECT, environment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")

START = """
import os
from src.normscape import fork_server
fork_server.start()
print(os.environ["NORMSCAPE_FORK_SERVER"], flush=True)
input()
"""

SCRIPT = '''
"""Do as told."""
import os, sys, time
from pathlib import Path
from normscape import command_line

def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("task", choices=["tell", "mistake", "bug", "leave", "wait"])
    task = arguments.parse_args().task
    if task == "tell":
        print(Path.cwd(), os.environ["MOOD"], "NORMSCAPE_FORK_SERVER" in os.environ)
        print(sys.argv, sys.path)
        print("aside", file=sys.stderr)
        Path("library").write_text(str("colorsys" in sys.modules))
    if task == "mistake":
        raise ValueError("a mistake")
    if task == "bug":
        raise RuntimeError("a bug")
    if task == "leave":
        raise SystemExit(7)
    if task == "wait":
        Path("process").write_text(str(os.getpid()))
        time.sleep(60)

if __name__ == "__main__":
    command_line.run(main, "colorsys")
'''


def wait_until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def parent():
    """The process that has started a server, and the server's address."""
    process = subprocess.Popen(
        [sys.executable, "-c", START],
        cwd=PROJECT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    address = process.stdout.readline().strip()
    yield process, address
    process.kill()
    process.wait()
    wait_until(lambda: not Path(address).parent.exists())


def server_of(parent) -> psutil.Process:
    (server,) = psutil.Process(parent[0].pid).children()
    return server


@pytest.fixture
def start(tmp_path):
    """start(task, address): the script at work, as a job is."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)

    def start(task, address=""):
        own = {"PYTHONPATH": str(PROJECT / "src"), "MOOD": "good"}
        return subprocess.Popen(
            [sys.executable, script, task],
            cwd=tmp_path,
            env=os.environ | own | {fork_server.ADDRESS: address},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


def end_of(process):
    out, err = process.communicate(timeout=20)
    return process.returncode, out, err


@pytest.mark.parametrize("task", ["tell", "mistake", "leave", "nonsense"])
def test_it_says_and_returns_the_same(parent, start, task):
    alone = end_of(start(task))
    assert end_of(start(task, parent[1])) == alone
    assert alone[0] == {"tell": 0, "mistake": 1, "leave": 7, "nonsense": 2}[task]


def test_a_bug_shows_where(parent, start):
    status, _, said = end_of(start("bug", parent[1]))
    assert status == 1
    assert "script.py" in said
    assert said.endswith("RuntimeError: a bug\n")


def test_the_server_has_the_libraries(parent, start, tmp_path):
    for address, there in (("", False), (parent[1], True)):
        end_of(start("tell", address))
        assert (tmp_path / "library").read_text() == str(there)


def test_it_runs_by_itself_where_the_server_is_gone(parent, start, tmp_path):
    server_of(parent).kill()
    status, out, _ = end_of(start("tell", parent[1]))
    assert (status, out.split()[1]) == (0, "good")
    assert (tmp_path / "library").read_text() == "False"
    Path(parent[1]).unlink()
    Path(parent[1]).parent.rmdir()


def test_another_environment_runs_by_itself(parent, start, monkeypatch, tmp_path):
    other = tmp_path / "venv"
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", "--symlinks", other], check=True
    )
    monkeypatch.setattr(sys, "executable", str(other / "bin/python"))
    assert end_of(start("tell", parent[1]))[0] == 0
    assert (tmp_path / "library").read_text() == "False"


def waiting(start, address, tmp_path):
    """A script that waits, and the process of its fork."""
    script = start("wait", address)
    process = tmp_path / "process"
    wait_until(lambda: process.is_file() and process.read_text())
    return script, psutil.Process(int(process.read_text()))


def test_the_fork_ends_with_the_script(parent, start, tmp_path):
    script, fork = waiting(start, parent[1], tmp_path)
    assert fork.pid != script.pid
    script.kill()
    end_of(script)
    wait_until(lambda: not fork.is_running())


def test_the_script_ends_with_the_fork(parent, start, tmp_path):
    script, fork = waiting(start, parent[1], tmp_path)
    fork.kill()
    assert end_of(script) == (1, "", "script.py: killed\n")


def test_the_server_ends_with_its_parent_and_its_forks_do_not(parent, start, tmp_path):
    server = server_of(parent)
    script, fork = waiting(start, parent[1], tmp_path)
    parent[0].kill()
    parent[0].wait()
    wait_until(lambda: not server.is_running())
    assert fork.is_running()
    script.kill()
    end_of(script)
