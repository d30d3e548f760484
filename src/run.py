"""Run a script of this folder: python -IS src/run.py probe landscape --checkpoint ...

Importing PyTorch takes one to two seconds, longer than most jobs compute. The environment variable
NORMSCAPE_SERVER names a server that has imported the libraries (normscape.jobs.fork_server), and the
script runs as a fork of it. Without a server, or if it fails, the script runs as
python src/probe.py landscape --checkpoint ... with the same results.

The options -I and -S shorten Python's start, because this file starts every job.
"""

import os
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120, no pathlib
sys.path.insert(0, FOLDER)

from normscape.jobs import launcher


def main():
    if sys.argv[1:] in ([], ["-h"], ["--help"]):
        print(__doc__, end="")
        sys.exit(0 if sys.argv[1:] else 2)
    name, *arguments = sys.argv[1:]
    script = f"{FOLDER}/{name}.py"
    if not os.path.isfile(script):  # noqa: PTH113
        sys.exit(f"run.py: expected the name of a script, got {name!r}: no {script}")
    launcher.run(script, arguments)


if __name__ == "__main__":
    main()
