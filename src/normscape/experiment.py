"""An experiment's models and normalisers, as figures, page and claims use them."""

import dataclasses
import itertools

# The colours of Okabe and Ito's palette that no shipped normaliser declares.
_FREE_COLOURS = ("#56B4E9", "#8C6D31", "#7B4173", "#637939", "#1F3B73")


@dataclasses.dataclass(frozen=True)
class Model:
    """A network of the config, with what its architecture declares (``components.schema.yaml``).

    data_by_seed : whether each seed has a data set of its own.
    start : the checkpoint of another model's runs at which its runs start, or None.
    """

    name: str
    architecture: str
    label: str
    metric: str
    loss: str
    layers: tuple[int, ...]
    left_chance: dict
    data_by_seed: bool
    start: dict | None = None

    @property
    def classifies(self) -> bool:
        return self.metric == "accuracy"

    @property
    def smoothing(self) -> int:
        """Steps of the moving average over training, because losses of batches are noisy."""
        return 10 if self.classifies else 1


@dataclasses.dataclass(frozen=True)
class Norm:
    """A normaliser of the config, with the label and colour of its lines."""

    name: str
    label: str
    colour: str


class Experiment:
    """Models and normalisers by name, in the order of the config.

    models : those that are trained from their initialisation. continuations : those that
    start at a checkpoint of another.
    """

    def __init__(self, models: list[dict], norms: list[dict]):
        """Take the lists that ``pipeline.config.description`` returns.

        A normaliser without a colour gets the next free one.
        """
        described = [Model(**m | {"layers": tuple(m["layers"])}) for m in models]
        self.models = {m.name: m for m in described if not m.start}
        self.continuations = {m.name: m for m in described if m.start}
        free_colours = itertools.cycle(_FREE_COLOURS)
        self.norms = {
            norm["name"]: Norm(
                norm["name"],
                norm.get("label") or norm["name"],
                norm.get("colour") or next(free_colours),
            )
            for norm in norms
        }

    @property
    def all_models(self) -> dict[str, Model]:
        return self.models | self.continuations

    def models_of(self, architecture: str) -> list[Model]:
        """The models of an architecture; several may differ in width."""
        return [m for m in self.models.values() if m.architecture == architecture]

    def continuations_of(self, architecture: str, norm: str) -> list[Model]:
        """The models of an architecture that start at a normaliser's checkpoint."""
        return [
            m
            for m in self.continuations.values()
            if m.architecture == architecture and m.start["norm"] == norm
        ]

    def first_model(self, metric: str) -> Model | None:
        """The first model with this metric, for figures of one model; None without any."""
        models = (m for m in self.models.values() if m.metric == metric)
        return next(models, None)
