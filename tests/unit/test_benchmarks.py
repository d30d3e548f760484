"""Benchmarks compare like with like."""

import functools
import os

import pandas as pd
import pytest
import torch

from benchmarks import (
    growth,
    pipeline,
    plain,
    probes,
    report,
    timing,
    training,
)


@pytest.mark.parametrize("norm", ["none", "batch", "l1", "l2", "linf"])
def test_the_plain_vgg_is_the_same_function(norm):
    run = training.vgg_run(2, norm)
    theirs = plain.vgg(2, norm, 3, 10)
    linear = [m for m in theirs if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)]
    for a, b in zip(run.network, linear, strict=True):
        b.weight.data = a.linear.weight.data.contiguous()
        if b.bias is not None:
            b.bias.data.zero_()
    inputs, _ = run.batch()
    ours, theirs = run.network.double(), theirs.double()
    inputs = inputs.double()
    torch.testing.assert_close(ours(inputs), theirs(inputs.contiguous()))


@pytest.mark.parametrize("norm", ["none", "batch", "l1", "l2", "linf"])
def test_the_plain_dln_is_the_same_function(norm):
    run, inputs, _ = training.dln_run(norm, depth=4)
    theirs = plain.dln(4, 10, norm)
    linear = [m for m in theirs if isinstance(m, torch.nn.Linear)]
    for a, b in zip(run.network, linear, strict=True):
        b.weight.data = a.linear.weight.data
    torch.testing.assert_close(run.network(inputs), theirs(inputs))


def test_every_call_takes_its_steps():
    run, _, _ = training.dln_run("none", depth=2)
    for calls in (1, 2):
        training.take_steps(run, 3)
        assert run.step == 3 * calls


@pytest.mark.parametrize(
    ("probe", "tolerance"),
    [("ics", {"rel": 1e-4, "abs": 1e-3}), ("landscape", {"rel": 1e-3})],
)
def test_plain_probes_measure_the_same(probe, tolerance):
    plainly, ours = (call("dln", 4, 1)() for call in probes.CONTESTANTS[probe])
    assert plainly == pytest.approx(ours, **tolerance)


def test_operations_of_vgg_16():
    """VGG-16 on 32x32 images takes about 313 million multiply-adds."""
    assert training.forward_operations(64) == pytest.approx(2 * 313e6, rel=0.01)


def _log(path, name):
    """A call that notes when it was made, and by which process."""

    def call():
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"{name} {os.getpid()}\n")
        return name.upper()

    return call


def test_calls_take_turns_in_processes_of_their_own(tmp_path):
    log = tmp_path / "log"
    timed = timing.in_turns(
        {name: functools.partial(_log, log, name) for name in "ab"}, rounds=2
    )
    calls = [line.split() for line in log.read_text(encoding="utf-8").splitlines()]
    assert [name for name, _ in calls] == ["a", "b"] * 3
    assert len({process for _, process in calls} | {str(os.getpid())}) == 3
    assert [t.value for t in timed.values()] == ["A", "B"]
    assert all(len(t.seconds) == 2 and t.peak_mib > 1 for t in timed.values())


def test_shares_add_up(monkeypatch):
    monkeypatch.setattr(pipeline, "start_up_seconds", lambda *_: 1.0)
    shares = pipeline._shares([9.0, 2.0, 3.0, 0.5], cores=2, wall=10.0)
    assert shares == pytest.approx(
        {"computation": 11 / 20, "start-up": 3.5 / 20, "rest": 5.5 / 20}
    )


def test_the_summary_and_the_plot_show_what_was_measured():
    training_rows = [
        [model, width, norm, 0.2, 0.1, 2.0, 1.8, 2.3, 1280.0, 1.0, 0.9, 1.1, share]
        for model, width, share in (("vgg", 16, 0.8), ("dln", 10, None))
        for norm in training.NORMS
    ]
    tables = {
        "training": pd.DataFrame(training_rows, columns=training.COLUMNS),
        "probes": pd.DataFrame(
            [["ics", "dln", 25, "float64", 1.0, 0.1, 10.0, 9.0, 11.0, 3.5, 3, 4, 1e-7]],
            columns=probes.COLUMNS,
        ),
        "growth": pd.DataFrame(
            [
                [what, "dln", "depth", d, d / 10, d / 20, d / 5, 700.0]
                for what in ("training step", "ics")
                for d in (10, 20)
            ],
            columns=growth.COLUMNS,
        ),
        "use": pd.DataFrame(
            [
                [1, cores, 2000, 600.0 / cores, 0.048, 1.7, part, share]
                for cores in (1, 2)
                for part, share in (
                    ("computation", 0.7),
                    ("start-up", 0.2),
                    ("rest", 0.1),
                )
            ],
            columns=pipeline.USE_COLUMNS,
        ),
        "dry_runs": pd.DataFrame(
            [
                ["default", 5000, to_do, seconds, 12.0, 49.0]
                for to_do, seconds in (("all", 48.5), ("nothing", 12.5))
            ],
            columns=pipeline.DRY_RUN_COLUMNS,
        ),
    }
    text = report.summary(tables)
    four = " | ".join(["2.00 [1.80, 2.30]"] * 4)
    assert f"| VGG, width 16: plain / ours | {four} |" in text
    assert "DLN: share" not in text
    probe = "| ICS, plain / ours: DLN, depth 25, float64 | 10.00 [9.00, 11.00]"
    assert f"{probe} (ours 0.1 s, 3.50 [3.00, 4.00] times float32's; diff" in text
    assert "| DLN: samples per second | 1,280 |" in text
    assert "5.0 min, 2,000 jobs: computation 70%, start-up 20%, rest 10%" in text
    assert "; a start-up takes 0.048 s, with an import of its own 1.70 s |" in text
    assert "| 1 to 2 cores, seeds: 1 | 2.00 times |" in text
    dry_run = "| Dry run of default, 5,000 jobs, nothing to do | 12.5 [12.0, 49.0] s |"
    assert dry_run in text
    sizes = "10: 1 [0.5, 2] s, 0.68 GiB, 20: 2 [1, 4] s, 0.68 GiB"
    assert f"| Growth: ics, dln, depth | {sizes} |" in text
    figure = report.plot(tables)
    ratios, steps, probed, memory = (figure.axes[i] for i in (0, 2, 3, 5))
    spread = ratios.collections[0].get_segments()[0]
    assert spread[:, 1] == pytest.approx([1.8, 2.3])
    for axis, labels in (
        (steps, ["training step, dln, depth"]),
        (probed, ["ics, dln, depth"]),
        (memory, ["training step, dln, depth", "ics, dln, depth"]),
    ):
        assert axis.get_legend_handles_labels()[1] == labels
    for ax in figure.axes:
        assert ax.has_data()
        assert ax.get_xlabel()
        assert ax.get_ylabel()
