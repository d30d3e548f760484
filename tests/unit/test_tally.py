"""Counts of jobs and the time left, from made-up events of Snakemake."""

import logging

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from normscape.pipeline import tally


class Clock:
    now = 0.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(tally, "time", clock)
    return clock


class Run:
    """Feeds a tally with a run's events."""

    def __init__(self, **planned: int):
        self.tally = tally.Tally()
        self.jobs = 0
        self.say(LogEvent.RUN_INFO, stats=planned | {"total": sum(planned.values())})

    def say(self, event, **fields):
        record = logging.makeLogRecord({"event": event, **fields})
        self.tally.count(record)

    def begin(self, rule: str, jobid: int | None = None) -> int:
        if jobid is None:
            jobid = self.jobs = self.jobs + 1
        self.say(
            LogEvent.JOB_INFO,
            jobid=jobid,
            rule_name=rule,
            rule_msg=f"Do {rule}",
            log=[],
            shellcmd="",
        )
        return jobid

    def finish(self, jobid: int, done: int, total: int):
        self.say(LogEvent.JOB_FINISHED, job_id=jobid)
        self.say(LogEvent.PROGRESS, done=done, total=total)


def test_the_time_left_is_known_once_each_long_rule_has_a_mean(clock):
    run = Run(train_vgg=8, probe_ics=4, figure=2)
    assert run.tally.seconds_left() is None
    for done in range(3):
        job = run.begin("train_vgg")
        clock.now += 100
        run.finish(job, done + 1, 14)
    assert run.tally.seconds_left() is None  # nobody knows how long a probe takes
    for done in range(3):
        job = run.begin("probe_ics")
        clock.now += 20
        run.finish(job, done + 4, 14)
    # Two figures at the mean of all jobs.
    assert run.tally.seconds_left() == pytest.approx(5 * 100 + 20 + 2 * 60)
    run.begin("train_vgg")
    clock.now += 30
    assert run.tally.seconds_left() == pytest.approx(4 * 100 + 70 + 20 + 2 * 60)


def test_no_time_is_told_where_most_of_the_rest_was_never_measured(clock):
    run = Run(train_vgg=3, figure=30)
    for done in range(3):
        job = run.begin("train_vgg")
        clock.now += 100
        run.finish(job, done + 1, 33)
    assert run.tally.seconds_left() is None


def test_jobs_side_by_side_take_less_time(clock):
    run = Run(train_vgg=8)
    for _ in range(2):
        jobs = [run.begin("train_vgg") for _ in range(2)]
        clock.now += 100
        for job in jobs:
            run.finish(job, job, 8)
    assert run.tally.seconds_left() == pytest.approx(200)
    for _ in range(4):
        run.begin("train_vgg")
    # Four at a time now, which is not known yet; but none ends sooner than its mean says.
    assert run.tally.seconds_left() >= 100


def test_a_job_that_takes_longer_than_its_mean_hides_no_other_work(clock):
    run = Run(train_vgg=8)
    for done in range(3):
        job = run.begin("train_vgg")
        clock.now += 100
        run.finish(job, done + 1, 8)
    run.begin("train_vgg")
    clock.now += 250
    assert run.tally.seconds_left() == pytest.approx(4 * 100)


def test_no_time_left_is_told_once_a_job_failed(clock):
    run = Run(train_vgg=3, probe_ics=3)
    for rule in ("train_vgg", "probe_ics"):
        for _ in range(2):
            job = run.begin(rule)
            clock.now += 10
            run.finish(job, job, 6)
    assert run.tally.seconds_left() == pytest.approx(20)
    job = run.begin("probe_ics")
    run.say(LogEvent.JOB_ERROR, jobid=job)
    assert run.tally.seconds_left() is None
    assert list(run.tally.failed) == [job]
    # At a further attempt it runs, and is counted once.
    run.begin("probe_ics", job)
    assert run.tally.failed == {}
    clock.now += 10
    run.finish(job, 5, 6)
    assert run.tally.running == {}
    assert run.tally.done == 5


def test_the_total_is_that_of_the_plan_and_what_checkpoints_add():
    run = Run(train_vgg=3)
    run.finish(run.begin("train_vgg"), 1, 90)  # with jobs that --until leaves out
    assert (run.tally.done, run.tally.total) == (1, 3)
    run.finish(run.begin("train_vgg"), 2, 95)
    assert (run.tally.done, run.tally.total) == (2, 8)


def test_a_group_is_counted_by_its_jobs(clock):
    run = Run(probe_ics=2, collect_run=1)
    jobs = [run.begin("probe_ics"), run.begin("probe_ics"), run.begin("collect_run")]
    for job in jobs:
        run.say(LogEvent.JOB_FINISHED, job_id=job)
    run.say(LogEvent.PROGRESS, done=3, total=3)
    assert run.tally.running == {}
    assert (run.tally.done, run.tally.total) == (3, 3)


def test_other_records_are_nothing_to_it():
    run = Run(train_vgg=1)
    run.tally.count(logging.makeLogRecord({"msg": "a line"}))
    run.say(LogEvent.JOB_FINISHED, job_id=99)  # of no job that was announced
    run.say(LogEvent.JOB_ERROR, jobid=99)
    assert (run.tally.done, run.tally.total, run.tally.failed) == (0, 1, {})
