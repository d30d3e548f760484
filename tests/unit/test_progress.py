"""What is said while an experiment runs: lines that fit a terminal, from Snakemake's events."""

import logging

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from normscape import progress as training_progress
from workflow import progress


class Clock:
    now = 0.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    for module in (progress, training_progress):
        monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def logger():
    logger = logging.Logger("snakemake of its own")
    logger.setLevel(logging.INFO)
    return logger


def say(logger, event, **fields):
    logger.info("", extra={"event": event, **fields})


def begin(logger, jobid, rule, message, log=()):
    fields = {"jobid": jobid, "rule_name": rule, "rule_msg": message, "log": list(log)}
    say(logger, LogEvent.JOB_INFO, **fields)
    say(logger, LogEvent.JOB_STARTED, jobs=[jobid])


def test_time_left_is_that_of_each_rule(logger, clock):
    """Two trainings of 100 s and four probes of 10 s, one after another."""
    shown = progress.Progress(logger)
    say(logger, LogEvent.RUN_INFO, stats={"train": 2, "probe": 4, "total": 6})
    assert shown.status() == "0 of 6 jobs done (0 %)"
    for jobid, (rule, seconds) in enumerate([("train", 100), ("probe", 10)]):
        begin(logger, jobid, rule, f"A {rule}")
        clock.now += seconds
        say(logger, LogEvent.JOB_FINISHED, job_id=jobid)
        say(logger, LogEvent.PROGRESS, done=jobid + 1, total=6)
        if rule == "train":  # what a probe takes is not known yet
            assert shown.status().endswith("(16 %), at least 2 min left")
    # A training of 100 s and three probes of 10 s.
    assert shown.status() == "2 of 6 jobs done (33 %), about 2 min left"
    assert shown._seconds_left() == pytest.approx(130)
    begin(logger, 2, "train", "A train")
    clock.now += 40
    assert shown._seconds_left() == pytest.approx(90)


def test_long_trainings_tell_their_step_loss_and_rate(logger, clock, tmp_path, capsys):
    say_step = training_progress.Progress(steps=800, start=100)
    history = [["vgg", "none", 0.1, 1, 339, 1.23456, 0.5, 2.0, 0]]
    clock.now = 10
    say_step(140, history)
    assert capsys.readouterr().out == ""  # not yet
    clock.now = 40
    say_step(340, history)
    said = capsys.readouterr().out
    assert said == "step 340 of 800, loss 1.23, 6 steps/s\n"
    log = tmp_path / "seed1.log"
    log.write_text(f"goes on from step 100\n{said}")
    shown = progress.Progress(logger)
    say(logger, LogEvent.RUN_INFO, stats={"train_vgg": 1, "total": 1})
    message = "Train vgg, noisy_batch, lr 0.1, seed 1"
    begin(logger, 7, "train_vgg", message, [str(log)])
    lines = shown.status().splitlines()
    assert lines[1:] == [f"  {message}:", f"    {said.strip()}"]
    assert max(map(len, lines)) <= 80
    assert "\r" not in shown.status()


def test_what_failed_is_named_at_the_end(logger, clock):
    shown = progress.Progress(logger)
    for jobid in (1, 2):
        begin(logger, jobid, "figure", f"Draw fig0{jobid}", [f"logs/fig0{jobid}.log"])
        say(logger, LogEvent.JOB_ERROR, jobid=jobid)
    say(logger, LogEvent.JOB_FINISHED, job_id=2)  # at the second attempt
    assert shown.failures() == "failed: Draw fig01; see logs/fig01.log\n"


def test_other_records_are_nothing_to_it(logger, clock):
    shown = progress.Progress(logger)
    logger.info("a line")
    say(logger, LogEvent.JOB_FINISHED, job_id=99)  # of no job that was announced
    assert shown.status() == "0 of 0 jobs done (0 %)"


def test_verdicts_fit_a_terminal(tmp_path):
    path = tmp_path / "verdicts.csv"
    path.write_text(
        "claim,statement,subject,verdict\n"
        "a,BatchNorm trains faster than the standard net,batch,reproduced\n"
        f"b,{'The loss varies less ' * 4},l1,not reproduced\n"
        f"b,{'The loss varies less ' * 4},l2,inconclusive\n"
    )
    lines = progress.verdicts(path).splitlines()
    first = "reproduced      BatchNorm trains faster than the standard net"
    assert lines[0] == first
    assert max(map(len, lines)) <= 80
    assert sum("(l2)" in line for line in lines) == 1
