"""What a run prints: its progress, each failure, and the verdicts at the end.

Snakemake prints ten lines per job. During a run, ``Progress`` replaces the handler that
prints them. Snakemake's log file has another handler and stays complete.
"""

import contextlib
import logging
import math
import os
import re
import signal
import threading
import time
from pathlib import Path

from snakemake.settings.enums import Quietness
from snakemake.settings.types import OutputSettings
from snakemake_interface_logger_plugins.common import LogEvent

from normscape import streams
from normscape.pipeline.console import Console
from normscape.pipeline.tally import Job, Tally

FIRST, INTERVAL = 10, 30  # seconds before the first status line, and between later ones
REDRAW = 1  # seconds, in a terminal
LONG = 20  # seconds after which a training's steps are shown
TRAININGS = 3  # at most this many are shown with their steps
LAST_LINES = 10  # shown of a failed job's log
TAIL = 50_000  # bytes read at the end of a log
FAILURES = 20  # at most this many are shown with their logs and listed at the end

# One line replaces these events.
ANNOUNCEMENTS = (LogEvent.WORKFLOW_STARTED, LogEvent.RESOURCES_INFO, LogEvent.RUN_INFO)
# Snakemake's other messages that are printed during a run begin with these.
RELEVANT = ("Trying to restart", "Will exit", "Shutting down", "Terminating processes")


class Progress(logging.Handler):
    """Listens to Snakemake's events, and prints between ``start`` and ``stop``.

    main : whether the workflow is the main one. Snakemake's own output stays, with status
        lines added to it, in three cases: the workflow is a module of another one, the user
        asks for details (--printshellcmds, --verbose), or another logger prints.
    """

    def __init__(self, logger: logging.Logger, settings: OutputSettings, main: bool):
        super().__init__()
        streams.allow_any_text()
        self._logger = logger
        self._tally = Tally()
        self._quiet = settings.quiet or ()
        self._lines = None if settings.show_failed_logs else LAST_LINES
        self._started = 0.0
        self._prints = False
        self._ended = threading.Event()
        self._interrupted = False
        self._failures = 0
        self._exits: dict[int, str] = {}
        details = settings.verbose or settings.printshellcmds or settings.debug_dag
        replaces_output = main and not details and not settings.dryrun
        self._console = take_console(logger) if replaces_output else None
        logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Take an event into account; print what matters."""
        self._tally.count(record)
        if self._console is None:
            return
        event = getattr(record, "event", None)
        if not self._prints:
            if event not in ANNOUNCEMENTS:
                self._console.handle(record)
        elif event == LogEvent.ERROR and (status := exit_status(record)):
            # Snakemake reports the job next, in the same thread.
            self._exits[record.thread] = status
        elif event == LogEvent.JOB_ERROR and record.jobid in self._tally.failed:
            self._report_job(record)
        elif event == LogEvent.GROUP_ERROR:
            jobs = count(len(record.job_error_info), "job")
            self._print_failure(f"a group of {jobs}", record.aux_logs, "")
        elif record.levelno >= logging.WARNING or (
            event is None and record.getMessage().startswith(RELEVANT)
        ):
            self._interrupted |= "on user request" in record.getMessage()
            self._console.handle(record)

    def _report_job(self, record):
        """Report a failed job, except where Ctrl-C stopped it or its group was reported."""
        reason = record.rule_msg or self._exits.pop(record.thread, "")
        if self._interrupted or reason.endswith("SIGINT)"):
            del self._tally.failed[record.jobid]
        elif not record.indent:
            job = self._tally.failed[record.jobid]
            self._print_failure(
                f"{job.message} (job {record.jobid})", record.log, reason
            )

    def _print_failure(self, job, logs, reason):
        self._failures += 1
        lines = [f"failed: {job}; see {' '.join(logs)}"]
        if self._failures <= FAILURES:
            lines += [f"  | {line}" for line in last_lines(logs, self._lines)]
        lines += [f"  {line}" for line in reason.splitlines()]
        if Quietness.ALL not in self._quiet:
            self._console.print("\n".join(lines))

    def start(self, name: str, folder: str, logs: list[str]) -> None:
        """Announce the run and its logs; from then on, print the status regularly.

        name : the experiment's. folder : of its results.
        """
        self._started = time.monotonic()
        if self._console is not None and Quietness.ALL not in self._quiet:
            cores = self._tally.cores
            machine = f" on {count(cores, 'core')}" if cores else ""
            self._console.print(
                f"{name}: {count(self._tally.total, 'job')} to run{machine}; "
                f"results go to {folder}/\n"
                "If a job fails, the end of its log is shown here. "
                f"All details: {' '.join(map(os.path.relpath, logs))}"
            )
        self._prints = True
        # With these settings Snakemake is silent about finished jobs.
        if not {Quietness.ALL, Quietness.PROGRESS}.intersection(self._quiet):
            threading.Thread(target=self._print_regularly, daemon=True).start()

    def stop(self, text: str) -> None:
        """Stop printing the status, and print a final text."""
        self.close()
        if text and Quietness.ALL not in self._quiet:
            print(text, flush=True)

    def close(self) -> None:
        """Clear the status line."""
        with self.lock:
            self._prints = False
            self._ended.set()
            if self._console is not None:
                self._console.clear()
        super().close()

    def _print_regularly(self):
        redraws = self._console is not None and self._console.redraws
        wait = REDRAW if redraws else FIRST
        # The terminal may close while jobs run.
        with contextlib.suppress(OSError, ValueError):
            while not self._ended.wait(wait):
                self._print_status(redraws)
                wait = REDRAW if redraws else INTERVAL

    def _print_status(self, redraws):
        lines = self.status()
        if self._console is None:
            self._logger.info("\n  ".join(lines))
            return
        with self.lock:
            if self._ended.is_set():
                return
            if not redraws:
                self._console.print("\n  ".join(lines))
            elif any(job.prints for job in self._tally.running.values()):
                self._console.clear()
            else:
                self._console.draw("; ".join(lines))

    def status(self) -> list[str]:
        """The number of finished jobs and the time left; then one line per long training."""
        with self.lock:
            now = time.monotonic()
            tally = self._tally
            parts = [f"{jobs_done(tally)} ({100 * tally.done // max(tally.total, 1)}%)"]
            if tally.failed:
                parts.append(f"{len(tally.failed):,} failed")
            if (left := tally.seconds_left()) is not None and tally.done < tally.total:
                parts.append(duration(left))
            trainings = [
                job
                for job in tally.running.values()
                if "train" in job.rule and now - job.started >= LONG
            ]
        elapsed = int(now - self._started)
        minutes, seconds = divmod(elapsed, 60)
        clock = f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
        return [f"{clock}  {', '.join(parts)}", *last_steps(trainings)]

    def failures(self) -> str:
        """The end of a run that failed: each failed job, with its log."""
        failed = list(self._tally.failed.values())
        lines = [
            f"failed: {job.message}; see {' '.join(job.logs)}"
            for job in failed[:FAILURES]
        ]
        if more := len(failed[FAILURES:]):
            lines.append(f"failed: {count(more, 'more job')}; see the complete log")
        if Quietness.PROGRESS not in self._quiet:
            lines.append(f"{jobs_done(self._tally)}.")
        lines.append("The same command continues from here.")
        return "\n".join(lines)


def take_console(logger: logging.Logger) -> Console | None:
    """Remove Snakemake's handler of the terminal; None where another logger prints."""
    for handler in logger.handlers:
        if handler.name == "DefaultStreamHandler":
            logger.removeHandler(handler)
            if os.environ.get("NO_COLOR"):
                handler.nocolor = True
            return Console(handler)
    return None


def exit_status(record: logging.LogRecord) -> str:
    """The exit status or signal of a failed job's command; empty for other errors."""
    text = record.getMessage()
    if "CalledProcessError" not in text:
        return ""
    if signalled := re.search(r"died with <Signals\.(\w+): \d+>\.$", text):
        return f"ended by a signal ({signalled[1]})"
    if not (status := re.search(r"returned non-zero exit status (\d+)\.$", text)):
        return ""
    number = int(status[1]) - 128  # shells report a signal as 128 plus its number
    if number in set(signal.Signals):
        return f"exit status {status[1]} ({signal.Signals(number).name})"
    return f"exit status {status[1]}"


def last_steps(trainings: list[Job]) -> list[str]:
    """The last line about its steps in the log of each training, for a few trainings."""
    lines = []
    for job in trainings:
        steps = [each for each in last_lines(job.logs) if each.startswith("step ")]
        if steps:
            lines.append(f"{job.message.removeprefix('Train ')}: {steps[-1]}")
        if len(lines) == TRAININGS:
            break
    return lines


def last_lines(logs: list[str], number: int | None = None) -> list[str]:
    """The last lines of the first log that is not empty; every line read without a number."""
    for path in logs:
        with contextlib.suppress(OSError), open(path, "rb") as file:
            file.seek(max(Path(path).stat().st_size - TAIL, 0))
            lines = file.read().decode("utf-8", errors="replace").rstrip().splitlines()
            if lines:
                return lines[-(number or len(lines)) :]
    return []


def jobs_done(tally: Tally) -> str:
    return f"{tally.done:,} of {count(tally.total, 'job')} done"


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def duration(seconds: float) -> str:
    """Rounded up to minutes."""
    minutes = math.ceil(seconds / 60)
    if minutes <= 1:
        return "less than a minute left"
    if minutes < 60:
        return f"about {minutes} min left"
    return f"about {minutes // 60} h {minutes % 60} min left"
