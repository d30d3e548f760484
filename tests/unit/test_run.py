"""Runs: batches, loss, SGD, checkpoints and training."""

import csv
import math

import pytest
import torch

from normscape import checkpoints, tensors, training
from normscape.files import concatenate_tables, write_table


def walk(run, steps):
    for _ in range(steps):
        run.advance(run.loss_and_gradient()[2])


def state(run):
    return {name: value.clone() for name, value in run.network.state_dict().items()}


def same(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


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


def test_runs_are_paired_by_seed(make_run):
    """Norm and learning rate change neither the initial weights nor the batches."""
    a, b = make_run(norm="none", lr=0.1), make_run(norm="l1", lr=0.5)
    for x, y in zip(a.network, b.network, strict=True):
        assert torch.equal(x.linear.weight, y.linear.weight)
    assert torch.equal(a.batch()[0], b.batch()[0])
    c = make_run(seed=1)
    assert not torch.equal(a.network[0].linear.weight, c.network[0].linear.weight)
    assert not torch.equal(a.batch()[0], c.batch()[0])


def test_batch_larger_than_the_data(make_run):
    with pytest.raises(ValueError, match="batch_size: found 71, allowed is up to 70"):
        make_run(batch_size=71)


@pytest.mark.parametrize("optimiser", [{}, {"momentum": 0.9, "weight_decay": 0.01}])
def test_sgd_is_torchs(make_run, optimiser):
    """weight_decay acts on layers' weights alone, and is part of the loss."""
    ours, theirs = make_run(**optimiser), make_run(**optimiser)
    weights = [layer.linear.weight for layer in theirs.network]
    others = [p for p in theirs.parameters if not any(p is w for w in weights)]
    sgd = torch.optim.SGD(
        [
            {"params": weights, "weight_decay": optimiser.get("weight_decay", 0)},
            {"params": others},
        ],
        lr=0.1,
        momentum=optimiser.get("momentum", 0),
    )
    for _ in range(4):
        loss, _, gradient = ours.loss_and_gradient()
        inputs, targets = theirs.batch()
        sgd.zero_grad()
        data_loss = theirs.network.loss(theirs.network(inputs), targets)
        data_loss.backward()
        penalty = sum(float(w.detach().square().sum()) for w in weights) / 2
        expected = (
            float(data_loss.detach()) + optimiser.get("weight_decay", 0) * penalty
        )
        assert float(loss) == pytest.approx(expected, rel=1e-5)
        sgd.step()
        theirs.step += 1
        ours.advance(gradient)
    for a, b in zip(ours.parameters, theirs.parameters, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("norm", ["none", "noisy_batch", "l1"])
@pytest.mark.parametrize("optimiser", [{}, {"momentum": 0.9}])
def test_a_checkpoint_continues_to_the_same_bits(
    make_run, make_data, tmp_path, norm, optimiser
):
    run = make_run(norm=norm, **optimiser)
    walk(run, 3)
    checkpoints.save(tmp_path / "step3.safetensors", run)
    walk(run, 3)

    resumed = checkpoints.load(tmp_path / "step3.safetensors", make_data())
    assert resumed.step == 3
    assert resumed.spec == run.spec
    walk(resumed, 3)
    assert same(state(run), state(resumed))


def test_a_damaged_checkpoint_is_named(make_run, make_data, tmp_path):
    path = tmp_path / "step0.safetensors"
    checkpoints.save(path, make_run())
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ValueError, match="step0.safetensors: not a whole safetensors"):
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
    history, evaluation = training.train(
        make_run(),
        6,
        [0, 4, 6],
        lambda run, _: saved.update({run.step: state(run)}),
        evaluations=[0, 3],
    )
    plain = make_run()
    assert [row[4] for row in history] == list(range(6))
    for row in history:
        if plain.step in saved:
            torch.testing.assert_close(saved[plain.step], state(plain))
        inputs, targets = plain.batch()
        outputs = plain.network(inputs)
        loss = torch.nn.functional.cross_entropy(outputs, targets)
        gradient = torch.autograd.grad(loss, plain.parameters)
        flat = torch.cat([g.flatten() for g in gradient])
        accuracy = (outputs.argmax(1) == targets).double().mean()
        assert row[:4] == ["vgg", "batch", 0.1, 0]
        assert row[5] == pytest.approx(float(loss.detach()), rel=1e-5)
        assert row[6] == pytest.approx(float(accuracy))
        assert row[7] == pytest.approx(float(flat.norm()), rel=1e-5)
        assert row[8] == 0
        with torch.no_grad():
            for p, g in zip(plain.parameters, gradient, strict=True):
                p -= 0.1 * g
        plain.step += 1
    assert sorted(saved) == [0, 4, 6]
    assert [row[4] for row in evaluation] == [0, 3, 6]
    plain.network.eval()
    data = make_data()
    right = (
        plain.network(data["test_inputs"].movedim(-1, 1)).argmax(1)
        == data["test_targets"]
    )
    assert evaluation[-1][5] == pytest.approx(float(right.double().mean()))


@pytest.mark.parametrize(("steps", "checks"), [(9, [0, 1, 8]), (130, [0, 1, 60, 130])])
def test_divergence_is_a_result(make_run, steps, checks):
    saved = {}
    run = make_run("dln", "none", lr=10.0)
    history, evaluation = training.train(
        run, steps, checks, lambda run, diverged: saved.update({run.step: diverged})
    )
    last = history[-1]
    assert last[8] == 1
    assert not (math.isfinite(last[5]) and math.isfinite(last[7]))
    assert all(row[8] == 0 and math.isfinite(row[5]) for row in history[:-1])
    assert sorted(saved) == checks
    diverged_at = last[4]
    assert 1 <= diverged_at < 8
    assert saved == {c: diverged_at if c > diverged_at else None for c in checks}
    assert evaluation == []


def test_tables_keep_float32_and_agree_on_columns(tmp_path):
    value = float(torch.tensor(0.1) / 3)
    write_table(tmp_path / "a.csv", ["lr", "loss"], [[0.1, value], [1e-7, math.nan]])
    with open(tmp_path / "a.csv") as file:
        rows = list(csv.DictReader(file))
    assert torch.tensor(float(rows[0]["loss"])) == torch.tensor(value)
    assert rows[1] == {"lr": "1e-07", "loss": "nan"}
    concatenate_tables([tmp_path / "a.csv"] * 2, tmp_path / "b.csv")
    assert len((tmp_path / "b.csv").read_text().splitlines()) == 5
    write_table(tmp_path / "c.csv", ["lr", "accuracy"], [])
    with pytest.raises(ValueError, match="c.csv: found the columns 'lr,accuracy'"):
        concatenate_tables([tmp_path / "a.csv", tmp_path / "c.csv"], tmp_path / "d.csv")
    assert not (tmp_path / "d.csv").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv", "b.csv", "c.csv"]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("norm", ["none", "batch", "l1", "noisy_batch"])
def test_no_step_waits_for_the_device(make_run, norm):
    """All but the first step of an epoch, which moves its permutation."""
    run = make_run("vgg", norm, device="cuda")
    for step in range(2):
        torch.cuda.set_sync_debug_mode("error" if step else "default")
        _, _, gradient = run.loss_and_gradient()
        run.advance(gradient)
    torch.cuda.set_sync_debug_mode("default")
