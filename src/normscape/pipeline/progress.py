"""How far a run of the pipeline is, now and then, as lines in Snakemake's own log.

Lines, and nothing that moves: they read alike in a terminal, in a file and under Slurm.
"""

import contextlib
import csv
import logging
import textwrap
import threading
import time
from pathlib import Path
from typing import NamedTuple

from snakemake_interface_logger_plugins.common import LogEvent

INTERVAL = 30  # seconds


class Job(NamedTuple):
    message: str
    logs: list[str]


class Progress(logging.Handler):
    """Listens to Snakemake's events; ``start`` makes it speak, ``stop`` ends that."""

    def __init__(self, logger: logging.Logger):
        super().__init__()
        self._logger = logger
        self._jobs: dict[int, Job] = {}
        self._running: set[int] = set()
        self._done = self._total = 0
        self._failed: dict[int, Job] = {}
        self._started = time.monotonic()
        self._ended = threading.Event()
        logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Note an event; other records are ignored."""
        match getattr(record, "event", None):
            case LogEvent.RUN_INFO:
                self._total = record.stats.get("total", 0)
            case LogEvent.JOB_INFO:
                message = record.rule_msg or record.rule_name
                self._jobs[record.jobid] = Job(message, record.log)
            case LogEvent.JOB_STARTED:
                self._running.update(record.jobs)
            case LogEvent.JOB_FINISHED:
                self._failed.pop(record.job_id, None)
                self._running.discard(record.job_id)
            case LogEvent.JOB_ERROR if record.jobid in self._jobs:
                self._running.discard(record.jobid)
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
        """How many jobs are done and how fast; a line for each long training."""
        percent = 100 * self._done // max(self._total, 1)
        minutes = (time.monotonic() - self._started) / 60
        lines = [f"{self._done} of {self._total} jobs done ({percent} %)"]
        if self._done and minutes:
            rate = self._done / minutes
            lines[0] += (
                f", {rate:.0f} a minute" if rate >= 10 else f", {rate:.2g} a minute"
            )
        for jobid in list(self._running):
            job = self._jobs.get(jobid)
            said = last_step(job.logs) if job else None
            if said:
                lines += [f"  {job.message}:", f"    {said}"]
        return "\n".join(lines)


def last_step(logs: list[str]) -> str | None:
    """What a training's log said last of its steps."""
    for path in logs:
        with contextlib.suppress(OSError):
            lines = Path(path).read_text(encoding="utf-8").splitlines()
            steps = [line for line in lines if line.startswith("step ")]
            if steps:
                return steps[-1]
    return None


def verdicts(path: str, width: int = 80) -> str:
    """A table of verdicts (CSV) as lines no longer than a terminal's."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    here = [row for row in rows if row["seeds"] != "0"]
    lines = []
    for row in here:
        line = f"{row['verdict']:<14}  {row['statement']}"
        lines += textwrap.wrap(line, width, subsequent_indent=" " * 16)
    if absent := len(rows) - len(here):
        lines.append(f"Without runs in this experiment: {absent} more comparisons.")
    return "\n".join(lines)


def summary(root: str) -> str:
    """What an experiment that is done ends with: its verdicts, and where its page is."""
    lines = []
    if Path(table := f"{root}/verdicts.csv").is_file():
        lines += ["", verdicts(table), ""]
    if Path(page := f"{root}/index.html").is_file():
        lines.append(f"The results page: {page}")
    return "\n".join(lines)
