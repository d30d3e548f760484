"""Starts a script for ``src/run.py``: as a fork of the server, or as a process.

Every job imports this module, so it imports little. A request consists of the three standard
streams and a dictionary, written by ``marshal``. The server answers with one byte when the
fork has begun and with two when it has ended: the kind of end, and the exit status or signal.
In between, the client may send one byte for a SIGTERM. The fork is killed when the
connection ends.
"""

import marshal
import os
import signal
import socket
import sys

# The environment variable with the folder of the server's socket.
VARIABLE = "NORMSCAPE_SERVER"
# Environment variables that change results on the same machine (instruction sets), make a
# script wait forever (fewer OpenMP threads than requested), or remove docstrings (captions).
LIBRARY_SETTINGS = (
    *("ATEN_CPU_CAPABILITY", "DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA"),
    *("ONEDNN_DEFAULT_FPMATH_MODE", "MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS"),
    *("OMP_DYNAMIC", "OMP_THREAD_LIMIT", "PYTHONOPTIMIZE"),
)
STREAMS = (0, 1, 2)
SIGTERM = b"\2"
BEGUN, EXITED, KILLED = b"\1", b"\3", b"\4"


def address(descriptor: int) -> str:
    """The address of the socket in an open folder, which is short for any folder."""
    return f"/proc/self/fd/{descriptor}/socket"


def run(script: str, arguments: list[str]) -> None:
    """Run a script with the default settings of libraries, and exit with its status."""
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
    """The exit status of a script that the server ran; None where it did not run to its end.

    One cause is that the server was killed, and its forks with it.
    """
    request = {
        "python": sys.executable,
        # As bytes, because the server may have another locale.
        "arguments": [os.fsencode(argument) for argument in arguments],
        "folder": os.getcwdb(),  # noqa: PTH109, pathlib takes as long to import as all else
        "environment": dict(os.environb),
    }
    # Ctrl-C ends this process, and the end of the connection ends the fork.
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
