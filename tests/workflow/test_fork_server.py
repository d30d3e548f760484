"""Scripts do the same as forks of a server as by themselves, and end with those who ask."""

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
print(os.environ.get("NORMSCAPE_SERVER", ""), flush=True)
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
        print(os.environ.get("OMP_THREAD_LIMIT"))
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
def parent(sources, request):
    """The process that has started a server, and the server's folder.

    A parameter has environment variables of both.
    """
    process = starter(sources, **getattr(request, "param", {}))
    folder = Path(process.stdout.readline().strip())
    yield process, folder
    process.kill()
    process.wait()
    wait_until(lambda: not folder.exists())


def starter(sources, **variables):
    """A process that starts a server, says its folder, and waits."""
    return subprocess.Popen(
        [sys.executable, "-c", START],
        env=environment() | {"PYTHONPATH": str(sources)} | variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def server_of(parent) -> psutil.Process:
    (server,) = psutil.Process(parent[0].pid).children()
    return server


@pytest.fixture
def start(sources, tmp_path):
    """start(task, folder): the script at work, as a job is; with the server of a folder."""
    (sources / "script.py").write_text(SCRIPT, encoding="utf-8")

    def start(task, folder=None, python=sys.executable):
        variables = {"NORMSCAPE_SERVER": str(folder)} if folder else {}
        return subprocess.Popen(
            [python, "-IS", sources / "run.py", "script", task],
            cwd=tmp_path,
            env=environment() | {"MOOD": "good", "OMP_THREAD_LIMIT": "1"} | variables,
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
    assert task != "tell" or alone[1].endswith("None\n")  # of OMP_THREAD_LIMIT
    assert alone[0] == {"tell": 0, "mistake": 1, "leave": 7, "nonsense": 2}[task]


def test_a_bug_shows_where(parent, start):
    status, _, said = end_of(start("bug", parent[1]))
    assert status == 1
    assert "script.py" in said
    assert said.endswith("RuntimeError: a bug\n")


def test_the_server_has_imported_what_the_script_imports(parent, start, tmp_path):
    for folder, there in ((None, False), (parent[1], True)):
        end_of(start("tell", folder))
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


@pytest.mark.parametrize(
    "parent",
    [{"MPLBACKEND": "module://matplotlib_inline.backend_inline"}],
    indirect=True,
)
def test_a_notebooks_backend_does_not_stop_figures(parent, start, sources):
    script = sources / "script.py"
    text = script.read_text(encoding="utf-8")
    script.write_text(f"import normscape.figures.panels\n{text}", encoding="utf-8")
    status, _, said = end_of(start("tell", parent[1]))
    assert status == 0, said


def test_it_runs_by_itself_where_the_server_is_gone(parent, start, tmp_path):
    server_of(parent).kill()
    status, out, _ = end_of(start("tell", parent[1]))
    assert (status, out.split()[1]) == (0, "good")
    assert (tmp_path / "loaded").read_text(encoding="utf-8") == "[False, False]"
    shutil.rmtree(parent[1])


@pytest.mark.parametrize(
    "folder", ["x" * 200 + "/" + "y" * 200, "with 'quotes' $and spaces", "größe"]
)
def test_any_folder_for_temporary_files_will_do(sources, start, tmp_path, folder):
    place = tmp_path / folder
    place.mkdir(parents=True)
    process = starter(sources, TMPDIR=str(place))
    server = Path(process.stdout.readline().strip())
    assert server.is_relative_to(place)
    assert end_of(start("tell", server))[0] == 0
    loaded = (tmp_path / "loaded").read_text(encoding="utf-8")
    assert loaded == "[True, True]"
    process.communicate("\n")
    wait_until(lambda: not server.exists())


def test_where_no_server_can_start_a_line_says_so(sources, start):
    failing = START.replace(
        "fork_server.start()\n", "import tempfile; tempfile.tempdir = '/nowhere'\n", 1
    ).replace("fork_server.start()  #", "fork_server.start(); fork_server.start()  #")
    done = subprocess.run(
        [sys.executable, "-c", failing],
        env=environment() | {"PYTHONPATH": str(sources)},
        input="\n",
        capture_output=True,
        encoding="utf-8",
    )
    assert (done.returncode, done.stdout) == (0, "\n")
    assert done.stderr.count("/nowhere") == len(done.stderr.splitlines()) == 1
    assert end_of(start("tell", "/nowhere/normscape"))[0] == 0


def test_a_server_whose_parent_is_gone_already_ends(parent):
    """As where Snakemake is killed in its first moments."""
    server_of(parent).suspend()  # before it knows anybody
    process, folder = parent
    server = server_of(parent)
    process.kill()
    process.wait()
    server.resume()
    wait_until(lambda: not server.is_running() and not folder.exists())


def test_another_environment_is_not_the_servers(parent, start, tmp_path):
    """As where Snakemake activates a rule's own environment."""
    other = tmp_path / "venv"
    command = [sys.executable, "-m", "venv", "--without-pip", "--symlinks", other]
    subprocess.run(command, check=True)
    assert end_of(start("tell", parent[1], python=other / "bin/python"))[0] == 0
    assert (tmp_path / "loaded").read_text(encoding="utf-8") == "[False, False]"


def test_many_at_once(parent, start):
    """Each gets its own answer, also where another's fork is killed."""
    scripts = [start("tell", parent[1]) for _ in range(8)]
    assert [end_of(script)[0] for script in scripts] == [0] * 8


def waiting(start, folder, tmp_path, task="wait"):
    """A script that waits, and the process of its fork."""
    script = start(task, folder)
    process = tmp_path / "process"
    wait_until(lambda: process.is_file() and process.read_text(encoding="utf-8"))
    return script, psutil.Process(int(process.read_text(encoding="utf-8")))


def test_the_fork_ends_with_the_script(parent, start, tmp_path):
    script, fork = waiting(start, parent[1], tmp_path)
    assert fork.pid != script.pid
    script.kill()
    end_of(script)
    wait_until(lambda: not fork.is_running())


@pytest.mark.parametrize(
    ("task", "said"), [("save", "saved"), ("wait", "killed by signal 15")]
)
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
    assert end_of(script) == (1, "", "script.py: killed by signal 9\n")


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


def test_a_script_runs_by_itself_where_the_server_is_killed(parent, start, tmp_path):
    script, fork = waiting(start, parent[1], tmp_path)
    (tmp_path / "process").unlink()
    server_of(parent).kill()
    wait_until(lambda: not fork.is_running())
    wait_until((tmp_path / "process").is_file)
    script.kill()
    end_of(script)
    shutil.rmtree(parent[1])
