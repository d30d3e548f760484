"""Internal covariate shift as a change of gradients (Definition 2.1, Figure 3)."""

from normscape.measure._ics import ics
from normscape.models.stages import stages
from normscape.probes._step import network_after_step
from normscape.training.run import Run


def measure(run: Run, **settings) -> dict[str, list[dict]]:
    """The shift of the step's own loss by the update that the optimiser makes next."""
    arguments = run.network, run.loss, run.batch(), network_after_step(run)
    return {"ics": ics(*arguments, stages=stages, **settings)}
