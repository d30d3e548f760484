"""Counts of a run's jobs, from Snakemake's events, and an estimate of the time left."""

import logging
import time
from collections import defaultdict
from typing import NamedTuple

from snakemake_interface_logger_plugins.common import LogEvent

# Rules with jobs that may be long. The jobs of all others are short.
LONG_RULES = ("download", "prepare_", "train_", "probe_")
MEASURED = 3  # finished jobs of a rule after which its mean time counts as known
# Largest share of the work that may belong to short rules without a mean time.
GUESSED = 0.2


class Job(NamedTuple):
    """A running or failed job; ``started`` is a time of ``time.monotonic``."""

    rule: str
    message: str
    logs: list[str]
    started: float
    # A command that ends in ``| tee`` writes to the terminal.
    prints: bool


class Tally:
    """Counts jobs. It needs no lock, because the logging handler that calls it has one."""

    def __init__(self):
        self.done = self.total = 0
        self.cores: int | None = None
        self.running: dict[int, Job] = {}
        self.failed: dict[int, Job] = {}
        self._planned: dict[str, int] = {}
        self._seconds: dict[str, list[float]] = defaultdict(list)
        self._first: float | None = None
        self._known = 0

    def count(self, record: logging.LogRecord) -> None:
        """Count an event; records without one change nothing."""
        match getattr(record, "event", None):
            case LogEvent.RESOURCES_INFO:
                self.cores = getattr(record, "cores", self.cores)
            case LogEvent.RUN_INFO:
                self._planned = dict(record.stats)
                self.total = self._planned.pop("total", 0)
            case LogEvent.JOB_INFO:
                self._start(record)
            case LogEvent.JOB_FINISHED:
                if job := self.running.pop(record.job_id, None):
                    self._seconds[job.rule].append(time.monotonic() - job.started)
            case LogEvent.JOB_ERROR:
                if job := self.running.pop(record.jobid, None):
                    self.failed[record.jobid] = job
            case LogEvent.PROGRESS:
                self.done = record.done
                # Its total includes jobs that --until excludes, and grows at checkpoints.
                self.total += record.total - (self._known or record.total)
                self._known = record.total

    def _start(self, record):
        now = time.monotonic()
        self._first = now if self._first is None else self._first
        # A job that is restarted no longer counts as failed.
        self.failed.pop(record.jobid, None)
        self.running[record.jobid] = Job(
            record.rule_name,
            record.rule_msg or record.rule_name,
            record.log,
            now,
            "| tee " in (record.shellcmd or ""),
        )

    def seconds_left(self) -> float | None:
        """An estimate from the mean times of finished jobs of the same rule.

        None where an estimate would mislead: before each rule with long jobs has a mean
        time, while short jobs without one are much of the work, and after a failure,
        because the jobs that depend on the failed one will not run.
        """
        times = [each for rule in self._seconds.values() for each in rule]
        if self.failed or not times:
            return None
        overall = sum(times) / len(times)
        means = {rule: sum(each) / len(each) for rule, each in self._seconds.items()}
        work = guessed = longest = 0.0
        for rule, planned in self._planned.items():
            finished = len(self._seconds.get(rule, ()))
            if finished >= planned:
                continue
            if finished < min(MEASURED, max(planned - 1, 1)):
                if rule.startswith(LONG_RULES):
                    return None
                means[rule] = overall
                guessed += (planned - finished) * overall
            work += (planned - finished) * means[rule]
        if guessed > GUESSED * work:
            return None
        now = time.monotonic()
        busy = sum(times)
        for job in self.running.values():
            seconds, mean = now - job.started, means.get(job.rule, overall)
            busy += seconds
            work -= min(seconds, mean)
            longest = max(longest, mean - seconds)
        # With as many jobs at a time as so far, and not before the longest running job ends.
        return max(work * (now - self._first) / busy if busy else 0, longest)
