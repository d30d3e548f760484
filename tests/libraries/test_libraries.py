"""Measurements in other libraries; in an environment with them (CONTRIBUTING.md).

Not part of ``make test``: each test is skipped without its library.
"""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

sys.path.append(str(Path(__file__).parents[1] / "unit"))
from measuring import cross_entropy, everything, unchanged, vectors

from normscape import measure

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")


def check(network, batch, loss, layers=None, method="exact"):
    optimiser = torch.optim.AdamW(network.parameters(), 1e-3)
    with unchanged(network, optimisers=[optimiser]):
        given = everything(network, optimiser, batch, loss, layers, method=method)
        after = measure.after_step(network, optimiser, loss, batch)
    assert given["landscape"][0]["gradient_change"] == pytest.approx(0, abs=1e-6)
    assert all(np.isfinite(row["gradient_norm"]) for row in given["ics"])
    state = torch.get_rng_state()
    loss(network, *batch).backward()
    torch.set_rng_state(state)
    optimiser.step()
    for p, q in zip(network.parameters(), after.parameters(), strict=True):
        torch.testing.assert_close(p, q)
    return given


@pytest.mark.parametrize(
    ("name", "settings", "method"),
    [
        ("resnet10t", {}, "exact"),
        ("mobilenetv3_small_050", {}, "difference"),
        ("vit_tiny_patch16_224", {"img_size": 32, "depth": 2}, "exact"),
        ("convnext_atto", {"depths": (1, 1, 1, 1)}, "exact"),
        ("mixer_s32_224", {"img_size": 32}, "exact"),
    ],
)
def test_timm(name, settings, method):
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    network = timm.create_model(name, num_classes=4, **settings)
    batch = vectors(4, 3, 32, 32, dtype=torch.float32)
    given = check(network, batch, cross_entropy, method=method)
    moments, _ = given["activations"]
    if name == "resnet10t":  # its normalisers contain the non-linearity
        behind = [r for r in moments if r["scope"] == "layer" and "conv" in r["name"]]
        assert np.mean([abs(row["mean"]) for row in behind]) < 0.1


TRANSFORMERS = {
    "GPT2LMHeadModel": ("GPT2Config", {"n_embd": 16, "n_layer": 1, "n_head": 2}),
    "BertForMaskedLM": (
        "BertConfig",
        {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2},
    ),
    "LlamaForCausalLM": (
        "LlamaConfig",
        {
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
        },
    ),
    "MixtralForCausalLM": (
        "MixtralConfig",
        {
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "num_local_experts": 4,
        },
    ),
    "T5ForConditionalGeneration": (
        "T5Config",
        {
            "d_model": 16,
            "d_kv": 8,
            "d_ff": 32,
            "num_layers": 1,
            "num_heads": 2,
            "decoder_start_token_id": 0,
        },
    ),
}


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_transformers(name):
    transformers = pytest.importorskip("transformers")
    config, sizes = TRANSFORMERS[name]
    torch.manual_seed(0)
    config = getattr(transformers, config)(vocab_size=64, **sizes)
    network = getattr(transformers, name)(config)
    numbers = torch.randint(0, 64, (2, 8))

    def loss(network, batch):
        return network(**batch).loss

    batch = transformers.BatchEncoding({"input_ids": numbers, "labels": numbers})
    given = check(network, (batch,), loss)
    assert len(given["layers"]) >= 1


def small():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 4))


def loader():
    inputs, targets = vectors(32, dtype=torch.float32)
    data = torch.utils.data.TensorDataset(inputs, targets)
    return torch.utils.data.DataLoader(data, batch_size=8)


def test_the_recipe_for_lightning(tmp_path):
    lightning = pytest.importorskip("lightning")
    logged = []

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.network = small()

        def training_step(self, batch, batch_idx):
            inputs, targets = batch
            return F.cross_entropy(self.network(inputs), targets)

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    class Measure(lightning.Callback):
        def on_train_batch_start(self, trainer, module, batch, batch_idx):
            if batch_idx % 2 == 0:

                def loss(module, *batch):
                    return module.training_step(batch, batch_idx)

                optimiser = trainer.optimizers
                after = measure.after_step(module, optimiser, loss, tuple(batch))
                rows = measure.ics(module, loss, tuple(batch), after)
                module.log_dict(measure.flat(rows, "ics"))
                logged.append((rows, after.network[0].weight.detach().clone()))

        def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
            if batch_idx % 2 == 0:
                assert torch.equal(module.network[0].weight, logged[-1][1])

    trainer = lightning.Trainer(
        max_epochs=1,
        callbacks=[Measure()],
        logger=False,
        accelerator="cpu",
        enable_checkpointing=False,
        enable_progress_bar=False,
        default_root_dir=tmp_path,
    )
    trainer.fit(Module(), loader())
    assert len(logged) == 2
    assert trainer.logged_metrics["ics/network.3/gradient_change"] > 0


def test_the_recipe_for_accelerate():
    accelerate = pytest.importorskip("accelerate")
    accelerator = accelerate.Accelerator(cpu=True, mixed_precision="bf16")
    network = small()
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    network, optimiser, batches = accelerator.prepare(network, optimiser, loader())
    for inputs, targets in batches:
        after = measure.after_step(network, optimiser, cross_entropy, (inputs, targets))
        rows = measure.ics(network, cross_entropy, (inputs, targets), after)
        assert rows[1]["gradient_change"] > 0
        accelerator.backward(cross_entropy(network, inputs, targets))
        optimiser.step()
        optimiser.zero_grad()
        assert torch.equal(network[0].weight, after[0].weight)


def test_the_recipe_for_the_trainer_of_transformers(tmp_path):
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    moved = []

    class Measured(transformers.Trainer):
        def training_step(self, model, inputs, *others):
            inputs = self._prepare_inputs(inputs)
            arguments = self.compute_loss, (inputs, False, *others)
            after = measure.after_step(
                model, self.optimizer, *arguments, before_step=self.clip
            )
            rows = measure.ics(model, *arguments, after)
            self.log(measure.flat(rows, "ics"))
            if moved:
                assert torch.equal(model.lm_head.weight, moved[-1])
            moved.append(after.lm_head.weight.detach().clone())
            return super().training_step(model, inputs, *others)

        def clip(self, network):
            nn.utils.clip_grad_norm_(network.parameters(), self.args.max_grad_norm)

    torch.manual_seed(0)
    sizes = {"n_embd": 16, "n_layer": 1, "n_head": 2, "vocab_size": 64}
    network = transformers.GPT2LMHeadModel(transformers.GPT2Config(**sizes))
    numbers = torch.randint(0, 64, (16, 8))
    data = [{"input_ids": row, "labels": row} for row in numbers]
    arguments = transformers.TrainingArguments(
        output_dir=tmp_path,
        max_steps=3,
        per_device_train_batch_size=4,
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
        save_strategy="no",
    )
    trainer = Measured(network, arguments, train_dataset=data)
    trainer.train()
    assert len(moved) == 3
    assert any(
        "ics/transformer.h.0.mlp.c_fc/cosine" in r for r in trainer.state.log_history
    )


def test_curvature_against_curvlinops():
    curvlinops = pytest.importorskip("curvlinops")
    from scipy.sparse.linalg import eigsh

    network = small().double()
    batches = [(x.double(), y) for x, y in loader()]
    network.eval()  # its Hessian is of a function of the parameters alone
    row = measure.curvature(network, cross_entropy, batches, tolerance=1e-9)
    parameters = [p for p in network.parameters() if p.requires_grad]
    try:
        operator = curvlinops.HessianLinearOperator(
            network, nn.CrossEntropyLoss(), parameters, batches
        )
    except (TypeError, AttributeError):
        operator = curvlinops.HessianLinearOperator(
            network, nn.CrossEntropyLoss(), dict(network.named_parameters()), batches
        )
    matrix = operator.to_scipy() if hasattr(operator, "to_scipy") else operator
    (largest,), _ = eigsh(matrix, 1, which="LA")
    assert row["largest_eigenvalue"] == pytest.approx(largest, rel=1e-6)
