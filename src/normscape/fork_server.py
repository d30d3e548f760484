"""Jobs as children of one process that has imported their libraries already.

Importing PyTorch takes a second or two, longer than most jobs compute; a fork of a process
that has done so takes a few hundredths. A script asks the server that the environment
names to run it (``ask``); without one, or where the server can't, it runs by itself.
Either way it computes the same.

A request is the script's standard streams and a line of JSON; the answers are a byte when
the fork has begun and another, the exit status, when it has ended.
"""

import contextlib
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

ADDRESS = "NORMSCAPE_FORK_SERVER"  # environment variable: path of the server's socket
_STREAMS = (0, 1, 2)


def ask(libraries: Sequence[str]) -> int | None:
    """The exit status of this very command, run by the server; None: it was not run.

    libraries : modules that the server imports first, once for all who ask.
    """
    address = os.environ.pop(ADDRESS, None)
    if not (address and libraries):
        return None
    request = {
        "prefix": sys.prefix,
        "libraries": list(libraries),
        "arguments": [str(Path(sys.argv[0]).absolute()), *sys.argv[1:]],
        "folder": str(Path.cwd()),
        "path": sys.path,
        "environment": dict(os.environ),
    }
    # Ctrl-C ends this process at once, and with it the fork.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with socket.socket(socket.AF_UNIX) as server:
        try:
            server.connect(address)
            socket.send_fds(server, [b"\n"], _STREAMS)
            server.sendall(json.dumps(request).encode() + b"\n")
            begun = server.recv(1)
        except OSError:
            begun = b""
        if not begun:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            return None
        with contextlib.suppress(OSError):
            if status := server.recv(1):
                return status[0]
    print(f"{Path(sys.argv[0]).name}: killed", file=sys.stderr)
    return 1


def start() -> None:
    """Start a server and name it in the environment, for scripts that this process calls.

    It ends when this process does. On Linux only: elsewhere a process that has loaded the
    system's libraries can't safely be forked.
    """
    if sys.platform != "linux":
        return
    # Only this user may enter the folder, and so reach the socket.
    address = Path(tempfile.mkdtemp(prefix="normscape-")) / "socket"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(address))
        listening.listen(1024)
        descriptor = listening.fileno()
        script = Path(__file__).parents[1] / "fork_server.py"
        # The interpreter that jobs call, in a session of its own: Ctrl-C is for the jobs.
        subprocess.Popen(
            ["python", script, str(descriptor)],
            pass_fds=[descriptor],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    os.environ[ADDRESS] = str(address)


def serve(listening: socket.socket, outcome: Callable[[Callable], int]) -> None:
    """Run what is asked for, until the process that started this one is gone.

    listening : bound to a path in a folder of its own; both are removed at the end.
    outcome : calls a script's ``main`` and returns the exit status.
    """
    address = Path(listening.getsockname())
    parent = os.getppid()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    listening.settimeout(0.5)
    while os.getppid() == parent:
        with contextlib.suppress(TimeoutError):
            connection, _ = listening.accept()
            with connection:
                _answer(connection, outcome)
    address.unlink()
    address.parent.rmdir()


def _answer(connection, outcome):
    """Fork for a request; a connection closed without an answer means no."""
    connection.settimeout(10)
    streams = []
    try:
        _, streams, *_ = socket.recv_fds(connection, 1, len(_STREAMS))
        with connection.makefile() as lines:
            request = json.loads(lines.readline())
        if request["prefix"] != sys.prefix:  # another environment's libraries
            return
        for library in request["libraries"]:
            importlib.import_module(library)
        if not os.fork():
            _run(connection, streams, request, outcome)
    except (OSError, ValueError, ImportError):
        return
    finally:
        for stream in streams:
            os.close(stream)


def _run(connection, streams, request, outcome):
    """As the fork: become the script, tell how it ended, and end."""
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        for stream, given in zip(_STREAMS, streams, strict=True):
            os.dup2(given, stream)
        sys.argv = request["arguments"]
        sys.path[:] = request["path"]
        connection.settimeout(None)
        connection.sendall(b"\1")
        watch = threading.Thread(target=_end_with, args=(connection,), daemon=True)
        watch.start()
        try:
            status = outcome(runpy.run_path(sys.argv[0])["main"])
        except SystemExit as leaving:  # as for wrong arguments
            status = leaving.code or 0
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        connection.sendall(bytes([status]))
    finally:
        os._exit(status)


def _end_with(connection):
    """Whoever kills the process that asked means the fork."""
    with contextlib.suppress(OSError):
        connection.recv(1)
    os._exit(1)
