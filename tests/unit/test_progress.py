"""What a run prints: lines, or one line of a terminal, from Snakemake's events."""

import contextlib
import fcntl
import logging
import os
import pty
import struct
import termios
import time
from io import StringIO

import pytest
from snakemake.logging import ColorizingTextHandler
from snakemake.settings.enums import Quietness
from snakemake.settings.types import OutputSettings
from snakemake_interface_logger_plugins.common import LogEvent

from normscape.jobs import step_log
from normscape.pipeline import console, progress, tally
from normscape.training.loop import Step


class Clock:
    now = 0.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    for module in (progress, tally, step_log):
        monkeypatch.setattr(module, "time", clock)
    return clock


class Run:
    """Snakemake's side of a run that prints to a stream."""

    def __init__(self, stream, main: bool = True, **settings):
        self.stream = stream
        self.logger = logging.Logger("snakemake of its own")
        self.logger.setLevel(logging.INFO)
        handler = ColorizingTextHandler(stream=stream)
        handler.name = "DefaultStreamHandler"
        self.logger.addHandler(handler)
        self.progress = progress.Progress(self.logger, OutputSettings(**settings), main)

    def say(self, event, level=logging.INFO, text="said by Snakemake", **fields):
        self.logger.log(level, text, extra={"event": event, **fields})

    def start(self, **planned: int):
        self.say(LogEvent.WORKFLOW_STARTED)
        self.say(LogEvent.RESOURCES_INFO, cores=2)
        stats = planned | {"total": sum(planned.values())}
        self.say(LogEvent.RUN_INFO, stats=stats)
        self.progress.start("digits", "results/digits", [".snakemake/log/1.log"])

    def begin(self, jobid, rule, message, log=(), shellcmd="python"):
        fields = {"rule_name": rule, "rule_msg": message, "log": list(log)}
        self.say(LogEvent.JOB_INFO, jobid=jobid, shellcmd=shellcmd, **fields)

    def finish(self, jobid, done, total):
        self.say(LogEvent.JOB_FINISHED, job_id=jobid)
        self.say(LogEvent.PROGRESS, done=done, total=total)

    def fail(self, jobid, log=(), reason=None, indent=False, status=None):
        if status:
            text = f"RuleException:\nCalledProcessError in file 'x':\nCommand 'y' {status}."
            self.say(LogEvent.ERROR, logging.ERROR, text)
        fields = {"rule_msg": reason, "log": list(log), "indent": indent}
        self.say(LogEvent.JOB_ERROR, logging.ERROR, jobid=jobid, **fields)


@pytest.fixture
def run():
    """run(**settings): a run whose output goes to a file. All are stopped at the end."""
    runs = []

    def make(stream=None, **settings):
        runs.append(Run(stream or StringIO(), **settings))
        return runs[-1]

    yield make
    for each in runs:
        each.progress.close()


def lines_of(run) -> list[str]:
    return run.stream.getvalue().splitlines()


def test_jobs_that_go_well_print_nothing(run):
    snake = run()
    snake.start(figure=3)
    first = lines_of(snake)
    assert "digits: 3 jobs to run on 2 cores; results go to results/digits/" in first
    assert any(".snakemake/log/1.log" in line for line in first)
    for job in range(3):
        snake.say(None, text="Select jobs to execute...")
        snake.begin(job, "figure", f"Draw {job}")
        snake.finish(job, job + 1, 3)
    assert lines_of(snake) == first
    snake.progress.stop("")
    snake.say(None, text="Complete log(s): .snakemake/log/1.log")
    assert lines_of(snake) == [*first, "Complete log(s): .snakemake/log/1.log"]


def test_errors_and_warnings_are_shown_before_and_during_a_run(run):
    snake = run()
    snake.say(LogEvent.ERROR, logging.ERROR, "no rule to produce x")
    snake.start(figure=1)
    snake.say(None, logging.WARNING, "a warning")
    snake.say(LogEvent.ERROR, logging.ERROR, "MissingOutputException: figure")
    snake.say(None, text="Shutting down, this might take some time.")
    said = lines_of(snake)
    for text in ("no rule to produce x", "a warning", "MissingOutputException: figure"):
        assert said.count(text) == 1
    assert said[-1].startswith("Shutting down")


@pytest.mark.parametrize("is_closed", [False, True])
def test_an_output_that_takes_no_more_stops_nothing(run, is_closed):
    """As where a log file's disk is full, or a terminal was closed."""
    with open("/dev/full", "w", encoding="utf-8") as stream:
        snake = run(stream)
        if is_closed:
            stream.close()
        snake.start(figure=2)
        snake.begin(0, "figure", "Draw 0")
        snake.fail(0)
        snake.finish(1, 1, 2)
        snake.progress.stop("")
        assert list(snake.progress._tally.failed) == [0]
        with contextlib.suppress(OSError):
            stream.close()


def test_how_much_is_done(run, clock):
    snake = run()
    snake.start(train_vgg=1200)
    assert snake.progress.status() == ["0:00:00  0 of 1,200 jobs done (0%)"]
    for job in range(3):
        snake.begin(job, "train_vgg", "A training")
        clock.now += 2
        snake.finish(job, job + 1, 1200)
    status = "0:00:06  3 of 1,200 jobs done (0%), about 40 min left"
    assert snake.progress.status() == [status]
    snake.begin(3, "train_vgg", "A training")
    snake.fail(3)
    status = "0:00:06  3 of 1,200 jobs done (0%), 1 failed"
    assert snake.progress.status() == [status]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "less than a minute left"),
        (60, "less than a minute left"),
        (61, "about 2 min left"),
        (3600, "about 1 h 0 min left"),
        (100 * 3600, "about 100 h 0 min left"),
    ],
)
def test_durations(seconds, text):
    assert progress.duration(seconds) == text


def test_the_speed_of_a_training_is_that_since_the_line_before(clock, capsys):
    log = step_log.StepLog(steps=900, interval=10)
    history = [Step(0, 1.0, 0.0, None, 1.0, 0)]
    for now, step in ((10, 100), (15, 120), (20, 400), (30, 420)):
        clock.now = now
        log.print_if_due(step, history)
    lines = capsys.readouterr().out.splitlines()
    speeds = [line.rpartition(", ")[2] for line in lines]
    assert speeds == ["10 steps/s", "30 steps/s", "2 steps/s"]


def test_long_trainings_tell_their_step_loss_and_rate(run, clock, tmp_path, capsys):
    log = step_log.StepLog(steps=800, start=100)
    history = [
        Step(
            339, loss=1.23456, penalty=0.0, accuracy=0.5, gradient_norm=2.0, diverged=0
        )
    ]
    clock.now = 10
    log.print_if_due(140, history)
    assert capsys.readouterr().out == ""  # not yet
    clock.now = 40
    log.print_if_due(340, history)
    said = capsys.readouterr().out
    assert said == "step 340 of 800, loss 1.23, 6 steps/s\n"
    path = tmp_path / "seed1.log"
    path.write_text(f"goes on from step 100\n{said}", encoding="utf-8")
    snake = run()
    snake.start(train_vgg=10, probe_ics=1)
    for job in range(5):
        message = f"Train vgg, noisy_batch, lr 0.1, seed {job}"
        snake.begin(job, "train_vgg", message, [str(path)])
    snake.begin(9, "probe_ics", "Probe", [str(path)])
    assert len(snake.progress.status()) == 1  # they have just begun
    clock.now += 30
    lines = snake.progress.status()
    assert lines[1:] == [
        f"vgg, noisy_batch, lr 0.1, seed {job}: {said.strip()}"
        for job in range(progress.TRAININGS)
    ]
    assert max(map(len, lines)) <= 80


def test_a_failure_is_shown_with_the_end_of_its_log(run, tmp_path):
    log = tmp_path / "fig01.log"
    log.write_bytes(b"\xff\n" * 50_000 + b"figure.py: no such column\n\n")
    snake = run()
    snake.start(figure=2)
    snake.begin(1, "figure", "Draw fig01", [str(log)])
    snake.fail(1, [str(log)], status="returned non-zero exit status 137")
    said = lines_of(snake)
    start = said.index(f"failed: Draw fig01 (job 1); see {log}")
    assert len(said[start:]) == 1 + progress.LAST_LINES + 1
    assert said[-2] == "  | figure.py: no such column"
    assert "137" in said[-1] and "SIGKILL" in said[-1]
    assert not any("RuleException" in line for line in said)


def test_what_slurm_says_is_shown_and_its_log_where_the_job_has_none(run, tmp_path):
    log = tmp_path / "slurm.log"
    log.write_text("slurmstepd: error\n", encoding="utf-8")
    snake = run()
    snake.start(figure=1)
    snake.begin(1, "figure", "Draw fig01")
    snake.fail(1, [str(tmp_path / "none.log"), str(log)], "SLURM status is: TIMEOUT")
    assert lines_of(snake)[-2:] == [
        "  | slurmstepd: error",
        "  SLURM status is: TIMEOUT",
    ]


def test_a_group_fails_once(run, tmp_path):
    log = tmp_path / "slurm.log"
    log.write_text("out of memory\n", encoding="utf-8")
    snake = run()
    snake.start(probe_ics=2)
    before = len(lines_of(snake))
    for job in (1, 2):
        snake.begin(job, "probe_ics", f"Probe {job}")
    fields = {"job_error_info": [{}, {}], "aux_logs": [str(log)]}
    snake.say(LogEvent.GROUP_ERROR, logging.ERROR, **fields)
    for job in (1, 2):
        snake.fail(job, indent=True)
    said = lines_of(snake)[before:]
    assert len(said) == 2
    assert said[1] == "  | out of memory"
    assert "2 failed" in snake.progress.status()[0]


def test_very_many_failures_are_short(run, tmp_path):
    log = tmp_path / "probe.log"
    log.write_text("probe.py: broken\n" * 20, encoding="utf-8")
    snake = run()
    snake.start(probe_ics=500)
    for job in range(500):
        snake.begin(job, "probe_ics", f"Probe {job}", [str(log)])
        snake.fail(job, [str(log)])
    assert len(lines_of(snake)) < 500 + (progress.LAST_LINES + 1) * progress.FAILURES
    assert len(snake.progress.failures().splitlines()) < progress.FAILURES + 5


def test_what_failed_is_named_at_the_end(run):
    snake = run()
    snake.start(figure=2)
    for job in (1, 2):
        snake.begin(job, "figure", f"Draw fig0{job}", [f"logs/fig0{job}.log"])
        snake.fail(job)
    snake.begin(2, "figure", "Draw fig02")  # again
    snake.finish(2, 1, 2)
    said = snake.progress.failures().splitlines()
    assert said[0] == "failed: Draw fig01; see logs/fig01.log"
    assert said[1].startswith("1 of 2 jobs done")


def test_a_job_that_ctrl_c_stopped_has_not_failed(run):
    snake = run()
    snake.start(figure=3)
    before = len(lines_of(snake))
    for job in (1, 2, 3):
        snake.begin(job, "figure", "Draw")
    snake.fail(1, status="died with <Signals.SIGINT: 2>")
    snake.say(None, text="Terminating processes on user request, this might take.")
    snake.fail(2, status="died with <Signals.SIGTERM: 15>")
    snake.fail(3)
    assert len(lines_of(snake)[before:]) == 1
    assert "failed" not in snake.progress.failures()


@pytest.mark.parametrize(
    "settings",
    [
        {"printshellcmds": True},
        {"verbose": True},
        {"debug_dag": True},
        {"dryrun": True},
        {"main": False},  # a module of another workflow
    ],
)
def test_snakemakes_own_output_stays_where_it_is_wanted(run, settings):
    snake = run(**settings)
    snake.start(figure=1)
    snake.begin(1, "figure", "Draw")
    snake.finish(1, 1, 1)
    assert len(lines_of(snake)) >= 6
    assert not any(line.startswith("digits:") for line in lines_of(snake))


def test_quiet(run, capsys):
    snake = run(quiet={Quietness.ALL})
    snake.start(figure=1)
    snake.begin(1, "figure", "Draw")
    snake.fail(1)
    assert not any("figure" in line or "Draw" in line for line in lines_of(snake))
    snake.progress.stop("verdicts")
    assert capsys.readouterr().out == ""
    snake = run(quiet={Quietness.PROGRESS, Quietness.RULES})  # --quiet
    snake.start(figure=1)
    snake.begin(1, "figure", "Draw")
    snake.fail(1, ["logs/a.log"])
    assert "failed: Draw (job 1); see logs/a.log" in lines_of(snake)
    assert "jobs done" not in snake.progress.failures()


def test_another_logger_of_snakemake(clock):
    """Without Snakemake's own handler, as with --logger rich."""
    logger = logging.Logger("snakemake of its own")
    shown = progress.Progress(logger, OutputSettings(), main=True)
    shown.start("digits", "results/digits", [])
    assert shown.status() == ["0:00:00  0 of 0 jobs done (0%)"]
    shown.close()


class Terminal:
    """A pseudo-terminal of so many columns."""

    def __init__(self, columns: int):
        self._reader, writer = pty.openpty()
        size = struct.pack("HHHH", 24, columns, 0, 0)
        fcntl.ioctl(writer, termios.TIOCSWINSZ, size)
        os.set_blocking(self._reader, False)
        self.stream = os.fdopen(writer, "w", encoding="utf-8")
        self.text = ""

    def lines(self) -> list[str]:
        """What is to be seen after what was printed so far."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self.text += os.read(self._reader, 100_000).decode()
        self.text = self.text.replace("\r\n", "\n")
        return [line.rpartition(console.CLEAR)[2] for line in self.text.split("\n")]

    def close(self):
        self.stream.close()
        os.close(self._reader)


@pytest.fixture
def terminal(monkeypatch):
    """terminal(columns)"""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("COLUMNS", raising=False)
    made = []

    def make(columns):
        made.append(Terminal(columns))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.mark.parametrize("columns", [20, 80])
def test_one_line_of_a_terminal_is_redrawn(terminal, run, columns, monkeypatch):
    monkeypatch.setattr(progress, "REDRAW", 0.01)
    screen = terminal(columns)
    snake = run(screen.stream, nocolor=True)
    snake.start(figure=9)
    snake.begin(1, "figure", "Draw")
    deadline = time.monotonic() + 20
    while not (lines := screen.lines())[-1]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert "0 of 9" in lines[-1]
    assert len(lines[-1]) < columns
    snake.fail(1)
    snake.say(None, logging.WARNING, "a warning")
    snake.progress.stop("")
    lines = screen.lines()
    assert lines[-1] == ""
    assert not any("0:00:0" in line for line in lines)
    assert "a warning" in lines[-2]


def test_a_job_that_writes_to_the_terminal_has_it_for_itself(terminal, run):
    screen = terminal(80)
    snake = run(screen.stream)
    snake.start(download=1)
    snake.begin(1, "download", "Download", shellcmd="python x.py 2>&1 | tee x.log")
    snake.progress._print_status(redraws=True)
    assert screen.lines()[-1] == ""
    snake.finish(1, 1, 1)
    snake.progress._print_status(redraws=True)
    assert "1 of 1 job done" in screen.lines()[-1]


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_dumb_terminal_gets_lines(terminal, run, monkeypatch, term):
    screen = terminal(80)
    monkeypatch.setenv("TERM", term)
    snake = run(screen.stream)
    snake.start(figure=1)
    snake.progress._print_status(redraws=snake.progress._console.redraws)
    assert "0 of 1 job done" in screen.lines()[-2]
    assert "\x1b[K" not in screen.text


def test_wide_characters_take_two_columns():
    assert console.cut("ab\u5c42cd", 4) == "ab\u5c42"
    assert console.cut("ab\u5c42cd", 3) == "ab"
    assert console.cut("abc", 3) == "abc"
