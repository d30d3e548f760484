"""The straightforward implementation, the reference of every benchmark.

Training: the same networks, batches, threads and dtype as ours, in the default memory
format, with a DataLoader, the modules of torch.nn, and an Lp norm in plain operations.
Probes: our networks, with a copy of the whole model per measurement.
"""

import copy

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader
from torchvision.datasets import CIFAR10
from torchvision.transforms import v2

from benchmarks import random_data
from normscape.models.vgg import BLOCKS

SCALES = {
    "l1": lambda y, dims: y.abs().mean(dims, keepdim=True),
    "l2": lambda y, dims: (y**2).mean(dims, keepdim=True).sqrt(),
    "linf": lambda y, dims: y.abs().amax(dims, keepdim=True),
}


class PlainLp(nn.Module):
    """Lp normalisation in plain operations; scale(y, dims) is one of ``SCALES``."""

    def __init__(self, features, scale):
        super().__init__()
        self.scale = scale
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))

    def forward(self, y):
        dims = [0, *range(2, y.dim())]
        shape = (1, -1, *[1] * (y.dim() - 2))
        mean = y.mean(dims, keepdim=True)
        scale = self.scale(y, dims)
        z = (y - mean) / (scale**2 + 1e-5).sqrt()
        return self.weight.view(shape) * z + self.bias.view(shape)


class PlainNoise(nn.Module):
    """Algorithm 1's noise in plain operations."""

    def forward(self, a):
        shape = (1, a.shape[1], *[1] * (a.dim() - 2))
        mu = torch.rand(shape) - 0.5
        sigma = 1 + 0.25 * torch.rand(shape)
        m = mu + 0.2 * (torch.rand(a.shape) - 0.5)
        s = sigma + 0.1 * torch.randn(a.shape)
        return s * a + m


def norm(name: str, features: int, dimensions: int) -> nn.Module:
    """The module for "none", "batch", "noisy_batch", "l1", "l2" or "linf"."""
    batch = nn.BatchNorm2d if dimensions == 4 else nn.BatchNorm1d
    if name in SCALES:
        return PlainLp(features, SCALES[name])
    return {
        "none": nn.Identity,
        "batch": lambda: batch(features),
        "noisy_batch": lambda: nn.Sequential(batch(features), PlainNoise()),
    }[name]()


def vgg(width: int, norm_name: str, channels: int, classes: int) -> nn.Module:
    """VGG-16's convolutions for 32x32 images, and a linear classifier."""
    layers = []
    for count, factor in BLOCKS:
        for _ in range(count):
            bias = norm_name == "none"
            layers.append(nn.Conv2d(channels, factor * width, 3, padding=1, bias=bias))
            layers.append(norm(norm_name, factor * width, 4))
            layers.append(nn.ReLU(inplace=True))
            channels = factor * width
        layers.append(nn.MaxPool2d(2))
    network = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels, classes))
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight)
    return network


def dln(depth: int, features: int, norm_name: str) -> nn.Module:
    """A deep linear network of the usual modules."""
    layers = []
    for number in range(1, depth + 1):
        layers.append(nn.Linear(features, features, bias=False))
        nn.init.xavier_normal_(layers[-1].weight)
        if number < depth:
            layers.append(norm(norm_name, features, 2))
    return nn.Sequential(*layers)


def cifar_loader(count: int, batch_size: int) -> DataLoader:
    """A DataLoader over torchvision's CIFAR10, filled with random images."""
    pixels, labels = random_data.images(count)
    dataset = CIFAR10.__new__(CIFAR10)
    dataset.data, dataset.targets = pixels.numpy(), labels.tolist()
    dataset.target_transform = None
    dataset.transform = v2.Compose(
        [
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([0.5] * 3, [0.25] * 3),
        ]
    )
    return DataLoader(dataset, batch_size, shuffle=True, drop_last=True)


def train_vgg(network: nn.Module, loader: DataLoader, lr: float) -> None:
    """One epoch of a standard PyTorch training loop."""
    optimizer = torch.optim.SGD(network.parameters(), lr=lr)
    for images, labels in loader:
        optimizer.zero_grad()
        outputs = network(images)
        loss = F.cross_entropy(outputs, labels)
        loss.backward()
        optimizer.step()
        loss.item()
        (outputs.argmax(1) == labels).float().mean().item()


def train_dln(network: nn.Module, inputs, targets, lr: float, steps: int) -> None:
    """Gradient descent on the summed squared error."""
    optimizer = torch.optim.SGD(network.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = ((network(inputs) - targets) ** 2).sum()
        loss.backward()
        optimizer.step()
        loss.item()


def ics(run) -> list[float]:
    """||G - G'|| of each layer, with a copy of the model and a whole pass per layer."""
    differences = []
    before = copy.deepcopy(run.network)
    _backward(run, before)
    moved = copy.deepcopy(run.network)
    _backward(run, moved)
    torch.optim.SGD(moved.parameters(), run.spec.lr).step()
    for number in range(len(run.network)):
        mixed = copy.deepcopy(run.network)
        mixed[:number].load_state_dict(moved[:number].state_dict())
        _backward(run, mixed)
        difference = (
            mixed[number].linear.weight.grad - before[number].linear.weight.grad
        )
        differences.append(float(difference.norm()))
    return differences


def landscape(run, step_sizes) -> list[float]:
    """||gradient change|| per step size, with a copy of the model and a whole pass for each."""
    changes = []
    gradient = _gradient(run, copy.deepcopy(run.network))
    for step_size in step_sizes:
        moved = copy.deepcopy(run.network)
        with torch.no_grad():
            for parameter, g in zip(moved.parameters(), gradient, strict=True):
                parameter -= step_size * g
        moved_gradient = _gradient(run, moved)
        pairs = zip(moved_gradient, gradient, strict=True)
        changes.append(sum(float(((a - b) ** 2).sum()) for a, b in pairs) ** 0.5)
    return changes


def _backward(run, network):
    inputs, targets = run.batch()
    network.zero_grad()
    network.loss(network(inputs), targets).backward()


def _gradient(run, network):
    _backward(run, network)
    return [parameter.grad for parameter in network.parameters()]
