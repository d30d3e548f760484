"""A second implementation of the experiment: slow, plain, in float64, from the paper.

A network is a function of a dict of parameters, a gradient is autograd's, and a network some
of whose layers have moved is another dict. It shares only the keyed random numbers with the
package. Images are (samples, channels, height, width), vectors (samples, features), and the
vision transformer's tokens (samples, features, tokens). The networks are the small ones of
``conftest.py``; normalisers have their default settings.
"""

import math

import numpy as np
import scipy.stats
import torch
import torch.nn.functional as F

from normscape.randomness import derive_seed, generator

# Normalisers, in training mode

PER_SAMPLE = ("layer", "group", "instance", "rms", "filter_response")
ON_WEIGHTS = ("weight", "scaled_weight_standardisation")


def normalise(norm, y, alpha=None):
    """(y - mean) / sqrt(s^2 + eps); s is the deviation, or the average p-norm of y itself."""
    if norm in PER_SAMPLE:
        return normalise_per_sample(norm, y)
    if norm == "affine":
        return y
    if norm == "dyt":
        return (alpha * y).tanh()
    over = [0, *range(2, y.dim())]
    mean = y.mean(over, keepdim=True)
    if norm == "mean_only":
        return y - mean
    if norm in ("batch", "noisy_batch", "variance"):
        square = (y - mean).square().mean(over, keepdim=True)
    elif norm == "l1":
        square = y.abs().mean(over, keepdim=True).square()
    elif norm == "l2":
        square = y.square().mean(over, keepdim=True)
    elif norm == "linf":
        square = y.square().amax(over, keepdim=True)
    return (y if norm == "variance" else y - mean) / (square + 1e-5).sqrt()


def normalise_per_sample(norm, y):
    """Normalise each sample over all features, over groups of them, or over each feature."""
    samples, features = y.shape[:2]
    groups = {"layer": 1, "rms": 1}.get(norm, features)
    if norm == "group":
        groups = next(g for g in (4, 3, 2, 1) if features % g == 0)
    x = y.reshape(samples, groups, -1)
    if norm in ("layer", "group", "instance"):
        x = x - x.mean(2, keepdim=True)
    eps = 1e-6 if norm == "filter_response" else 1e-5
    return (x / (x.square().mean(2, keepdim=True) + eps).sqrt()).reshape(y.shape)


def effective_weight(norm, weight, g, rectified):
    """The weight that is multiplied with; rectified: whether inputs have passed a ReLU."""
    units = weight.flatten(1)
    if norm == "scaled_weight_standardisation":
        units = units - units.mean(1, keepdim=True)
        g = g / math.sqrt(1 / 2 - 1 / (2 * math.pi)) if rectified else g
    units = units / units.square().sum(1, keepdim=True).sqrt()
    return (g.view(-1, 1) * units).view_as(weight)


def add_noise(a, draws):
    """s * a + m of Algorithm 1: n_mu = 0.5, n_sigma = 1.25, r_mu = r_sigma = 0.1.

    The numbers are drawn in float32, pixel by pixel with the channels last, or, for vectors,
    feature by feature.
    """
    mu = torch.empty(a.shape[1]).uniform_(-0.5, 0.5, generator=draws)
    sigma = torch.empty(a.shape[1]).uniform_(1, 1.25, generator=draws)
    drawn = a.t() if a.dim() == 2 else a.movedim(1, -1)
    m = torch.empty(drawn.shape).uniform_(-0.1, 0.1, generator=draws)
    s = torch.empty(drawn.shape).normal_(0, 0.1, generator=draws)
    m, s = (x.t() if a.dim() == 2 else x.movedim(-1, 1) for x in (m, s))
    m, s = m + as_channels(mu, a), s + as_channels(sigma, a)
    return s.double() * a + m.double()


def as_channels(vector, a):
    return vector.view(1, -1, *[1] * (a.dim() - 2))


# Networks. ``layer(x)`` applies the linear map and the normaliser of the next layer.


def vgg(layer, x):
    for block, convolutions in enumerate((2, 2, 3, 3, 3)):
        for _ in range(convolutions):
            x = layer(x).relu()
        if block < 4 and x.shape[-1] >= 4:
            x = F.max_pool2d(x, 2)
    return layer(x.amax((2, 3)))


def resnet(layer, x):
    x = layer(x).relu()
    for stride in (1, 2, 2):
        y = layer(layer(x, stride).relu())
        skipped = x[:, :, ::stride, ::stride]
        new_channels = y.shape[1] - x.shape[1]
        x = (y + F.pad(skipped, (0, 0, 0, 0, 0, new_channels))).relu()
    return layer(x.mean((2, 3)))


def vit(layer, x):
    """``layer(x)`` normalises x before the linear map, where the layer has a normaliser."""
    x = layer(x, 4).flatten(2)
    x = x + position_encoding(x.shape[1], x.shape[2]).double()
    for _ in range(2):
        q, k, v = layer(x).chunk(3, dim=1)
        heads = []
        for rows in torch.arange(q.shape[1]).chunk(2):
            scores = torch.einsum("sfi,sfj->sij", q[:, rows], k[:, rows])
            weights = (scores / math.sqrt(len(rows))).softmax(2)
            heads.append(torch.einsum("sij,sfj->sfi", weights, v[:, rows]))
        x = x + layer(torch.cat(heads, 1))
        hidden = layer(x)
        hidden = hidden * (1 + torch.erf(hidden / math.sqrt(2))) / 2
        x = x + layer(hidden)
    return layer(x).mean(2)


def position_encoding(features, tokens):
    """Sines and cosines of column and row, a quarter of the features each, in float32."""
    side = math.isqrt(tokens)
    encoding = torch.empty(features, tokens)
    for token in range(tokens):
        for number, (position, wave) in enumerate(
            (position, wave)
            for position in (token % side, token // side)
            for wave in (math.sin, math.cos)
        ):
            for i in range(features // 4):
                angle = position * 10 ** (-4 * i / (features // 4 - 1))
                encoding[number * (features // 4) + i, token] = wave(angle)
    return encoding


def dln(layer, x):
    for _ in range(5):
        x = layer(x)
    return x


NETWORKS = {"vgg": vgg, "resnet": resnet, "vit": vit, "dln": dln}
CHANNELS = {
    "vgg": (2, 2, 4, 4, 8, 8, 8, 16, 16, 16, 16, 16, 16),
    "resnet": (2, 2, 2, 4, 4, 8, 8),
}


def initial_parameters(model, norm, seed, inputs, outputs):
    """By (layer, name): He's normal initialisation, and Glorot's for DLN and ViT.

    inputs, outputs : numbers of channels, of classes or of features.
    """
    if model == "dln":
        shapes = [(inputs, inputs)] * 5
    elif model == "vit":
        block = [(24, 8), (8, 8), (32, 8), (8, 32)]
        shapes = [(8, inputs, 4, 4), *block, *block, (outputs, 8)]
    else:
        channels = (inputs, *CHANNELS[model])
        pairs = zip(channels[1:], channels[:-1], strict=True)
        shapes = [*((*pair, 3, 3) for pair in pairs), (outputs, channels[-1])]
    parameters = {}
    for number, shape in enumerate(shapes, start=1):
        fan_in, fan_out = math.prod(shape[1:]), shape[0]
        positions = math.prod(shape[2:])
        deviation = math.sqrt(2) / math.sqrt(fan_in)
        if model in ("dln", "vit"):
            deviation = math.sqrt(2 / (fan_in + fan_out * positions))
        draws = generator("weights", model, seed, number)
        weight = torch.empty(shape).normal_(0, deviation, generator=draws)
        parameters[number, "weight"] = weight.double()
        normalised = has_norm(model, number, len(shapes))
        on_activations = normalised and norm not in ("none", "noise", *ON_WEIGHTS)
        if model == "vit" or (model != "dln" and not on_activations):
            parameters[number, "bias"] = torch.zeros(fan_out).double()
        if on_activations:
            features = fan_in if model == "vit" else fan_out
            parameters[number, "gamma"] = torch.ones(features).double()
            parameters[number, "beta"] = torch.zeros(features).double()
        if normalised and norm == "dyt":
            parameters[number, "alpha"] = torch.tensor(0.5).double()
        if normalised and norm in ON_WEIGHTS:
            over = [*range(1, weight.dim())]
            lengths = torch.linalg.vector_norm(
                weight, dim=over
            )  # in float32, as trained
            g = lengths if norm == "weight" else torch.ones(fan_out)
            parameters[number, "g"] = g.double()
    return parameters


def has_norm(model, number, depth):
    """In the transformer every second layer, in the others all but the last."""
    return number % 2 == 0 if model == "vit" else number < depth


class Training:
    """A training, from its first step.

    optimiser : name, batch_size (None: all samples), l2_penalty; for SGD momentum. Adam has
        the constants of its paper.
    """

    def __init__(self, model, norm, lr, seed, optimiser, data):
        self.model, self.norm, self.lr, self.seed = model, norm, lr, seed
        self.optimiser = optimiser
        self.inputs, self.targets = data["train_inputs"].double(), data["train_targets"]
        classes = None
        if model == "dln":
            self.targets = self.targets.double()
        else:
            centred = self.inputs - data["mean"].double()
            self.inputs = (centred / data["deviation"].double()).permute(0, 3, 1, 2)
            classes = len(self.targets.unique())
        self.batch_size = optimiser["batch_size"] or len(self.inputs)
        self.parameters = initial_parameters(
            model, norm, seed, self.inputs.shape[1], classes
        )
        self.depth = max(number for number, _ in self.parameters)
        self.average = {k: torch.zeros_like(p) for k, p in self.parameters.items()}
        self.square = self.average
        self.step = 0

    def batch(self):
        if self.batch_size == len(self.inputs):
            return self.inputs, self.targets
        epoch, position = divmod(self.step, len(self.inputs) // self.batch_size)
        draws = generator("order", self.model, self.seed, epoch)
        rows = torch.randperm(len(self.inputs), generator=draws)
        rows = rows[position * self.batch_size :][: self.batch_size]
        return self.inputs[rows], self.targets[rows]

    def forward(self, parameters, inputs, step):
        """Outputs, and per layer its values before and after the normaliser."""
        passed = []

        def layer(x, stride=1):
            number = len(passed) + 1
            layer_parameters = {
                name: p for (n, name), p in parameters.items() if n == number
            }
            weight = layer_parameters["weight"]
            if "g" in layer_parameters:
                rectified = number > 1 and self.model in ("vgg", "resnet")
                weight = effective_weight(
                    self.norm, weight, layer_parameters["g"], rectified
                )
            if self.model == "vit":
                x = self.apply_norm(x, layer_parameters, step, number)
            if x.dim() == 4:
                padding = 0 if self.model == "vit" else 1
                y = F.conv2d(x, weight, layer_parameters.get("bias"), stride, padding)
            elif x.dim() == 3:
                y = torch.einsum("of,sft->sot", weight, x) + layer_parameters[
                    "bias"
                ].view(-1, 1)
            else:
                y = F.linear(x, weight, layer_parameters.get("bias"))
            a = y
            if self.model != "vit":
                a = self.apply_norm(y, layer_parameters, step, number)
            passed.append((y, a))
            return a

        return NETWORKS[self.model](layer, inputs), passed

    def apply_norm(self, y, layer_parameters, step, number):
        a = y
        if "gamma" in layer_parameters:
            rows = y
            if y.dim() == 3 and self.norm in ("layer", "group", "rms"):  # by token
                rows = y.movedim(1, 2).flatten(0, 1)
            a = normalise(self.norm, rows, layer_parameters.get("alpha"))
            a = as_channels(layer_parameters["gamma"], a) * a + as_channels(
                layer_parameters["beta"], a
            )
            if rows is not y:
                a = a.unflatten(0, (len(y), -1)).movedim(1, 2)
        noisy = self.norm in ("noise", "noisy_batch")
        if noisy and has_norm(self.model, number, self.depth):
            names = self.model, self.norm, self.lr, self.seed, step, number
            a = add_noise(a, generator("noise", *names))
        return a

    def loss_and_gradient(self, parameters):
        """Of the step's batch, with the penalty on the weights."""
        parameters = {k: p.clone().requires_grad_() for k, p in parameters.items()}
        inputs, targets = self.batch()
        outputs, _ = self.forward(parameters, inputs, self.step)
        if self.model == "dln":
            loss = (outputs - targets).square().sum()
        else:
            right = outputs[range(len(targets)), targets]
            loss = (outputs.logsumexp(1) - right).mean()
        weights = [p for (_, name), p in parameters.items() if name == "weight"]
        squares = sum(weight.square().sum() for weight in weights)
        loss = loss + self.optimiser["l2_penalty"] / 2 * squares
        gradient = torch.autograd.grad(loss, list(parameters.values()))
        return float(loss.detach()), dict(zip(parameters, gradient, strict=True))

    def next_state(self):
        """The next parameters, and averages of the gradient and of its square."""
        _, g = self.loss_and_gradient(self.parameters)
        square = self.square
        if self.optimiser["name"] == "SGD":
            momentum = self.optimiser.get("momentum", 0)
            average = {k: momentum * self.average[k] + g[k] for k in g}
            update = average
        else:
            average = {k: 0.9 * self.average[k] + 0.1 * g[k] for k in g}
            square = {k: 0.999 * square[k] + 0.001 * g[k] ** 2 for k in g}
            first_correction, second_correction = (
                1 - beta ** (self.step + 1) for beta in (0.9, 0.999)
            )
            update = {
                k: average[k]
                / first_correction
                / ((square[k] / second_correction).sqrt() + 1e-8)
                for k in g
            }
        moved = {k: p - self.lr * update[k] for k, p in self.parameters.items()}
        return moved, average, square

    def advance(self):
        self.parameters, self.average, self.square = self.next_state()
        self.step += 1

    # The rows of the probes' tables

    def internal_covariate_shift(self, names):
        """Definition 2.1 for the parameters of these names, by a whole network per layer."""
        before, (after, _, _) = self.parameters, self.next_state()
        _, old = self.loss_and_gradient(before)
        rows = []
        for number in range(1, self.depth + 1):
            mixed = {k: after[k] if k[0] < number else before[k] for k in before}
            _, new = self.loss_and_gradient(mixed)
            keys = [k for k in before if k[0] == number and k[1] in names]
            rows.append(
                {"layer": number}
                | compare(
                    {k: new[k] for k in keys},
                    {k: old[k] for k in keys},
                    "l2_difference",
                )
            )
        return rows

    def landscape(self, step_sizes, random_directions, relative_step_sizes):
        """Losses and gradients at theta - eta * d (Section 3.2)."""
        start_loss, g = self.loss_and_gradient(self.parameters)
        directions = [("gradient", 0, g, step_sizes)]
        for draw in range(random_directions):
            d = self.gaussian("direction", draw, self.parameters)
            d = {k: d[k] * (length(g) / length(d)) for k in d}
            directions.append(("random", draw, d, step_sizes))
        for draw in range(random_directions):
            weights = {k: p for k, p in self.parameters.items() if k[1] == "weight"}
            d = self.gaussian("relative direction", draw, weights)
            d = {k: d[k] * (weights[k].norm() / d[k].norm()) for k in d}
            directions.append(("relative", draw, d, relative_step_sizes))
        rows = []
        for kind, draw, d, sizes in directions:
            for size in sizes:
                moved = {
                    k: p - size * d[k] if k in d else p
                    for k, p in self.parameters.items()
                }
                loss, gradient = self.loss_and_gradient(moved)
                displacement = {k: moved[k] - p for k, p in self.parameters.items()}
                rows.append(
                    {"direction": kind, "draw": draw, "step_size": size}
                    | {
                        "loss": loss,
                        "start_loss": start_loss,
                        "distance": length(displacement),
                    }
                    | compare(gradient, g, "gradient_change")
                )
        return rows

    def gaussian(self, name, draw, parameters):
        draws = generator(name, self.model, self.seed, self.step, draw)
        return {
            k: torch.randn(p.shape, generator=draws).double()
            for k, p in parameters.items()
        }

    def moments(self):
        before = self.activations(self.parameters, self.step)
        after = self.activations(self.next_state()[0], self.step + 1)
        rows = []
        for key, values in before.items():
            layer, scope, unit = key
            rows.append(
                {
                    "layer": layer,
                    "scope": scope,
                    "unit": unit,
                    "mean": values.mean(),
                    "variance": values.var(),
                    "skewness": scipy.stats.skew(values),
                    "next_mean": after[key].mean(),
                    "next_variance": after[key].var(),
                }
            )
        return rows

    def histograms(self, bins):
        rows = []
        activations = self.activations(self.parameters, self.step)
        for (layer, scope, unit), values in activations.items():
            if scope == "input":
                continue
            key = {"layer": layer, "scope": scope, "unit": unit}
            densities, edges = np.histogram(values, bins, density=True)
            for left, right, density in zip(edges, edges[1:], densities, strict=False):
                rows.append(key | {"left": left, "right": right, "density": density})
        return rows

    def activations(self, parameters, step):
        """Values by (layer, scope, unit), before the nonlinearity."""
        _, passed = self.forward(parameters, self.inputs[: self.batch_size], step)
        values = {}
        for number, (y, a) in enumerate(passed, start=1):
            unit = derive_seed("unit", self.model, number) % a.shape[1]
            values[number, "unit", unit] = a[:, unit].numpy().ravel()
            values[number, "layer", None] = a.numpy().ravel()
            values[number, "input", unit] = y[:, unit].numpy().ravel()
        return values


def vector(tensors):
    return torch.cat([p.flatten() for p in tensors.values()])


def length(tensors):
    return float(vector(tensors).norm())


def compare(new, old, difference):
    """Distance and cosine of two gradients, and the norm of the old one."""
    new, old = vector(new), vector(old)
    return {
        difference: float((new - old).norm()),
        "cosine": float(new @ old / new.norm() / old.norm()),
        "gradient_norm": float(old.norm()),
    }
