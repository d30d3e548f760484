"""What figures, page and judge know of an experiment: its models and its normalisers."""

import dataclasses

# Okabe and Ito's palette has these left for normalisers that declare no colour.
_COLOURS = ("#56B4E9", "#8C6D31", "#7B4173", "#637939", "#1F3B73")


@dataclasses.dataclass(frozen=True)
class Model:
    """A network of the config; what its architecture declares (``parts.schema.yaml``)."""

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
        """Over how many steps training is averaged: losses of batches are noisy."""
        return 10 if self.classifies else 1


@dataclasses.dataclass(frozen=True)
class Norm:
    """A normaliser of the config; one that declares no colour gets the next free one."""

    name: str
    label: str
    colour: str


class Experiment:
    """Models and normalisers by name, in the order of the config."""

    def __init__(self, models: list[dict], norms: list[dict]):
        """As ``pipeline.config.description`` gives them."""
        self.models = {
            model["name"]: Model(**model | {"layers": tuple(model["layers"])})
            for model in models
        }
        without = [norm["name"] for norm in norms if not norm.get("colour")]
        self.norms = {
            norm["name"]: Norm(
                norm["name"],
                norm.get("label") or norm["name"],
                norm.get("colour")
                or _COLOURS[without.index(norm["name"]) % len(_COLOURS)],
            )
            for norm in norms
        }

    def models_of(self, architecture: str) -> list[Model]:
        """The models of an architecture; several may differ in width."""
        return [m for m in self.models.values() if m.architecture == architecture]

    def first(self, metric: str) -> Model | None:
        """The first model with this metric, for figures of one."""
        chosen = [m for m in self.models.values() if m.metric == metric]
        return chosen[0] if chosen else None
