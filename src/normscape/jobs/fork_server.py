"""Jobs as forks of one process that has imported their libraries already.

Importing PyTorch takes a second or two, longer than most jobs compute; a fork of a process
that has done so takes a few hundredths. Scripts know nothing of it: ``start`` puts a
command called ``python`` first on the PATH, which asks the server to run the script, and
is Python itself where the server is not there. Either way the script computes the same.

A request is the three standard streams and a dictionary as ``marshal`` writes it, which takes
no import: asking is a process of its own for each job. The answers are a byte when the fork has
begun, and another, the exit status, when it has ended. A byte in between, from whoever asked,
passes a SIGTERM on; an end of the connection kills.
"""

import functools
import marshal
import os
import signal
import socket
import sys

_STREAMS = (0, 1, 2)
_SIGTERM = b"\2"
_COMMAND = """\
#!/bin/sh
exec {python} -I -S {script} ask {address} {python} "$@"
"""


@functools.cache
def start() -> None:
    """Start a server for the scripts that this process calls; it ends when this does.

    Once a process, however often it is called: a second server would take the first one's
    command for Python.

    On Linux only: elsewhere a process that has loaded the system's libraries can't safely
    be forked.
    """
    import shlex
    import shutil
    import subprocess
    import tempfile
    from pathlib import Path

    python = shutil.which("python")
    if sys.platform != "linux" or not python:
        return
    # Only this user may enter the folder, and so reach the socket.
    folder = Path(tempfile.mkdtemp(prefix="normscape-"))
    address = folder / "socket"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(address))
        listening.listen(1024)
        # In a session of its own: Ctrl-C is for the jobs.
        subprocess.Popen(
            [python, __file__, "serve", str(listening.fileno()), str(os.getpid())],
            pass_fds=[listening.fileno()],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    words = {"python": python, "script": __file__, "address": address}
    command = folder / "bin/python"
    command.parent.mkdir()
    command.write_text(
        _COMMAND.format(**{name: shlex.quote(str(w)) for name, w in words.items()}),
        encoding="utf-8",
    )
    command.chmod(0o700)
    os.environ["PATH"] = f"{command.parent}{os.pathsep}{os.environ['PATH']}"


def ask(address: str, arguments: list[str]) -> int | None:
    """The exit status of a script that the server runs; None: it was not run."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends this, and so the fork
    request = {
        "arguments": arguments,
        "folder": os.getcwd(),  # noqa: PTH109, pathlib takes as long to import as all else
        "environment": dict(os.environ),
    }
    with socket.socket(socket.AF_UNIX) as server:
        try:
            server.connect(address)
            socket.send_fds(server, [b"\n"], _STREAMS)
            server.sendall(marshal.dumps(request))
            begun = server.recv(1)
        except OSError:
            begun = b""
        if not begun:
            return None
        signal.signal(signal.SIGTERM, lambda *_: _pass_on(server))
        try:
            status = server.recv(1)
        except OSError:
            status = b""
    if status:
        return status[0]
    print(f"{arguments[0].rpartition('/')[2]}: killed", file=sys.stderr)
    return 1


def _pass_on(server: socket.socket) -> None:
    try:
        server.send(_SIGTERM)
    except OSError:
        return  # the fork has ended


def serve(listening: socket.socket, parent: int) -> None:
    """Run what is asked for until the process that started this one is gone.

    listening : bound to a path in a folder of its own, which is removed at the end.
    parent : that process, which may be gone already.
    """
    import contextlib
    import selectors
    import shutil
    from pathlib import Path

    sys.path[0] = str(Path(__file__).parents[2])
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
                    if os.WIFEXITED(status):
                        connection.sendall(bytes([os.waitstatus_to_exitcode(status)]))
                connection.close()
    shutil.rmtree(Path(listening.getsockname()).parent)


def _told_to_stop(connection: socket.socket) -> bool:
    """Whether whoever asked is still there, and has passed a SIGTERM on."""
    try:
        return connection.recv(1) == _SIGTERM
    except OSError:
        return False


def _fork(connection: socket.socket, others) -> int | None:
    """Fork for a request, and say that it has begun; None if there is none to read.

    others : connections of other forks, which this one has no business with.
    """
    from pathlib import Path

    connection.settimeout(10)
    streams = []
    try:
        _, streams, *_ = socket.recv_fds(connection, 1, len(_STREAMS))
        with connection.makefile("rb") as file:
            request = marshal.load(file)
        _import_modules(Path(request["folder"], request["arguments"][0]))
        process = os.fork()
        if not process:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            for other in others:
                other.close()
            _become(request, streams)
        connection.sendall(b"\1")
        return process
    except (OSError, EOFError, ValueError, TypeError, SyntaxError):
        return None
    finally:
        for stream in streams:
            os.close(stream)


@functools.cache
def _import_modules(script) -> None:
    """What the script imports, once for all who ask; of another project only libraries."""
    import contextlib
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
    from pathlib import Path

    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        kill_me_when_the_server_dies = 1  # PR_SET_PDEATHSIG
        ctypes.CDLL(None).prctl(kill_me_when_the_server_dies, signal.SIGKILL)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        for stream, given in zip(_STREAMS, streams, strict=True):
            os.dup2(given, stream)
        sys.argv = request["arguments"]
        script = Path(sys.argv[0]).absolute()
        sys.path.insert(0, str(script.parent))
        try:
            runpy.run_path(str(script), run_name="__main__")
            status = 0
        except SystemExit as leaving:  # as for wrong arguments
            status = leaving.code or 0
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["ask", address, python, *arguments]:
            is_script = bool(arguments) and arguments[0].endswith(".py")
            status = ask(address, arguments) if is_script else None
            if status is None:
                os.execv(python, [python, *arguments])
            sys.exit(status)
        case ["serve", descriptor, parent]:
            with socket.socket(fileno=int(descriptor)) as listening:
                serve(listening, int(parent))
