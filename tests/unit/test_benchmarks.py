"""Benchmarks compare like with like."""

import functools
import os
import re

import pandas as pd
import pytest
import torch
import turns

from benchmarks import pipeline, plain, probes, report, timing, training

NORMS = ["none", "batch", "l1", "l2", "linf"]


def plain_outputs(network, run):
    """Outputs for the run's inputs of a plain network with the run's weights."""
    linear_types = torch.nn.Conv2d | torch.nn.Linear
    linear = [module for module in network if isinstance(module, linear_types)]
    for layer, module in zip(run.network, linear, strict=True):
        module.weight.data = layer.linear.weight.data.contiguous()
        if module.bias is not None:
            module.bias.data.zero_()
    inputs, _ = run.batch()
    return network.double()(inputs.double().contiguous())


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("model", ["vgg", "dln"])
def test_plain_networks_are_the_same_functions(model, norm):
    if model == "vgg":
        run, network = training.vgg_run(2, norm), plain.vgg(2, norm, 3, 10)
    else:
        run, network = training.dln_run(norm, depth=4), plain.dln(4, 10, norm)
    expected = plain_outputs(network, run)
    inputs, _ = run.batch()
    torch.testing.assert_close(run.network.double()(inputs.double()), expected)


def test_every_call_takes_its_steps():
    run = training.dln_run("none", depth=2)
    for calls in (1, 2):
        training.take_steps(run, 3)
        assert run.step == 3 * calls


@pytest.mark.parametrize(
    ("probe", "tolerance"),
    [("ics", {"rel": 1e-4, "abs": 1e-3}), ("landscape", {"rel": 1e-3})],
)
def test_plain_probes_measure_the_same(probe, tolerance):
    expected, ours = (make("dln", 4, 1)() for make in probes.IMPLEMENTATIONS[probe])
    assert ours == pytest.approx(expected, **tolerance)


def test_calls_take_turns_in_processes_of_their_own(tmp_path):
    log = tmp_path / "log"
    timed = timing.in_turns(
        {name: functools.partial(turns.log, log, name) for name in "ab"}, rounds=2
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


def spread(name, *values):
    return dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))


@pytest.fixture
def tables():
    probe = {"probe": "ics", "model": "dln", "size": 25, "precision": "float64"}
    probe |= {"our_seconds": 0.1, "largest_difference": 1e-7}
    probe |= spread("ratio", 10, 9, 11) | spread("over_float32", 3.5, 3, 4)
    rows = {
        "training": [
            {"model": model, "width": width, "norm": norm, "samples_per_second": 1280.0}
            | spread("ratio", 2.0, 1.8, 2.3)
            | spread("over_batch_norm", 1.0, 0.9, 1.1)
            for model, width in (("vgg", 16), ("dln", 10))
            for norm in training.NORMS
        ],
        "probes": [probe],
        "growth": [
            {"what": what, "model": "dln", "grows_with": "depth", "size": depth}
            | spread("seconds", depth / 10, depth / 20, depth / 5)
            | {"peak_mib": 700.0}
            for what in ("training step", "ics")
            for depth in (10, 20)
        ],
        "use": [
            {"seeds": 1, "cores": cores, "jobs": 2000, "wall_seconds": 600 / cores}
            | {"start_up_seconds": 0.048, "part": part, "share": share}
            for cores in (1, 2)
            for part, share in (("computation", 0.7), ("start-up", 0.2), ("rest", 0.1))
        ],
        "dry_runs": [
            {"experiment": "default", "jobs": 5000, "to_do": to_do}
            | spread("seconds", seconds, 12.0, 49.0)
            for to_do, seconds in (("all", 48.5), ("nothing", 12.5))
        ],
    }
    return {name: pd.DataFrame(table) for name, table in rows.items()}


def test_the_summary_has_a_line_per_measurement(tables):
    lines = report.summary(tables).splitlines()
    cells = [line.strip("|").split("|") for line in lines if line.startswith("|")]
    by_name = {name.strip(): "|".join(values) for name, *values in cells}
    for name, numbers in {
        "VGG, width 16: baseline / ours": ["2.00 [1.80, 2.30]"] * len(training.NORMS),
        "DLN: samples per second": ["1,280"] * len(training.NORMS),
        "DLN: step time / batch": ["1.00 [0.90, 1.10]"] * len(training.NORMS),
        "ICS, baseline / ours: DLN, depth 25, float64": [
            *("10.00 [9.00, 11.00]", "0.1 s", "3.50 [3.00, 4.00]", "1e-07")
        ],
        "Default experiment, seeds: 1, cores: 2": [
            *("5.0 min", "2,000 jobs", "70%", "20%", "10%", "0.048 s")
        ],
        "Dry run of default, 5,000 jobs, nothing to do": ["12.5 [12.0, 49.0] s"],
        "Growth: ics, dln, depth": ["10: 1 [0.5, 2] s, 0.68 GiB", "20: 2 [1, 4] s"],
    }.items():
        pattern = ".*".join(map(re.escape, numbers))
        assert re.search(pattern, by_name[name]), name


def test_the_plot_shows_spreads_and_series(tables):
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
