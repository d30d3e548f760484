"""What is said while an experiment runs: lines that fit a terminal, from Snakemake's events."""

import logging

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from normscape.jobs import progress as training_progress
from normscape.pipeline import progress
from normscape.training.loop import Step


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


def test_how_much_is_done_and_how_fast(logger, clock):
    shown = progress.Progress(logger)
    say(logger, LogEvent.RUN_INFO, stats={"train": 2, "probe": 4, "total": 6})
    clock.now += 60
    assert shown.status() == "0 of 6 jobs done (0 %)"  # no rate is known
    for jobid, (rule, seconds) in enumerate([("train", 100), ("probe", 20)]):
        begin(logger, jobid, rule, f"A {rule}")
        clock.now += seconds
        say(logger, LogEvent.JOB_FINISHED, job_id=jobid)
        say(logger, LogEvent.PROGRESS, done=jobid + 1, total=6)
    # In three minutes.
    assert shown.status() == "2 of 6 jobs done (33 %), 0.67 a minute"
    clock.now += 60
    assert shown.status() == "2 of 6 jobs done (33 %), 0.5 a minute"


def test_long_trainings_tell_their_step_loss_and_rate(logger, clock, tmp_path, capsys):
    say_step = training_progress.Progress(steps=800, start=100)
    history = [Step(339, loss=1.23456, accuracy=0.5, gradient_norm=2.0, diverged=0)]
    clock.now = 10
    say_step(140, history)
    assert capsys.readouterr().out == ""  # not yet
    clock.now = 40
    say_step(340, history)
    said = capsys.readouterr().out
    assert said == "step 340 of 800, loss 1.23, 6 steps/s\n"
    log = tmp_path / "seed1.log"
    log.write_text(f"goes on from step 100\n{said}", encoding="utf-8")
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


LONG = "The loss varies less " * 4 + "with "


@pytest.fixture
def root(tmp_path):
    """An experiment's folder with verdicts, two of which are about runs elsewhere."""
    (tmp_path / "verdicts.csv").write_text(
        "claim,statement,subject,seeds,verdict\n"
        "a,BatchNorm trains faster than the standard net,batch,3,reproduced\n"
        f"b,{LONG}L1,l1,3,not reproduced\n"
        f"b,{LONG}L2,l2,1,inconclusive\n"
        f"b,{LONG}Linf,linf,0,inconclusive\n"
        "c,BatchNorm is the best,batch,0,inconclusive\n",
        encoding="utf-8",
    )
    return tmp_path


def test_verdicts_fit_a_terminal(root):
    lines = progress.verdicts(root / "verdicts.csv").splitlines()
    first = "reproduced      BatchNorm trains faster than the standard net"
    assert lines[0] == first
    assert max(map(len, lines)) <= 80
    text = " ".join(" ".join(lines).split())
    assert f"not reproduced {LONG}L1" in text
    assert f"inconclusive {LONG}L2" in text
    assert "Linf" not in text
    assert "best" not in text
    assert lines[-1] == "Without runs in this experiment: 2 more comparisons."


def test_an_experiment_ends_with_its_verdicts_and_where_its_page_is(root):
    said = progress.summary(root)
    assert progress.verdicts(root / "verdicts.csv") in said
    assert "page" not in said
    (root / "index.html").write_text("<html></html>", encoding="utf-8")
    assert progress.summary(root).endswith(f"\nThe results page: {root}/index.html")
    (root / "verdicts.csv").unlink()  # of a run that was asked for the page alone
    assert progress.summary(root) == f"The results page: {root}/index.html"


def test_verdicts_of_an_experiment_with_all_runs_end_with_the_last(root):
    table = root / "verdicts.csv"
    table.write_text(
        "".join(table.read_text(encoding="utf-8").splitlines(keepends=True)[:2]),
        encoding="utf-8",
    )
    assert len(progress.verdicts(table).splitlines()) == 1
