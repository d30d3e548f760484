"""Small runs that many tests use."""

import pytest
import torch

from normscape.run import Run, Spec

# One thread, as in the jobs: tests are many small computations.
torch.set_num_threads(1)

NETWORKS = {
    "vgg": {"width": 2, "fc_widths": [], "initialisation": "he_normal"},
    "dln": {"depth": 5, "normalise_last": False, "initialisation": "glorot_normal"},
}
OPTIMISER = {"momentum": 0, "weight_decay": 0}
BATCH_SIZES = {"vgg": 32, "dln": None}


@pytest.fixture
def make_data():
    """make_data(model): 70 small images with four labels, or a linear problem."""

    def make(model="vgg"):
        draws = torch.Generator().manual_seed(5)
        if model == "dln":
            return {
                "train_inputs": torch.randn(40, 6, generator=draws),
                "train_targets": torch.randn(40, 6, generator=draws),
            }
        return {
            "train_inputs": torch.randn(70, 16, 16, 1, generator=draws),
            "train_targets": torch.arange(70) % 4,
            "test_inputs": torch.randn(30, 16, 16, 1, generator=draws),
            "test_targets": torch.arange(30) % 4,
        }

    return make


@pytest.fixture
def make_run(make_data):
    """make_run(model, norm, lr, seed, device, **optimiser): a small run at step 0."""

    def make(model="vgg", norm="batch", lr=0.1, seed=0, device="cpu", **optimiser):
        optimiser = OPTIMISER | {"batch_size": BATCH_SIZES[model]} | optimiser
        spec = Spec(model, norm, lr, seed, NETWORKS[model], {}, optimiser)
        return Run(spec, make_data(model), device)

    return make
