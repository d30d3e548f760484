"""One training run of the grid, at one of its steps.

Training walks a run forward; probes set one up at a checkpoint and look around. Both
take the batch, the loss, the gradient and the update of a step from here, so that a
probe sees the very step that training took.
"""

import dataclasses
import functools

import torch

from normscape import models, norms, optimisers
from normscape.randomness import generator

# Keys of the config's ``optimiser`` that are not settings of the optimiser itself.
_OF_THE_RUN = ("name", "batch_size", "weight_decay")


@dataclasses.dataclass(frozen=True)
class Spec:
    """All that determines a run, besides its data.

    model : the config's name for the network. It is a name only: random numbers follow
        from the architecture, so that a model can be renamed.
    architecture : the network's part, a file of ``models``.
    network : settings of the architecture (``models.NAME.network`` in the config).
    norm_settings : keyword arguments of the normaliser.
    optimiser : name, batch_size (None: all samples at once), weight_decay, and the
        settings of the optimiser.
    """

    model: str
    architecture: str
    norm: str
    lr: float
    seed: int
    network: dict
    norm_settings: dict
    optimiser: dict

    @property
    def cell(self) -> dict:
        """model, norm, lr, seed: the first columns of every table."""
        return {
            "model": self.model,
            "norm": self.norm,
            "lr": self.lr,
            "seed": self.seed,
        }


class Run:
    """A network with its data, optimiser and position (``step``) in training.

    Steps on mini-batches: each epoch is a fresh permutation of the training set, cut into
    full batches; the rest of an epoch is dropped.
    """

    def __init__(self, spec: Spec, data: dict[str, torch.Tensor], device="cpu"):
        self.spec = spec
        self.device = torch.device(device)
        norm = functools.partial(norms.load(spec.norm), **spec.norm_settings)
        network = models.build(spec.architecture, data, spec.network, norm, spec.seed)
        names = "noise", spec.architecture, spec.norm, spec.lr, spec.seed
        self._random_normalisers = []
        for number, layer in enumerate(network.layers, start=1):
            for normaliser in norms.random_normalisers(layer):
                normaliser.names, normaliser.layer = names, number
                self._random_normalisers.append(normaliser)
        self.network = network.to(self.device, memory_format=torch.channels_last)
        self.parameters = list(self.network.parameters())
        settings = {k: v for k, v in spec.optimiser.items() if k not in _OF_THE_RUN}
        self.optimiser = optimisers.build(spec.optimiser["name"], settings)
        self.optimiser_state = self.optimiser.init(self.parameters)
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
        return self._step

    @step.setter
    def step(self, step: int):
        self._step = step
        for normaliser in self._random_normalisers:
            normaliser.step = step

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
        names = ("order", self.spec.architecture, self.spec.seed, epoch)
        samples = len(self._data["train_targets"])
        return torch.randperm(samples, generator=generator(*names)).to(self.device)

    def fixed_batch(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The first samples of the training set, as many as in a batch."""
        return self._rows("train", slice(self._batch_size))

    def training_batches(self, count: int):
        """Yield inputs of the training set from its start, at most ``count`` batches."""
        samples = len(self._data["train_targets"])
        for start in range(0, samples - self._batch_size + 1, self._batch_size)[:count]:
            yield self._rows("train", slice(start, start + self._batch_size))[0]

    def test_batches(self, size: int = 500):
        """Yield inputs and targets of the test set, ``size`` at a time."""
        for start in range(0, len(self._data["test_targets"]), size):
            yield self._rows("test", slice(start, start + size))

    def _rows(self, part, rows):
        inputs = self._in_precision(self._data[f"{part}_inputs"][rows])
        if "mean" in self._data:
            mean, deviation = self._data["mean"], self._data["deviation"]
            inputs = inputs - self._in_precision(mean)
            inputs /= self._in_precision(deviation)
        inputs = inputs.movedim(-1, 1) if inputs.dim() == 4 else inputs
        return inputs, self._in_precision(self._data[f"{part}_targets"][rows])

    def _in_precision(self, tensor):
        """As the network computes; of a data set only what is looked at is converted."""
        dtype = self.parameters[0].dtype
        return tensor.to(dtype) if tensor.is_floating_point() else tensor

    def to(self, dtype: torch.dtype) -> "Run":
        """This run, from here on in another precision; its noise stays the same numbers."""
        self.network.to(dtype)
        self._batch_at.cache_clear()
        self.optimiser_state = {
            name: [tensor.to(dtype) for tensor in tensors]
            for name, tensors in self.optimiser_state.items()
        }
        return self

    def penalty(self, network) -> torch.Tensor | float:
        """weight_decay / 2 * the sum of the squared weights of a network's layers."""
        factor = self.spec.optimiser["weight_decay"] / 2
        if not factor:
            return 0.0
        return factor * sum(w.square().sum() for w in network.weights)

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
            weights = set(map(id, network.weights))
            gradient = [
                g + weight_decay * p.detach() if id(p) in weights else g
                for g, p in zip(gradient, self._parameters_of(network), strict=True)
            ]
        return loss, outputs, gradient

    def step_for(self, gradient) -> list[torch.Tensor]:
        """The optimiser's step for a gradient, in units of the learning rate."""
        return self.optimiser.update(gradient, self.optimiser_state)[0]

    @torch.no_grad()
    def move(self, network, step) -> None:
        """theta <- theta - lr * step, in place."""
        parameters = self._parameters_of(network)
        torch._foreach_add_(parameters, step, alpha=-self.spec.lr)

    def _parameters_of(self, network):
        # Walking the modules for them takes a tenth of a small network's step.
        own = network is self.network
        return self.parameters if own else list(network.parameters())

    def advance(self, gradient) -> None:
        """Take the step."""
        step, self.optimiser_state = self.optimiser.update(
            gradient, self.optimiser_state
        )
        self.move(self.network, step)
        self.step += 1
