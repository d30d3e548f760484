"""What the scripts share: arguments, and one clear line for a user's mistake."""

import argparse
import gc
import json
import os
import sys
from collections.abc import Callable

from normscape import fork_server

# What scripts that compute with torch import, for ``run``.
TORCH = ("torch", "safetensors.torch")


def parser(description: str) -> argparse.ArgumentParser:
    """An argument parser whose help starts with the script's docstring."""
    return argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_compute_arguments(arguments: argparse.ArgumentParser) -> None:
    """--device and --threads, for scripts that compute with torch."""
    arguments.add_argument("--device", default="cpu", help="cpu, cuda, mps, auto (cpu)")
    arguments.add_argument("--threads", type=int, default=1, help="CPU threads (1)")


def add_probe_arguments(arguments: argparse.ArgumentParser) -> None:
    """--checkpoint and --data, and where to compute."""
    arguments.add_argument("--checkpoint", required=True, help="output of train.py")
    arguments.add_argument("--data", required=True, help="output of prepare.py")
    add_compute_arguments(arguments)


def json_object(text: str) -> dict:
    """Argument type: a JSON object."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"expected a JSON object, found {text}")
    return value


def run(main: Callable[[], None], *libraries: str) -> None:
    """Call ``main``; report what a user can mend in one line, and exit.

    libraries : those that ``main`` imports and that take long; where a fork server has
        them already, it calls ``main``.

    Scripts import them inside ``main``, so that --help is quick. Import and exit are
    most of a short job: without the garbage collector the import takes a fifth less,
    and leaving at once spares the tear-down of torch.
    """
    gc.disable()
    status = fork_server.ask(libraries)
    if status is None:
        status = outcome(main)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def outcome(main: Callable[[], None]) -> int:
    """Call ``main``; the exit status, with one line on what a user can mend."""
    try:
        main()
    except (OSError, ValueError) as error:
        print(f"{os.path.basename(sys.argv[0])}: {error}", file=sys.stderr)
        return 1
    return 0
