"""Curvature of the training loss (Cohen et al. 2021; Ghorbani et al. 2019)."""

from normscape.measure._curvature import curvature
from normscape.training.run import Run


def measure(run: Run, **settings) -> dict[str, list[dict]]:
    """Measure the curvature of the step's own loss.

    The key of the iteration's random start is (architecture, seed, step).

    Parameters
    ----------
    run : Run
        At a checkpoint.
    **settings
        Settings of the probe.

    Returns
    -------
    dict[str, list[dict]]
        ``curvature``: one row.
    """
    seed = run.spec.architecture, run.spec.seed, run.step
    row = curvature(run.network, run.loss, run.batch(), seed=seed, **settings)
    return {"curvature": [row]}
