"""Curvature of the training loss (Cohen et al. 2021; Ghorbani et al. 2019)."""

from normscape.measure._curvature import curvature
from normscape.training.run import Run


def measure(run: Run, **settings) -> dict[str, list[dict]]:
    """The curvature of the step's own loss; the start is keyed by (architecture, seed, step)."""
    names = run.spec.architecture, run.spec.seed, run.step
    row = curvature(run.network, run.loss, run.batch(), names=names, **settings)
    return {"curvature": [row]}
