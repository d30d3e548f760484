"""Cases: a claim about one network of the experiment and one normaliser."""

import dataclasses
from collections.abc import Iterator

import pandas as pd

from normscape import components, parametrisations
from normscape.claims.claim import Claim
from normscape.claims.quantities import QUANTITIES
from normscape.claims.selection import select_runs
from normscape.claims.values import measured_at_checkpoints
from normscape.experiment import Experiment

# The tables of quantities, and those that hold the same columns for each parametrisation.
SAME_FUNCTION_TABLES = {
    "landscape": "same_function",
    "landscape_ranges": "same_function_ranges",
    "ics": "same_function_ics",
    "curvature": "same_function_curvature",
}


@dataclasses.dataclass(frozen=True)
class Case:
    """A claim about one model and one subject.

    label : of the model, where the experiment has several of the claim's architecture.
    rates : the learning rate at which the claim is about each normaliser; None is all.
    paired : whether the runs of a seed share more than its initial weights and batches: a
        data set of the seed's own, or the checkpoint at which they are compared or start.
    """

    claim: Claim
    model: str
    subject: str
    label: str
    rates: dict[str, float | None]
    paired: bool

    @property
    def norms(self) -> list[str]:
        """The subject, and the reference where there is one."""
        return [self.subject, *filter(None, [self.claim.reference])]

    @property
    def at_same_function(self) -> bool:
        return is_at_same_function(self.claim)

    @property
    def trained_norms(self) -> list[str]:
        """The normalisers of the runs that are compared, or whose functions are."""
        return [self.claim.place] if self.at_same_function else self.norms

    @property
    def trained(self) -> list[str]:
        """The normalisers whose runs must have learnt."""
        return [self.subject if n == "subject" else n for n in self.claim.trained]

    @property
    def statement(self) -> str:
        if self.at_same_function and self.subject != "batch":
            label = parametrisations.LABELS[self.subject]
        else:
            declared = components.declaration("norms", self.subject)
            label = declared.get("label", self.subject)
        text = self.claim.statement.format(subject=label)
        return f"{text} ({self.label})" if self.label else text

    def select(self, values: pd.Series, norm: str) -> pd.Series:
        """The values of the case's runs of a normaliser, from those of all runs."""
        return select_runs(values, model=self.model, norm=norm, lr=self.rates[norm])


def is_at_same_function(claim: Claim) -> bool:
    """Whether a claim compares parametrisations of one function."""
    return claim.place is not None and measured_at_checkpoints(
        QUANTITIES[claim.quantity]
    )


def list_cases(
    claims: list[Claim], experiment: Experiment, best_rates: dict
) -> Iterator[Case]:
    """Each claim about each model of its architecture and each of its subjects.

    A claim about an architecture that the experiment does not have is about a model of that
    name. A claim about training from a place is about the models that start there, or, where
    there are none, about a model that the experiment does not have.
    best_rates : as ``quantities.best_rates`` gives them.
    """
    for claim in claims:
        absent = claim.model
        if claim.place is None or is_at_same_function(claim):
            compared = experiment.models_of(claim.model)
        else:
            compared = experiment.continuations_of(claim.model, claim.place)
            absent = f"{claim.model}_from_{claim.place}"
        models = {m.name: m.data_by_seed for m in compared}
        for model, data_by_seed in (models or {absent: False}).items():
            for subject in claim.subjects_in(experiment.norms):
                names = {subject, claim.reference, claim.place, *claim.trained}
                names -= {None, "subject"}
                rates = {
                    norm: best_rates.get((model, norm)) if claim.best_lr else claim.lr
                    for norm in names
                }
                label = model if len(models) > 1 else ""
                paired = claim.place is not None or data_by_seed
                yield Case(claim, model, subject, label, rates, paired)
