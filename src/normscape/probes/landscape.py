"""The optimisation landscape along a direction (Section 3.2, Figures 4 and 10 to 13)."""

from normscape.measure._landscape import landscape
from normscape.models.stages import stages
from normscape.training.run import Run


def measure(run: Run, **settings) -> dict[str, list[dict]]:
    """The landscape of the step's own loss.

    Random directions are keyed by (architecture, seed, step, draw), so that they are the
    same, up to their lengths, for norms whose parameters have the same shapes.
    """
    names = run.spec.architecture, run.spec.seed, run.step
    arguments = run.network, run.loss, run.batch()
    rows = landscape(*arguments, names=names, stages=stages, **settings)
    return {"landscape": rows}
