"""Which models, normalisers, learning rates and layers a figure shows."""

from normscape.experiment import Experiment, Model
from normscape.figures import style


def choose_models(table, experiment: Experiment) -> list[Model]:
    """The models that a table has rows of; all of them where it is empty."""
    models = list(experiment.models.values())
    return [model for model in models if (table.model == model.name).any()] or models


def measured_norms(table, experiment: Experiment):
    """The normalisers that a table has rows of, in the experiment's order."""
    measured = set(table.norm)
    return [norm for norm in experiment.norms.values() if norm.name in measured]


def choose_norms(experiment: Experiment, *names: str):
    """The normalisers of these names, and all that are not in the paper."""
    return [
        norm
        for norm in experiment.norms.values()
        if norm.name in names or norm.name not in style.NORMS_OF_THE_PAPER
    ]


def choose_lrs(table) -> list:
    """The first two learning rates of a table, in the order of the config."""
    return list(table.lr.unique()[:2])


def choose_lr(table, model: str | None):
    """The first learning rate of a model, for figures of one; None where it has no rows."""
    rows = table[table.model == model]
    return rows.lr.iloc[0] if len(rows) else None


def choose_layers(table, model: Model | None, layers: dict[str, tuple[int, ...]]):
    """The layers given for the model's architecture, else those that the model declares.

    table : has a column ``layer``. A network that lacks some of these layers, such as a
    shallower VGG, shows as many others, evenly spaced.

    >>> import pandas as pd
    >>> vgg = Model("vgg", "vgg", "VGG", "accuracy", "", (5, 10), {}, data_by_seed=False)
    >>> for depth in (14, 9):
    ...     table = pd.DataFrame({"model": "vgg", "layer": range(1, depth + 1)})
    ...     choose_layers(table, vgg, layers={})
    (5, 10)
    (3, 7)
    """
    if model is None:
        return next(iter(layers.values()))
    wanted = layers.get(model.architecture, model.layers)
    available = sorted(table.layer[table.model == model.name].unique())
    if not available or {*wanted} <= {*available}:
        return wanted
    count = min(len(wanted), len(available))
    middles = (int((i + 0.5) * len(available) / count) for i in range(count))
    return tuple(int(available[middle]) for middle in middles)
