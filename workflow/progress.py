"""How far a run of the pipeline is, now and then, as lines in Snakemake's own log.

Lines, and nothing that moves: they read alike in a terminal, in a file and under Slurm.
"""

import contextlib
import csv
import logging
import textwrap
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

from snakemake_interface_logger_plugins.common import LogEvent

INTERVAL = 30  # seconds


class Job(NamedTuple):
    rule: str
    message: str
    logs: list[str]


class Progress(logging.Handler):
    """Listens to Snakemake's events; ``start`` makes it speak, ``stop`` ends that."""

    def __init__(self, logger: logging.Logger):
        super().__init__()
        self._logger = logger
        self._jobs: dict[int, Job] = {}
        self._running: dict[int, float] = {}
        self._seconds: dict[str, list[float]] = defaultdict(list)
        self._to_do: Counter = Counter()
        self._done = self._total = 0
        self._failed: dict[int, Job] = {}
        self._started = time.monotonic()
        self._ended = threading.Event()
        logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Note an event; other records are nothing to it."""
        now = time.monotonic()
        match getattr(record, "event", None):
            case LogEvent.RUN_INFO:
                self._to_do = Counter(record.stats)
                self._total = self._to_do.pop("total", 0)
            case LogEvent.JOB_INFO:
                message = record.rule_msg or record.rule_name
                self._jobs[record.jobid] = Job(record.rule_name, message, record.log)
            case LogEvent.JOB_STARTED:
                self._running.update(dict.fromkeys(record.jobs, now))
            case LogEvent.JOB_FINISHED if record.job_id in self._jobs:
                rule = self._jobs[record.job_id].rule
                self._to_do[rule] -= 1
                self._failed.pop(record.job_id, None)
                if record.job_id in self._running:
                    self._seconds[rule].append(now - self._running.pop(record.job_id))
            case LogEvent.JOB_ERROR if record.jobid in self._jobs:
                self._running.pop(record.jobid, None)
                self._failed[record.jobid] = self._jobs[record.jobid]
            case LogEvent.PROGRESS:
                self._done, self._total = record.done, record.total

    def start(self) -> None:
        threading.Thread(target=self._speak, daemon=True).start()

    def stop(self) -> None:
        self._ended.set()

    def failures(self) -> str:
        """A line for each job that failed and was not made good, with its log."""
        return "".join(
            f"failed: {job.message}; see {' '.join(job.logs)}\n"
            for job in self._failed.values()
        )

    def _speak(self):
        while not self._ended.wait(INTERVAL):
            self._logger.info(self.status())

    def status(self) -> str:
        """How many jobs are done and what is left; a line for each long training."""
        percent = 100 * self._done // max(self._total, 1)
        lines = [f"{self._done} of {self._total} jobs done ({percent} %)"]
        if seconds := self._seconds_left():
            unknown = sum(
                n for rule, n in self._to_do.items() if not self._seconds[rule]
            )
            about = "at least" if unknown > 0.1 * self._to_do.total() else "about"
            lines[0] += f", {about} {duration(seconds)} left"
        for jobid in list(self._running):
            job = self._jobs.get(jobid)
            said = last_step(job.logs) if job else None
            if said:
                lines += [f"  {job.message}:", f"    {said}"]
        return "\n".join(lines)

    def _seconds_left(self) -> float | None:
        """From what jobs of each rule took, and how many ran at once; None at first.

        Rules of which no job has finished count nothing.
        """
        now = time.monotonic()
        finished = [s for seconds in self._seconds.values() for s in seconds]
        if not finished:
            return None
        running = [now - start for start in list(self._running.values())]
        at_once = (sum(finished) + sum(running)) / (now - self._started)
        work = sum(
            count * sum(self._seconds[rule]) / len(self._seconds[rule])
            for rule, count in list(self._to_do.items())
            if self._seconds[rule]
        )
        return max(work - sum(running), sum(finished) / len(finished)) / at_once


def last_step(logs: list[str]) -> str | None:
    """What a training's log said last of its steps."""
    for path in logs:
        with contextlib.suppress(OSError):
            lines = Path(path).read_text().splitlines()
            steps = [line for line in lines if line.startswith("step ")]
            if steps:
                return steps[-1]
    return None


def duration(seconds: float) -> str:
    """
    >>> duration(40), duration(400), duration(4000)
    ('40 s', '7 min', '1 h 7 min')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def verdicts(path: str, width: int = 80) -> str:
    """A table of verdicts (CSV) as lines no longer than a terminal's."""
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    subjects = Counter(row["claim"] for row in rows)
    lines = []
    for row in rows:
        of = f" ({row['subject']})" if subjects[row["claim"]] > 1 else ""
        line = f"{row['verdict']:<14}  {row['statement']}{of}"
        lines += textwrap.wrap(line, width, subsequent_indent=" " * 16)
    return "\n".join(lines)
