"""The optimisation landscape along a direction (Section 3.2, Figures 4 and 10 to 13)."""

from normscape.measure._landscape import landscape
from normscape.models.stages import stages
from normscape.training.run import Run


def measure(run: Run, **settings) -> dict[str, list[dict]]:
    """Measure the landscape of the step's own loss.

    The key of random directions is (architecture, seed, step, draw). They are the same, up to their
    lengths, for normalisers whose parameters have the same shapes.

    Parameters
    ----------
    run : Run
        At a checkpoint.
    **settings
        Settings of the probe.

    Returns
    -------
    dict[str, list[dict]]
        ``landscape``: one row per direction and step size.
    """
    seed = run.spec.architecture, run.spec.seed, run.step
    arguments = run.network, run.loss, run.batch()
    rows = landscape(*arguments, seed=seed, stages=stages, **settings)
    return {"landscape": rows}
