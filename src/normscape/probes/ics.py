"""Internal covariate shift as a change of gradients (Definition 2.1, Figure 3)."""

from normscape.measure._ics import ics
from normscape.models.stages import stages
from normscape.probes._step import network_after_step, renamed
from normscape.training.run import Run


def measure(run: Run, **settings) -> dict[str, list[dict]]:
    """Measure internal covariate shift, on the step's own loss and the optimiser's next update.

    Parameters
    ----------
    run : Run
        At a checkpoint.
    **settings
        Settings of the probe.

    Returns
    -------
    dict[str, list[dict]]
        ``ics``: one row per layer.
    """
    arguments = run.network, run.loss, run.batch(), network_after_step(run)
    rows = ics(*arguments, stages=stages, **settings)
    return {"ics": renamed(rows, gradient_change="l2_difference")}
