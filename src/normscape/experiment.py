"""An experiment's models and normalisers, as figures, page and claims use them."""

import dataclasses
import itertools

# The colours of Okabe and Ito's palette that no shipped normaliser declares.
_FREE_COLOURS = ("#56B4E9", "#8C6D31", "#7B4173", "#637939", "#1F3B73")


@dataclasses.dataclass(frozen=True)
class Model:
    """A network of the config, with what its architecture declares (``components.schema.yaml``)."""

    name: str
    architecture: str
    label: str
    metric: str
    loss: str
    layers: tuple[int, ...]
    left_chance: dict

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
    """Models and normalisers by name, in the order of the config."""

    def __init__(self, models: list[dict], norms: list[dict]):
        """Take the lists that ``pipeline.config.description`` returns.

        A normaliser without a colour gets the next free one.
        """
        self.models = {
            model["name"]: Model(**model | {"layers": tuple(model["layers"])})
            for model in models
        }
        free_colours = itertools.cycle(_FREE_COLOURS)
        self.norms = {
            norm["name"]: Norm(
                norm["name"],
                norm.get("label") or norm["name"],
                norm.get("colour") or next(free_colours),
            )
            for norm in norms
        }

    def models_of(self, architecture: str) -> list[Model]:
        """The models of an architecture; several may differ in width."""
        return [m for m in self.models.values() if m.architecture == architecture]

    def first_model(self, metric: str) -> Model | None:
        """The first model with this metric, for figures of one model; None without any."""
        models = (m for m in self.models.values() if m.metric == metric)
        return next(models, None)
