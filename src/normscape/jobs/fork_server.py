"""A server that has imported the scripts' libraries, and runs a script as a fork of itself.

Importing PyTorch takes a second or two, longer than most jobs compute; a fork takes a few
hundredths. ``launcher`` is the client, and says what the two tell each other.
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
    """Start a server for the scripts that this process calls; it ends when this does.

    Once per process, however often it is called. Where a server can't be started, a line
    says so, and each script imports its libraries itself. On Linux only: elsewhere a process
    that has loaded the system's libraries can't safely be forked.
    """
    import shutil
    import subprocess
    import tempfile

    python = shutil.which("python")
    if sys.platform != "linux" or not python:
        return
    folder = None
    try:
        # Only this user may enter the folder, and so reach the socket.
        folder = Path(tempfile.mkdtemp(prefix="normscape-"))
        with socket.socket(socket.AF_UNIX) as listening, _opened(folder) as descriptor:
            listening.bind(launcher.address(descriptor))
            listening.listen(1024)
            # In a session of its own: Ctrl-C is for the jobs.
            place = (listening.fileno(), folder, os.getpid())
            subprocess.Popen(
                [python, __file__, *map(str, place)],
                pass_fds=[listening.fileno()],
                start_new_session=True,
                env={
                    name: value
                    for name, value in os.environ.items()
                    if name not in launcher.LIBRARY_SETTINGS
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                # What imports warn of, the scripts would say again.
                stderr=subprocess.DEVNULL,
            )
    except OSError as error:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
        print(
            f"Each job imports its libraries anew: no server ({error}).",
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
    """Run what is asked for until the process that started this one is gone.

    folder : of the socket, which is removed at the end. parent : that process, which may be
        gone already.
    """
    import selectors
    import shutil

    wake, woken = socket.socketpair()
    for end in (wake, woken):
        end.setblocking(False)
    signal.set_wakeup_fd(woken.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    # It reaches all processes where a machine or a Slurm job ends: the forks' affair.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    selector = selectors.DefaultSelector()
    selector.register(listening, selectors.EVENT_READ)
    selector.register(wake, selectors.EVENT_READ)
    forks = {}  # connection of whoever asked, by process
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
            elif _told_to_stop(key.fileobj):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(key.data, signal.SIGTERM)
            else:  # whoever asked is gone: killing it means the fork
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


def _told_to_stop(connection: socket.socket) -> bool:
    """Whether whoever asked is still there, and has passed a SIGTERM on."""
    try:
        return connection.recv(1) == launcher.SIGTERM
    except OSError:
        return False


def _fork(connection: socket.socket, others) -> int | None:
    """Fork for a request, and say that it has begun; None if there is none to read.

    others : connections of other forks, which this one has no business with.
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
        script = os.fsdecode(request["arguments"][0])
        _import_modules(Path(os.fsdecode(request["folder"]), script))
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
def _import_modules(script) -> None:
    """What the script imports, once for all who ask; of another project only libraries."""
    import importlib

    from normscape.pipeline import code

    names = code.libraries(script)
    if script.parent == code.SRC:
        names |= code.modules(script)
    for name in sorted(names):
        # A name of a module is no module; what else an import raises, the script will show.
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def _become(request: dict, streams: list[int]) -> None:
    """As the fork: be the script, and end."""
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
        # The server's own were made for files of another kind.
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
    number, place, starter = sys.argv[1:]
    with socket.socket(fileno=int(number)) as sock:
        serve(sock, Path(place), int(starter))
