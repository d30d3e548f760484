"""Scripts do the same as forks of a server as by themselves, and end with those who ask."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tools.project import PROJECT, copy_tree, environment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")

START = """
import os
from normscape.jobs import fork_server
fork_server.start()
fork_server.start()  # as two modules of a workflow do: it is one server
print(os.environ["PATH"].split(os.pathsep)[0], flush=True)
input()
"""

SCRIPT = '''
"""Do as told."""
import os, signal, sys, time
from pathlib import Path
from normscape.jobs import command_line

def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("task", choices=["tell", "mistake", "bug", "leave", "wait", "save"])
    task = arguments.parse_args().task
    if task == "tell":
        print(Path.cwd(), os.environ["MOOD"])
        print(sys.argv, sys.path[0], __name__)
        print("aside", file=sys.stderr)
        loaded = [name in sys.modules for name in ("colorsys", "normscape.experiment")]
        Path("loaded").write_text(str(loaded))
        import colorsys, normscape.experiment
    if task == "mistake":
        raise ValueError("a mistake")
    if task == "bug":
        raise RuntimeError("a bug")
    if task == "leave":
        raise SystemExit(7)
    if task == "save":
        def save(*_):
            time.sleep(0.5)
            raise ValueError("saved")
        signal.signal(signal.SIGTERM, save)
    if task in ("wait", "save"):
        Path("process").write_text(str(os.getpid()))
        time.sleep(60)

if __name__ == "__main__":
    command_line.run(main)
'''


def wait_until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def sources(tmp_path):
    """A copy of src/ for scripts of our own."""
    return copy_tree(PROJECT / "src", tmp_path / "src", "__pycache__")


@pytest.fixture
def parent(sources):
    """The process that has started a server, and the folder of its command python."""
    process = subprocess.Popen(
        [sys.executable, "-c", START],
        env=environment() | {"PYTHONPATH": str(sources)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    commands = Path(process.stdout.readline().strip())
    yield process, commands
    process.kill()
    process.wait()
    wait_until(lambda: not commands.exists())


def server_of(parent) -> psutil.Process:
    (server,) = psutil.Process(parent[0].pid).children()
    return server


@pytest.fixture
def start(sources, tmp_path):
    """start(task, commands): the script at work, as a job is."""
    script = sources / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")

    def start(task, commands=None):
        own = {"MOOD": "good"}
        path = environment()["PATH"]
        if commands:
            path = f"{commands}{os.pathsep}{path}"
        return subprocess.Popen(
            ["/bin/sh", "-c", f"exec python {script} {task}"],
            cwd=tmp_path,
            env=os.environ | own | {"PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
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


def test_the_server_has_imported_what_the_script_imports(parent, start, tmp_path):
    for commands, there in ((None, False), (parent[1], True)):
        end_of(start("tell", commands))
        assert (tmp_path / "loaded").read_text(encoding="utf-8") == str([there, there])


def test_what_an_import_raises_is_the_scripts(parent, start, sources):
    (sources / "normscape/broken.py").write_text("undefined\n", encoding="utf-8")
    script = sources / "script.py"
    script.write_text(
        f"import normscape.broken\n{script.read_text(encoding='utf-8')}",
        encoding="utf-8",
    )
    status, _, said = end_of(start("tell", parent[1]))
    assert status == 1
    assert said.endswith("NameError: name 'undefined' is not defined\n")
    assert server_of(parent).is_running()


def test_it_runs_by_itself_where_the_server_is_gone(parent, start, tmp_path):
    server_of(parent).kill()
    status, out, _ = end_of(start("tell", parent[1]))
    assert (status, out.split()[1]) == (0, "good")
    assert (tmp_path / "loaded").read_text(encoding="utf-8") == "[False, False]"
    shutil.rmtree(parent[1].parent)


def test_what_is_no_script_is_pythons(parent):
    said = subprocess.run(
        [parent[1] / "python", "-c", "print(6 * 7)"],
        capture_output=True,
        encoding="utf-8",
    )
    assert (said.returncode, said.stdout) == (0, "42\n")


def test_a_server_whose_parent_is_gone_already_ends(parent):
    """As where Snakemake is killed in its first moments."""
    server_of(parent).suspend()  # before it knows anybody
    process, commands = parent
    server = server_of(parent)
    process.kill()
    process.wait()
    server.resume()
    wait_until(lambda: not server.is_running() and not commands.exists())


def test_another_environment_is_found_first(parent, start, monkeypatch, tmp_path):
    """As where Snakemake activates a rule's own environment."""
    other = tmp_path / "venv"
    command = [sys.executable, "-m", "venv", "--without-pip", "--symlinks", other]
    subprocess.run(command, check=True)
    assert end_of(start("tell", f"{other / 'bin'}{os.pathsep}{parent[1]}"))[0] == 0
    assert (tmp_path / "loaded").read_text(encoding="utf-8") == "[False, False]"


def test_many_at_once(parent, start):
    """Each gets its own answer, also where another's fork is killed."""
    scripts = [start("tell", parent[1]) for _ in range(8)]
    assert [end_of(script)[0] for script in scripts] == [0] * 8


def waiting(start, commands, tmp_path, task="wait"):
    """A script that waits, and the process of its fork."""
    script = start(task, commands)
    process = tmp_path / "process"
    wait_until(lambda: process.is_file() and process.read_text(encoding="utf-8"))
    return script, psutil.Process(int(process.read_text(encoding="utf-8")))


def test_the_fork_ends_with_the_script(parent, start, tmp_path):
    script, fork = waiting(start, parent[1], tmp_path)
    assert fork.pid != script.pid
    script.kill()
    end_of(script)
    wait_until(lambda: not fork.is_running())


@pytest.mark.parametrize(("task", "said"), [("save", "saved"), ("wait", "killed")])
def test_sigterm_is_passed_on_to_the_fork(parent, start, tmp_path, task, said):
    script, fork = waiting(start, parent[1], tmp_path, task)
    script.terminate()
    assert end_of(script) == (1, "", f"script.py: {said}\n")
    assert not fork.is_running()
    assert end_of(start("tell", parent[1]))[0] == 0


def test_the_server_survives_a_sigterm(parent, start, tmp_path):
    """As all processes of a machine get one before it is switched off."""
    script, fork = waiting(start, parent[1], tmp_path, "save")
    server_of(parent).terminate()
    time.sleep(0.2)
    fork.terminate()
    assert end_of(script) == (1, "", "script.py: saved\n")


def test_the_script_ends_with_the_fork(parent, start, tmp_path):
    script, fork = waiting(start, parent[1], tmp_path)
    fork.kill()
    assert end_of(script) == (1, "", "script.py: killed\n")


def test_the_server_stays_for_its_forks_and_no_longer(parent, start, tmp_path):
    """Jobs go on where Snakemake is killed; then nothing is left."""
    server = server_of(parent)
    script, fork = waiting(start, parent[1], tmp_path)
    parent[0].kill()
    parent[0].wait()
    time.sleep(1)
    assert fork.is_running()
    script.kill()
    end_of(script)
    wait_until(lambda: not fork.is_running())
    wait_until(lambda: not server.is_running())


def test_forks_end_with_a_server_that_is_killed(parent, start, tmp_path):
    script, fork = waiting(start, parent[1], tmp_path)
    server_of(parent).kill()
    assert end_of(script) == (1, "", "script.py: killed\n")
    wait_until(lambda: not fork.is_running())
    shutil.rmtree(parent[1].parent)
