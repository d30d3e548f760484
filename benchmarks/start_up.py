"""Seconds of a job that computes nothing, as the median over jobs.

``python -m benchmarks.start_up SCRIPT COUNT`` runs that many copies of the script at a time,
as the pipeline does: as forks of a server that has imported the libraries.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from normscape.jobs import fork_server

ROUNDS = 5


def main(script: Path, count: int) -> float:
    fork_server.start()
    command = [sys.executable, "-IS", script.with_name("run.py"), script.stem]
    times = []
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        jobs = [subprocess.Popen(command) for _ in range(count)]
        for job in jobs:
            if job.wait():
                raise ValueError("a job that only imports failed")
            times.append(time.perf_counter() - start)
    return statistics.median(times[count:])  # the server imports in the first round


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), int(sys.argv[2])))
