"""How ``src/run.py`` starts a script: as a fork of the server, or by itself.

A module that imports as little as possible, since each job is started by it. A request is the
three standard streams and a dictionary as ``marshal`` writes it. The server answers with a
byte when the fork has begun, and two when it has ended: how, and its exit status or signal.
In between, a byte passes a SIGTERM on; an end of the connection kills the fork.
"""

import marshal
import os
import signal
import socket
import sys

# The folder of the server's socket.
VARIABLE = "NORMSCAPE_SERVER"
# With these the same script computes other digits on the same machine, waits for ever where
# OpenMP gives fewer threads than asked for, or has no docstrings, which are captions.
LIBRARY_SETTINGS = (
    *("ATEN_CPU_CAPABILITY", "DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA"),
    *("ONEDNN_DEFAULT_FPMATH_MODE", "MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS"),
    *("OMP_DYNAMIC", "OMP_THREAD_LIMIT", "PYTHONOPTIMIZE"),
)
STREAMS = (0, 1, 2)
SIGTERM = b"\2"
BEGUN, EXITED, KILLED = b"\1", b"\3", b"\4"


def address(descriptor: int) -> str:
    """The server's socket in an open folder: short, however long the folder's path is."""
    return f"/proc/self/fd/{descriptor}/socket"


def run(script: str, arguments: list[str]) -> None:
    """Run a script and exit with its status. Libraries compute as they do by default."""
    for name in LIBRARY_SETTINGS:
        os.environ.pop(name, None)
    status = None
    if folder := os.environ.get(VARIABLE):
        status = ask_server(folder, [script, *arguments])
    if status is None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.execv(sys.executable, [sys.executable, script, *arguments])
    sys.exit(status)


def ask_server(folder: str, arguments: list[str]) -> int | None:
    """The exit status of a script that the server has run; None where it has not.

    That may also be because the server was killed, and its forks with it.
    """
    request = {
        "python": sys.executable,
        # As bytes: Python may decode them otherwise there, by its locale.
        "arguments": [os.fsencode(argument) for argument in arguments],
        "folder": os.getcwdb(),  # noqa: PTH109, pathlib takes as long to import as all else
        "environment": dict(os.environb),
    }
    # Ctrl-C ends this process, and so the fork.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with socket.socket(socket.AF_UNIX) as server:
        try:
            descriptor = os.open(folder, os.O_RDONLY)
            server.connect(address(descriptor))
            os.close(descriptor)
            socket.send_fds(server, [b"\n"], STREAMS)
            server.sendall(marshal.dumps(request))
            if server.recv(1) != BEGUN:
                return None
            signal.signal(signal.SIGTERM, lambda *_: _pass_on(server))
            how, value = server.recv(1), server.recv(1)
        except OSError:
            return None
    if how == KILLED:
        name = arguments[0].rpartition("/")[2]
        print(f"{name}: killed by signal {value[0]}", file=sys.stderr)
        return 1
    return value[0] if how == EXITED else None


def _pass_on(server: socket.socket) -> None:
    try:
        server.send(SIGTERM)
    except OSError:
        return  # The fork has ended.
