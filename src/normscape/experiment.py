"""An experiment's models and normalisers, as figures, page and claims use them."""

import dataclasses
import itertools

# The colours of Okabe and Ito's palette that no shipped normaliser declares.
_FREE_COLOURS = ("#56B4E9", "#8C6D31", "#7B4173", "#637939", "#1F3B73")


@dataclasses.dataclass(frozen=True)
class Model:
    """A network of the config, with the declaration of its architecture.

    Attributes
    ----------
    name, architecture, label : str
        Name in the config, name of its file in ``models``, and label in figures.
    metric : {"accuracy", "loss"}
        The measure of progress in training.
    loss : str
        Name of the loss, for the label of its axis.
    layers : tuple[int, ...]
        Numbers of the layers that figures show, from 1.
    left_chance : dict
        The limit above chance (``workflow/schemas/components.schema.yaml``).
    data_by_seed : bool
        Whether each seed has its own data set.
    start : dict or None
        The checkpoint of another model's runs at which its runs start.
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
        """Steps of the moving average over training, because losses of batches are noisy.

        It decides figures, and verdicts at the same training loss.
        """
        return 10 if self.classifies else 1


@dataclasses.dataclass(frozen=True)
class Norm:
    """A normaliser of the config, with the label and colour of its lines.

    Attributes
    ----------
    name, label, colour : str
        Colours have the form "#RRGGBB".
    """

    name: str
    label: str
    colour: str


class Experiment:
    """Models and normalisers by name, in the order of the config.

    A normaliser without a declared colour gets the next free one.

    Parameters
    ----------
    models, norms : list[dict]
        As ``pipeline.config.description`` returns them.

    Attributes
    ----------
    models : dict[str, Model]
        Models that are trained from their initialisation.
    continuations : dict[str, Model]
        Models that start at a checkpoint of another one.
    norms : dict[str, Norm]
    """

    def __init__(self, models: list[dict], norms: list[dict]):
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
