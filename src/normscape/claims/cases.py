"""Cases: a claim about one network of the experiment and one normaliser."""

import dataclasses
from collections.abc import Iterator

import pandas as pd

from normscape import components
from normscape.claims.claim import Claim
from normscape.claims.selection import select_runs
from normscape.experiment import Experiment


@dataclasses.dataclass(frozen=True)
class Case:
    """A claim about one model and one subject.

    label : of the model, where the experiment has several of the claim's architecture.
    rates : the learning rate at which the claim is about each normaliser; None is all.
    """

    claim: Claim
    model: str
    subject: str
    label: str
    rates: dict[str, float | None]

    @property
    def norms(self) -> list[str]:
        """The subject, and the reference where there is one."""
        return [self.subject, *filter(None, [self.claim.reference])]

    @property
    def trained(self) -> list[str]:
        """The normalisers whose runs must have learnt."""
        return [self.subject if n == "subject" else n for n in self.claim.trained]

    @property
    def statement(self) -> str:
        label = components.declaration("norms", self.subject).get("label", self.subject)
        text = self.claim.statement.format(subject=label)
        return f"{text} ({self.label})" if self.label else text

    def select(self, values: pd.Series, norm: str) -> pd.Series:
        """The values of the case's runs of a normaliser, from those of all runs."""
        return select_runs(values, model=self.model, norm=norm, lr=self.rates[norm])


def list_cases(
    claims: list[Claim], experiment: Experiment, best_rates: dict
) -> Iterator[Case]:
    """Each claim about each model of its architecture and each of its subjects.

    A claim about an architecture that the experiment does not have is about a model of that
    name. best_rates : as ``values.best_rates`` gives them.
    """
    for claim in claims:
        models = [m.name for m in experiment.models_of(claim.model)]
        for model in models or [claim.model]:
            for subject in claim.subjects_in(experiment.norms):
                names = {subject, claim.reference, *claim.trained} - {None, "subject"}
                rates = {
                    norm: best_rates.get((model, norm)) if claim.best_lr else claim.lr
                    for norm in names
                }
                label = model if len(models) > 1 else ""
                yield Case(claim, model, subject, label, rates)
