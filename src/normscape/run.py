"""One training run of the grid, at one of its steps.

Training walks a run forward; probes set one up at a checkpoint and look around. Both
take the batch, the loss, the gradient and the update of a step from here, so that a
probe sees the very step that training took.
"""

import dataclasses
import functools

import torch

from normscape import models, norms
from normscape.randomness import StepNoise, generator


@dataclasses.dataclass(frozen=True)
class Spec:
    """All that determines a run, besides its data.

    network : settings of the model (``models.NAME.network`` in the config).
    norm_settings : keyword arguments of the normaliser.
    optimiser : batch_size (None: all samples at once), momentum, weight_decay.
    """

    model: str
    norm: str
    lr: float
    seed: int
    network: dict
    norm_settings: dict
    optimiser: dict

    @property
    def cell(self) -> tuple[str, str, float, int]:
        """(model, norm, lr, seed): the first columns of every table."""
        return self.model, self.norm, self.lr, self.seed


class Run:
    """A network with its data, optimizer and position (``step``) in training.

    Plain SGD on mini-batches: each epoch is a fresh permutation of the training set,
    cut into full batches; the rest of an epoch is dropped.
    """

    def __init__(self, spec: Spec, data: dict[str, torch.Tensor], device="cpu"):
        self.spec = spec
        self.device = torch.device(device)
        self.noise = StepNoise("noise", *spec.cell)
        norm = norms.load(spec.norm)

        def make_norm(features, layer):
            noise = functools.partial(self.noise.generator, layer)
            return norm(features, noise, **spec.norm_settings)

        network = models.build(spec.model, data, spec.network, make_norm, spec.seed)
        self.network = network.to(self.device, memory_format=torch.channels_last)
        self.parameters = list(self.network.parameters())
        self.velocity = [torch.zeros_like(p) for p in self.parameters]
        self._data = {name: tensor.to(self.device) for name, tensor in data.items()}
        samples = len(data["train_targets"])
        self._batch_size = spec.optimiser["batch_size"] or samples
        if self._batch_size > samples:
            raise ValueError(
                f"batch_size: found {self._batch_size}, allowed is up to "
                f"{samples}, the number of training samples"
            )
        self._permutation = functools.lru_cache(maxsize=1)(self._permutation)
        self._batch_at = functools.lru_cache(maxsize=1)(self._batch_at)
        self.step = 0

    @property
    def step(self) -> int:
        """The number of steps taken so far, and of the step to be taken next."""
        return self.noise.step

    @step.setter
    def step(self, step: int):
        self.noise.step = step

    def batch(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Inputs and targets of the current step."""
        return self._batch_at(self.step)

    def _batch_at(self, step):
        samples, size = len(self._data["train_targets"]), self._batch_size
        if size == samples:
            return self._rows("train", slice(None))
        epoch, position = divmod(step, samples // size)
        rows = self._permutation(epoch)[position * size : (position + 1) * size]
        return self._rows("train", rows)

    def _permutation(self, epoch):
        names = ("order", self.spec.model, self.spec.seed, epoch)
        samples = len(self._data["train_targets"])
        return torch.randperm(samples, generator=generator(*names)).to(self.device)

    def fixed_batch(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The first samples of the training set, as many as in a batch."""
        return self._rows("train", slice(self._batch_size))

    def test_batches(self, size: int = 500):
        """Yield inputs and targets of the test set, ``size`` at a time."""
        for start in range(0, len(self._data["test_targets"]), size):
            yield self._rows("test", slice(start, start + size))

    def _rows(self, part, rows):
        inputs = self._data[f"{part}_inputs"][rows]
        if "mean" in self._data:
            inputs = (inputs - self._data["mean"]) / self._data["deviation"]
        inputs = inputs.movedim(-1, 1) if inputs.dim() == 4 else inputs
        return inputs, self._data[f"{part}_targets"][rows]

    def penalty(self, layers) -> torch.Tensor | float:
        """weight_decay / 2 * the sum of the layers' squared weights."""
        factor = self.spec.optimiser["weight_decay"] / 2
        if not factor:
            return 0.0
        return factor * sum(layer.linear.weight.square().sum() for layer in layers)

    def loss_and_gradient(self, network=None):
        """Loss (with the penalty), network outputs and gradient at the current step.

        network : another network of the same shape, for instance a moved copy.
        Returns scalar, (batch, ...) and a list of tensors in parameter order.
        """
        network = network or self.network
        loss, outputs, gradient = network.loss_and_gradient(*self.batch())
        weight_decay = self.spec.optimiser["weight_decay"]
        if weight_decay:
            loss = loss + self.penalty(network).detach()
            weights = {id(layer.linear.weight) for layer in network}
            gradient = [
                g + weight_decay * p.detach() if id(p) in weights else g
                for g, p in zip(gradient, self._parameters_of(network), strict=True)
            ]
        return loss, outputs, gradient

    @torch.no_grad()
    def velocity_after(self, gradient) -> list[torch.Tensor]:
        """SGD's direction of descent: momentum * velocity + gradient."""
        momentum = self.spec.optimiser["momentum"]
        if not momentum:
            return gradient
        return torch._foreach_add(gradient, torch._foreach_mul(self.velocity, momentum))

    @torch.no_grad()
    def move(self, network, velocity) -> None:
        """theta <- theta - lr * velocity, in place."""
        parameters = self._parameters_of(network)
        torch._foreach_add_(parameters, velocity, alpha=-self.spec.lr)

    def _parameters_of(self, network):
        # Walking the modules for them takes a tenth of a small network's step.
        own = network is self.network
        return self.parameters if own else list(network.parameters())

    def advance(self, gradient) -> None:
        """Take the step."""
        self.velocity = self.velocity_after(gradient)
        self.move(self.network, self.velocity)
        self.step += 1
