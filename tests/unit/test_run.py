"""Runs: batches, loss, SGD, checkpoints and training."""

import copy
import csv
import dataclasses
import json
import math
import subprocess
import sys

import pytest
import torch
from numerics import double, same, state, walk

from normscape import components, norms
from normscape.tables import CELL, rows
from normscape.training import checkpoints, loop, tensors
from normscape.training.constant_loss import constant_loss
from normscape.training.run import Run

ICS_COLUMNS = components.declaration("probes", "ics")["tables"]["ics"]


def test_an_epoch_shows_each_sample_at_most_once(make_run):
    run = make_run()
    seen = []
    for run.step in range(2):  # 70 samples: two batches of 32
        inputs, targets = run.batch()
        assert inputs.shape == (32, 1, 16, 16)
        assert inputs.is_contiguous(memory_format=torch.channels_last)
        seen += [float(image.sum()) for image in inputs]
    assert len(set(seen)) == 64
    run.step = 2
    again = {float(image.sum()) for image in run.batch()[0]}
    assert len(again & set(seen)) > 20  # the next epoch, in another order


def test_batches_pair_inputs_with_their_targets(make_run):
    run = make_run()
    inputs, targets = run.fixed_batch()
    label_of = {float(i.sum()): int(t) for i, t in zip(inputs, targets, strict=True)}
    run.step = 5
    inputs, targets = run.batch()
    known = [
        (label_of[float(i.sum())], int(t))
        for i, t in zip(inputs, targets, strict=True)
        if float(i.sum()) in label_of
    ]
    assert len(known) > 5
    assert all(a == b for a, b in known)


@pytest.mark.parametrize(("size", "count"), [(32, 2), (35, 2), (70, 1), (14, 5)])
def test_training_batches_are_all_full_batches_of_the_set(
    make_run, make_data, size, count
):
    run = make_run(batch_size=size)
    batches = list(run.training_batches(100))
    assert [len(batch) for batch in batches] == [size] * count
    images = make_data()["train_inputs"].movedim(-1, 1)
    assert torch.equal(torch.cat(batches), images[: size * count])
    assert len(list(run.training_batches(1))) == 1


def test_runs_are_paired_by_seed(make_run):
    """Norm and learning rate change neither the initial weights nor the batches."""
    a, b = make_run(norm="none", lr=0.1), make_run(norm="l1", lr=0.5)
    for x, y in zip(a.network.weights, b.network.weights, strict=True):
        assert torch.equal(x, y)
    assert torch.equal(a.batch()[0], b.batch()[0])
    c = make_run(seed=1)
    assert not torch.equal(a.network.weights[0], c.network.weights[0])
    assert not torch.equal(a.batch()[0], c.batch()[0])


def test_a_models_name_is_a_name_only(make_run, make_data):
    """Weights, batches and noise of a renamed run, and so all that follows, are equal."""
    run = make_run(norm="noisy_batch")
    spec = dataclasses.replace(run.spec, model="renamed")
    renamed = Run(spec, make_data())
    assert same(state(run), state(renamed))
    for run.step in (0, 1, 2):
        renamed.step = run.step
        for a, b in zip(run.batch(), renamed.batch(), strict=True):
            assert torch.equal(a, b)
        outputs = [r.network(r.batch()[0]) for r in (run, renamed)]
        assert torch.equal(*outputs)
    assert same(state(walk(run, 3)), state(walk(renamed, 3)))
    assert spec.cell == {
        "model": "renamed",
        "norm": "noisy_batch",
        "lr": 0.1,
        "seed": 0,
    }


def script(name, *arguments):
    command = [sys.executable, f"src/{name}.py", *map(str, arguments)]
    subprocess.run(command, check=True)


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_tables_carry_the_models_name(make_run, make_data, tmp_path):
    """Of a training and of a probe; the numbers are those of any name."""
    run, data = make_run("resnet"), tmp_path / "data.safetensors"
    tensors.save(data, make_data())
    spec = run.spec
    script(
        *("train", "--model", "renamed", "--architecture", "resnet"),
        *("--norm", spec.norm, "--lr", spec.lr, "--seed", spec.seed),
        *("--network", json.dumps(spec.network)),
        *("--norm-settings", json.dumps(spec.norm_settings)),
        *("--optimiser", json.dumps(spec.optimiser), "--steps", 3),
        *("--checkpoints", 2, "--evaluations", 0),
        *("--data", data, "--manifest", tmp_path / "run.json"),
    )
    script(
        *("probe", "ics", "--checkpoint", tmp_path / "step2.safetensors"),
        *("--columns", json.dumps({"ics": list(ICS_COLUMNS)})),
        *("--data", data, "--settings", json.dumps({"parameters": "weight"})),
        *("--output", tmp_path / "ics.csv"),
    )
    tables = {name: read(tmp_path / f"{name}.csv") for name in ("history", "ics")}
    tables["evaluation"] = read(tmp_path / "evaluation.csv")
    for table in tables.values():
        for row in table:
            cell = {name: row[name] for name in spec.cell}
            assert cell == {
                "model": "renamed",
                "norm": "batch",
                "lr": "0.1",
                "seed": "0",
            }
    assert [row["step"] for row in tables["ics"]] == ["2"] * 8
    history, evaluation = loop.train(run, 3, evaluations=[0])
    for kind, actual in (("history", history), ("evaluation", evaluation)):
        for row, expected in zip(tables[kind], actual, strict=True):
            numbers = [float(row[name]) for name in expected._fields]
            assert numbers == pytest.approx(list(expected), rel=1e-8)


def test_batch_larger_than_the_data(make_run):
    with pytest.raises(ValueError, match="batch_size: .*70.*71"):
        make_run(batch_size=71)


def test_the_penalty_of_layers_weights_is_part_of_the_loss(make_run):
    run = double(make_run("resnet", l2_penalty=0.01))
    inputs, targets = run.batch()
    weights = [layer.linear.weight for layer in run.network.layers]
    plain = run.network.loss(run.network(inputs), targets)
    penalty = 0.005 * sum(weight.square().sum() for weight in weights)
    loss, _, gradient = run.loss_and_gradient()
    torch.testing.assert_close(loss, (plain + penalty).detach())
    data_gradient = torch.autograd.grad(plain, run.parameters)
    for parameter, g, expected in zip(
        run.parameters, gradient, data_gradient, strict=True
    ):
        decayed = any(parameter is weight for weight in weights)
        torch.testing.assert_close(g, expected + 0.01 * decayed * parameter.detach())


def test_the_constant_loss_is_the_smallest_of_outputs_that_ignore_the_inputs(
    make_run, make_data
):
    labels = make_data()["train_targets"]
    shares = [18 / 70, 18 / 70, 17 / 70, 17 / 70]
    network = make_run().network
    entropy = -sum(share * math.log(share) for share in shares)
    assert constant_loss(network, labels, 70) == pytest.approx(entropy)
    # Two full batches, in which each label is as frequent.
    expected = -sum(map(math.log, shares)) / 4
    assert constant_loss(network, labels, 32) == pytest.approx(expected)
    targets = make_data("dln")["train_targets"] + torch.arange(6)
    expected = 40 * targets.var(0, correction=0).sum()
    actual = constant_loss(make_run("dln").network, targets, 40)
    assert actual == pytest.approx(float(expected))


def test_a_damaged_checkpoint_is_named(make_run, make_data, tmp_path):
    path = tmp_path / "step0.safetensors"
    checkpoints.save(path, make_run())
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(
        ValueError, match="step0.safetensors: not a complete safetensors"
    ):
        checkpoints.load(path, make_data())
    tensors.save(path, {"x": torch.zeros(1)})
    with pytest.raises(ValueError, match="step0.safetensors: not a checkpoint"):
        checkpoints.load(path, make_data())


def test_equal_checkpoints_are_equal_bytes(make_run, tmp_path):
    for i in range(8):
        checkpoints.save(tmp_path / f"{i}.safetensors", make_run(momentum=0.9))
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


def test_history_is_that_of_a_plain_loop(make_run, make_data):
    saved = {}
    history, evaluation = loop.train(
        make_run(),
        6,
        checkpoints=[0, 4, 6],
        save_checkpoint=lambda run, _: saved.update({run.step: state(run)}),
        evaluations=[0, 3],
    )
    plain = make_run()
    assert [row.step for row in history] == list(range(6))
    for row in history:
        if plain.step in saved:
            torch.testing.assert_close(saved[plain.step], state(plain))
        inputs, targets = plain.batch()
        outputs = plain.network(inputs)
        loss = torch.nn.functional.cross_entropy(outputs, targets)
        gradient = torch.autograd.grad(loss, plain.parameters)
        flat = torch.cat([g.flatten() for g in gradient])
        accuracy = (outputs.argmax(1) == targets).double().mean()
        assert row.loss == pytest.approx(float(loss.detach()), rel=1e-5)
        assert row.accuracy == pytest.approx(float(accuracy))
        assert row.gradient_norm == pytest.approx(float(flat.norm()), rel=1e-5)
        assert row.diverged == 0
        with torch.no_grad():
            for p, g in zip(plain.parameters, gradient, strict=True):
                p -= 0.1 * g
        plain.step += 1
    assert sorted(saved) == [0, 4, 6]
    assert [row.step for row in evaluation] == [0, 3, 6]
    plain.network.eval()
    data = make_data()
    right = (
        plain.network(data["test_inputs"].movedim(-1, 1)).argmax(1)
        == data["test_targets"]
    )
    assert evaluation[-1].test_accuracy == pytest.approx(float(right.double().mean()))


@pytest.mark.parametrize(("steps", "checks"), [(9, [0, 1, 8]), (130, [0, 1, 60, 130])])
def test_divergence_is_a_result(make_run, steps, checks):
    saved = {}
    run = make_run("dln", "none", lr=10.0)
    history, evaluation = loop.train(
        run,
        steps,
        checkpoints=checks,
        save_checkpoint=lambda run, diverged: saved.update({run.step: diverged}),
    )
    last = history[-1]
    assert last.diverged == 1
    assert not (math.isfinite(last.loss) and math.isfinite(last.gradient_norm))
    assert all(row.diverged == 0 for row in history[:-1])
    assert all(math.isfinite(row.loss) for row in history[:-1])
    assert all(row.accuracy is None for row in history)
    assert sorted(saved) == checks
    diverged_at = last.step
    assert 1 <= diverged_at < 8
    assert saved == {c: diverged_at if c > diverged_at else None for c in checks}
    assert evaluation == []


def test_an_infinite_gradient_of_a_finite_loss_is_divergence(make_run):
    run = make_run("dln", "none")
    first, *others = run.network.weights
    with torch.no_grad():
        first.zero_()  # so are the outputs
        for weight in others:
            weight.mul_(1e12)
    (row,), _ = loop.train(run, 3)
    assert math.isfinite(row.loss)
    assert not math.isfinite(row.gradient_norm)
    assert row.diverged == 1


def test_tables_keep_float32_and_agree_on_columns(tmp_path):
    value = float(torch.tensor(0.1) / 3)
    columns = ["lr", "loss"]
    table = [{"loss": value, "lr": 0.1}, {"lr": 1e-7, "loss": math.nan}]
    rows.write(tmp_path / "a.csv", columns, table)
    actual = read(tmp_path / "a.csv")
    assert torch.tensor(float(actual[0]["loss"])) == torch.tensor(value)
    assert actual[1] == {"lr": "1e-07", "loss": "nan"}
    rows.concatenate([tmp_path / "a.csv"] * 2, columns, tmp_path / "b.csv")
    assert len((tmp_path / "b.csv").read_text(encoding="utf-8").splitlines()) == 5
    rows.write(tmp_path / "c.csv", ["lr", "accuracy"], [])
    with pytest.raises(ValueError, match=r"c\.csv: .*'lr,accuracy'"):
        rows.concatenate(
            [tmp_path / "a.csv", tmp_path / "c.csv"], columns, tmp_path / "d.csv"
        )
    for wrong in ({"lr": 0.1}, {"lr": 0.1, "loss": 1, "step": 0}):
        with pytest.raises(ValueError, match=r"d\.csv: .*lr, loss"):
            rows.write(tmp_path / "d.csv", columns, [wrong])
    assert not (tmp_path / "d.csv").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv", "b.csv", "c.csv"]


def test_a_table_of_runs_begins_with_the_cell(make_run):
    """What every script writes before a step's columns, in this order."""
    assert list(make_run().spec.cell) == CELL
    assert not set(CELL) & {*loop.Step._fields, *loop.Evaluation._fields}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize(
    ("model", "norm", "optimiser"),
    [
        *(("vgg", norm, {}) for norm in ("none", "batch", "l1", "noisy_batch")),
        ("resnet", "batch", {"momentum": 0.9}),
        ("resnet", "batch", {"name": "Adam"}),
    ],
)
def test_no_step_waits_for_the_device(make_run, model, norm, optimiser):
    """All but the first step of an epoch, which moves its permutation."""
    run = make_run(model, norm, device="cuda", **optimiser)
    for step in range(2):
        torch.cuda.set_sync_debug_mode("error" if step else "default")
        _, _, gradient = run.loss_and_gradient()
        run.advance(gradient)
    torch.cuda.set_sync_debug_mode("default")


def test_noise_does_not_falsify_the_evaluation(make_run):
    """Statistics without noise, over batches of the training set; training is left alone."""
    run, undisturbed = (walk(make_run("vgg", "noisy_batch"), 5) for _ in range(2))
    actual = loop.test_accuracy(run)
    network = copy.deepcopy(undisturbed.network)
    for noise in norms.random_normalisers(network):
        noise.eval()
    batches = list(run.training_batches(loop.STATISTICS_BATCHES))
    assert [len(batch) for batch in batches] == [32, 32]  # 70 images
    names = [n for n, _ in network.named_buffers()]
    total = dict.fromkeys(names, 0.0)
    with torch.no_grad():
        for batch in batches:
            for layer in network.layers[:-1]:
                layer.norm.running_momentum = 1.0  # of this batch alone
            network(batch)
            for name, value in network.named_buffers():
                total[name] = total[name] + value / len(batches)
        for name, value in network.named_buffers():
            value.copy_(total[name])
        network.eval()
        right = [
            (network(inputs).argmax(1) == targets).float().mean()
            for inputs, targets in run.test_batches()
        ]
    assert actual == pytest.approx(float(sum(right) / len(right)))
    assert same(state(walk(run, 2)), state(walk(undisturbed, 2)))


@pytest.mark.parametrize("norm", ["none", "batch", "noise"])
def test_others_are_evaluated_as_they_are(make_run, norm):
    run = make_run("vgg", norm)
    assert loop._for_evaluation(run) is run.network
