"""Arguments that scripts share, and one clear line for a user's mistake."""

import argparse
import gc
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from normscape import streams


def parser(description: str) -> argparse.ArgumentParser:
    """An argument parser whose help starts with the script's docstring."""
    return argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_compute_arguments(arguments: argparse.ArgumentParser) -> None:
    """--device and --threads, for scripts that compute with torch."""
    arguments.add_argument("--device", default="cpu", help="cpu, cuda, mps, auto (cpu)")
    add_threads_argument(arguments)


def add_threads_argument(arguments: argparse.ArgumentParser) -> None:
    """--threads."""
    arguments.add_argument(
        "--threads", type=positive, default=1, help="CPU threads (1)"
    )


def add_experiment_argument(arguments: argparse.ArgumentParser) -> None:
    """--experiment, for scripts that show an experiment."""
    arguments.add_argument(
        "--experiment",
        type=json_file,
        required=True,
        help="JSON file: the declarations of its models and normalisers, in order",
    )


def add_config_argument(arguments: argparse.ArgumentParser) -> None:
    """--config, for scripts that need the whole config."""
    arguments.add_argument(
        "--config", type=json_file, required=True, help="JSON file: the resolved config"
    )


def positive(text: str) -> int:
    """Argument type: an integer of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(
            f"expected an integer of at least 1, got {text!r}"
        )
    return int(text)


def json_object(text: str) -> dict:
    """Argument type: a JSON object."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(
            f"expected JSON, got {text[:40]!r} ({error})"
        ) from None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"expected a JSON object, got {text}")
    return value


def json_file(path: str) -> dict:
    """Argument type: a file that holds a JSON object."""
    try:
        return json_object(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    except (UnicodeDecodeError, argparse.ArgumentTypeError) as error:
        line = f"{path}: {error}; delete it and rerun"
        raise argparse.ArgumentTypeError(line) from None


def run(main: Callable[[], None]) -> None:
    """Call ``main`` and exit; a mistake that a user can fix is one line.

    Scripts import their libraries inside ``main``, so that --help is quick. Import and exit
    are most of a short job: without the garbage collector the import takes 20% less time,
    and ``os._exit`` skips the tear-down of torch.
    """
    gc.disable()
    streams.allow_any_text()
    status = 0
    try:
        main()
    except (OSError, ValueError) as error:
        print(f"{os.path.basename(sys.argv[0])}: {error}", file=sys.stderr)
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
