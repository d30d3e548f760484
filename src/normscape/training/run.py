"""One training run of the grid, at one of its steps.

Training advances a run; measurements open one at a checkpoint. Both take the batch, the loss, the
gradient and the update of a step from here, so that a measurement sees the same step as training.
"""

import dataclasses
import functools

import torch

from normscape import models, norms, optimisers
from normscape.randomness import generator

# Keys of the config's ``optimiser`` that are not settings of the optimiser itself.
_RUN_SETTINGS = ("name", "batch_size", "l2_penalty")


@dataclasses.dataclass(frozen=True)
class Spec:
    """Everything that determines a run, except its data.

    Attributes
    ----------
    model : str
        The config's name for the network. Random numbers depend on the architecture instead, so
        that a model can be renamed.
    architecture : str
        ``NAME`` of ``models/NAME.py``.
    norm : str
        ``NAME`` of ``norms/NAME.py``.
    lr : float
        Learning rate.
    seed : int
    network : dict
        Settings of the architecture (``models.NAME.network`` in the config).
    norm_settings : dict
        Keyword arguments of the normaliser.
    optimiser : dict
        ``name``, ``batch_size`` (None for all samples), ``l2_penalty``, and the settings of the
        optimiser.
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

    With mini-batches, each epoch is a new permutation of the training set, cut into full batches;
    the rest of an epoch is dropped.

    Parameters
    ----------
    spec : Spec
    data : dict[str, torch.Tensor]
        Tensors of the data set (``normscape.datasets``).
    device : str or torch.device

    Attributes
    ----------
    network : normscape.models.network.Network
    optimiser : torch.optim.Optimizer
    step : int
        Number of steps taken so far.

    Raises
    ------
    ValueError
        If a batch is larger than the training set.
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
        self.optimiser = self.make_optimiser(self.network)
        self._data = {name: tensor.to(self.device) for name, tensor in data.items()}
        samples = len(data["train_targets"])
        self._batch_size = spec.optimiser["batch_size"] or samples
        if self._batch_size > samples:
            raise ValueError(
                f"batch_size: expected at most {samples}, the number of training "
                f"samples, got {self._batch_size}; choose a smaller one"
            )
        self._latest_order = None, None  # an epoch and its permutation
        self._latest_batch = None, None  # a step and its batch
        self.step = 0

    def make_optimiser(self, network: torch.nn.Module) -> torch.optim.Optimizer:
        """The run's optimiser, without a state, for the parameters of a network."""
        settings = {
            key: value
            for key, value in self.spec.optimiser.items()
            if key not in _RUN_SETTINGS
        }
        name = self.spec.optimiser["name"]
        parameters = list(network.parameters())
        return optimisers.build(name, parameters, self.spec.lr, settings)

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
        """The batch of the current step.

        Returns
        -------
        inputs, targets : torch.Tensor
            Images have shape (batch, channels, height, width), vectors (batch, features).
        """
        if self._latest_batch[0] != self.step:
            self._latest_batch = self.step, self._take_batch(self.step)
        return self._latest_batch[1]

    def _take_batch(self, step):
        samples, size = len(self._data["train_targets"]), self._batch_size
        if size == samples:
            return self._rows("train", slice(None))
        epoch, position = divmod(step, samples // size)
        if self._latest_order[0] != epoch:
            draws = generator("order", self.spec.architecture, self.spec.seed, epoch)
            order = torch.randperm(samples, generator=draws).to(self.device)
            self._latest_order = epoch, order
        rows = self._latest_order[1][position * size : (position + 1) * size]
        return self._rows("train", rows)

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
        """Convert a floating-point tensor to the network's precision, only when it is used."""
        dtype = self.parameters[0].dtype
        return tensor.to(dtype) if tensor.is_floating_point() else tensor

    def to(self, dtype: torch.dtype) -> "Run":
        """This run, converted to another precision; its noise keeps its values."""
        self.network.to(dtype)
        self._latest_batch = None, None
        # Loading takes each parameter's precision for its state.
        self.optimiser.load_state_dict(self.optimiser.state_dict())
        return self

    def loss(self, network, inputs, targets) -> torch.Tensor:
        """The training loss of a batch: the network's loss plus the L2 penalty.

        Parameters
        ----------
        network : normscape.models.network.Network
        inputs, targets : torch.Tensor

        Returns
        -------
        torch.Tensor
            A scalar.
        """
        return network.loss(network(inputs), targets) + self.penalty(network)

    def penalty(self, network) -> torch.Tensor | float:
        """The L2 penalty of a network's weights, a part of the loss; 0.0 without one."""
        factor = self.spec.optimiser["l2_penalty"] / 2
        if not factor:
            return 0.0
        return factor * sum(weight.square().sum() for weight in network.weights)

    def loss_and_gradient(self):
        """Loss, outputs and gradient on the batch of the current step.

        Returns
        -------
        loss : torch.Tensor
            A scalar, with the L2 penalty.
        outputs : torch.Tensor
            Of shape (batch, ...).
        gradient : tuple[torch.Tensor, ...]
            In the order of ``parameters``.
        """
        inputs, targets = self.batch()
        outputs = self.network(inputs)
        loss = self.network.loss(outputs, targets) + self.penalty(self.network)
        gradient = torch.autograd.grad(loss, self.parameters)
        return loss.detach(), outputs.detach(), gradient

    def advance(self, gradient) -> None:
        """Take the optimiser's step along a gradient."""
        for parameter, its_gradient in zip(self.parameters, gradient, strict=True):
            parameter.grad = its_gradient
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.step += 1
