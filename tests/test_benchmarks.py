"""Benchmarks compare like with like."""

import functools
import os

import pytest
import torch

from benchmarks import plain, timing, training
from normscape.probes import ics, landscape


@pytest.mark.parametrize("norm", ["none", "batch", "l1"])
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


@pytest.mark.parametrize("norm", ["none", "batch", "l1"])
def test_the_plain_dln_is_the_same_function(norm):
    run, inputs, _ = training.dln_run(norm, depth=4)
    theirs = plain.dln(4, 10, norm)
    linear = [m for m in theirs if isinstance(m, torch.nn.Linear)]
    for a, b in zip(run.network, linear, strict=True):
        b.weight.data = a.linear.weight.data
    torch.testing.assert_close(run.network(inputs), theirs(inputs))


def test_plain_probes_measure_the_same():
    run, _, _ = training.dln_run("batch", depth=4)
    ours = [row[ics.COLUMNS.index("l2_difference")] for row in ics.measure(run)]
    assert plain.ics(run) == pytest.approx(ours, rel=1e-4, abs=1e-3)
    sizes = (1e-7, 1e-6)
    rows = landscape.measure(run, sizes, 0)
    ours = [row[landscape.COLUMNS.index("gradient_change")] for row in rows]
    assert plain.landscape(run, sizes) == pytest.approx(ours, rel=1e-3)


def test_operations_of_vgg_16():
    """VGG-16 on 32x32 images takes about 313 million multiply-adds."""
    assert training.forward_operations(64) == pytest.approx(2 * 313e6, rel=0.01)


def _log(path, name):
    """A call that notes when it was made, and by which process."""

    def call():
        with open(path, "a") as file:
            file.write(f"{name} {os.getpid()}\n")
        return name.upper()

    return call


def test_calls_take_turns_in_processes_of_their_own(tmp_path):
    log = tmp_path / "log"
    timed = timing.in_turns(
        {name: functools.partial(_log, log, name) for name in "ab"}, rounds=2
    )
    calls = [line.split() for line in log.read_text().splitlines()]
    assert [name for name, _ in calls] == ["a", "b"] * 3
    assert len({process for _, process in calls} | {str(os.getpid())}) == 3
    assert [t.value for t in timed.values()] == ["A", "B"]
    assert all(len(t.seconds) == 2 and t.peak_mib > 1 for t in timed.values())
