"""A server that has imported the libraries of scripts and runs each script as a fork.

Importing PyTorch takes a second or two, longer than most jobs compute. A fork takes a few
hundredths of a second. ``launcher`` is the client and describes the protocol.
"""

import contextlib
import functools
import os
import signal
import socket
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[2])

from normscape.jobs import launcher


@functools.cache
def start() -> None:
    """Start a server for the scripts of this process; it ends with this process.

    Further calls do nothing. If the server can't be started, one line says so, and each
    script imports its libraries itself. Only Linux has a server: elsewhere a process that
    has loaded system libraries can't be forked safely.
    """
    import shutil
    import subprocess
    import tempfile

    python = shutil.which("python")
    if sys.platform != "linux" or not python:
        return
    folder = None
    try:
        # Only this user may enter the folder and reach the socket.
        folder = Path(tempfile.mkdtemp(prefix="normscape-"))
        with socket.socket(socket.AF_UNIX) as listening, _opened(folder) as descriptor:
            listening.bind(launcher.address(descriptor))
            listening.listen(1024)
            # A new session, so that Ctrl-C reaches the jobs only.
            arguments = (listening.fileno(), folder, os.getpid())
            subprocess.Popen(
                [python, __file__, *map(str, arguments)],
                pass_fds=[listening.fileno()],
                start_new_session=True,
                env={
                    name: value
                    for name, value in os.environ.items()
                    if name not in launcher.LIBRARY_SETTINGS
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                # Scripts print the warnings of imports again.
                stderr=subprocess.DEVNULL,
            )
    except OSError as error:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
        print(
            f"The fork server did not start ({error}); each job imports its libraries.",
            file=sys.stderr,
        )
        return
    os.environ[launcher.VARIABLE] = str(folder)


@contextlib.contextmanager
def _opened(folder: Path):
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def serve(listening: socket.socket, folder: Path, parent: int) -> None:
    """Run requested scripts until the process that started the server has ended.

    folder : of the socket; it is removed at the end. parent : the process that started the
        server, which may have ended already.
    """
    import selectors
    import shutil

    wake, woken = socket.socketpair()
    for end in (wake, woken):
        end.setblocking(False)
    signal.set_wakeup_fd(woken.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    # Where a machine or a Slurm job ends, SIGTERM reaches all processes. Only forks react.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    selector = selectors.DefaultSelector()
    selector.register(listening, selectors.EVENT_READ)
    selector.register(wake, selectors.EVENT_READ)
    forks = {}  # the client's connection, by process
    while forks or os.getppid() == parent:
        for key, _ in selector.select(timeout=0.5):
            if key.fileobj is listening:
                connection, _ = listening.accept()
                if process := _fork(connection, forks.values()):
                    forks[process] = connection
                    selector.register(connection, selectors.EVENT_READ, process)
                else:
                    connection.close()
            elif key.fileobj is wake:
                wake.recv(4096)
            elif _receives_sigterm(key.fileobj):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(key.data, signal.SIGTERM)
            else:  # The client has ended, perhaps killed, and its fork ends with it.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(key.data, signal.SIGKILL)
                selector.unregister(key.fileobj)
        for process in list(forks):
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                connection = forks.pop(process)
                with contextlib.suppress(KeyError):
                    selector.unregister(connection)
                with contextlib.suppress(OSError):
                    connection.sendall(_outcome(status))
                connection.close()
    shutil.rmtree(folder)


def _outcome(status: int) -> bytes:
    code = os.waitstatus_to_exitcode(status)
    return (
        launcher.EXITED + bytes([code])
        if code >= 0
        else launcher.KILLED + bytes([-code])
    )


def _receives_sigterm(connection: socket.socket) -> bool:
    """Whether the client still exists and has passed a SIGTERM on."""
    try:
        return connection.recv(1) == launcher.SIGTERM
    except OSError:
        return False


def _fork(connection: socket.socket, others) -> int | None:
    """Fork for a request and confirm it; None where no request can be read.

    others : connections of other forks, which the new fork closes.
    """
    import marshal

    connection.settimeout(10)
    streams = []
    try:
        _, streams, *_ = socket.recv_fds(connection, 1, len(launcher.STREAMS))
        with connection.makefile("rb") as file:
            request = marshal.load(file)
        # As where Snakemake activates a rule's own environment.
        if request["python"] != sys.executable:
            return None
        script, *arguments = map(os.fsdecode, request["arguments"])
        component = arguments[0] if arguments else ""
        _import_modules(Path(os.fsdecode(request["folder"]), script), component)
        process = os.fork()
        if not process:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            for other in others:
                other.close()
            _become(request, streams)
        connection.sendall(launcher.BEGUN)
        return process
    except (OSError, EOFError, ValueError, TypeError, KeyError, SyntaxError):
        return None
    finally:
        for stream in streams:
            os.close(stream)


@functools.cache
def _import_modules(script: Path, component: str) -> None:
    """Import the modules of a script; for a script of another project only its libraries.

    component : the script's first argument. For probe.py it names a file of probes/, whose
        libraries are imported as well.
    """
    import importlib

    from normscape import code

    names = code.libraries(script)
    file = code.SRC / f"normscape/probes/{component}.py"
    if script.name == "probe.py" and component.isidentifier() and file.is_file():
        names |= code.libraries(file)
    if script.parent == code.SRC:
        names |= code.modules(script)
    # The project's modules first: they import matplotlib without the user's settings, which
    # can stop its import half-way.
    for name in sorted(
        names, key=lambda name: (not name.startswith("normscape."), name)
    ):
        # A name in a module is no module. The script itself reports any other error.
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def _become(request: dict, streams: list[int]) -> None:
    """Run the script in the fork, and exit."""
    import ctypes
    import runpy
    import traceback

    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        kill_me_when_the_server_dies = 1  # PR_SET_PDEATHSIG
        ctypes.CDLL(None).prctl(kill_me_when_the_server_dies, signal.SIGKILL)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environb.update(request["environment"])
        for stream, given in zip(launcher.STREAMS, streams, strict=True):
            os.dup2(given, stream)
        # The server's streams were opened on other files.
        sys.stdout, sys.stderr = (
            open(stream, "w", buffering, encoding="utf-8", closefd=False)  # noqa: SIM115
            for stream, buffering in ((1, -1), (2, 1))
        )
        sys.argv = list(map(os.fsdecode, request["arguments"]))
        script = Path(sys.argv[0]).absolute()
        sys.path[0] = str(script.parent)
        try:
            runpy.run_path(str(script), run_name="__main__")
            status = 0
        except SystemExit as leaving:  # as for wrong arguments
            status = leaving.code or 0
            if isinstance(status, str):
                print(status, file=sys.stderr)
                status = 1
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


if __name__ == "__main__":
    descriptor, folder, parent = sys.argv[1:]
    with socket.socket(fileno=int(descriptor)) as listening:
        serve(listening, Path(folder), int(parent))
