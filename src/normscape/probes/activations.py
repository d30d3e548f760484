"""Distributions of activations (Section 2.1, Figures 1, 2, 6, 8 and 9)."""

from normscape.measure._activations import activations
from normscape.models.stages import stages
from normscape.norms import random_normalisers
from normscape.probes._step import network_after_step, renamed, without_penalty
from normscape.training.run import Run


def measure(run: Run, **settings) -> dict[str, list[dict]]:
    """Measure activations on the first samples of the training set, as many as in a batch.

    The observed unit is the same for all normalisers and seeds.

    Parameters
    ----------
    run : Run
        At a checkpoint.
    **settings
        Settings of the probe.

    Returns
    -------
    dict[str, list[dict]]
        ``moments`` and ``histograms``: rows per layer and scope.
    """
    moments, histograms = activations(
        run.network,
        without_penalty,
        run.fixed_batch(),
        _at_the_next_step(run),
        seed=(run.spec.architecture,),
        stages=stages,
        **settings,
    )
    return {"moments": renamed(moments), "histograms": renamed(histograms)}


def _at_the_next_step(run):
    """The network after the step, with the next step's noise."""
    network = network_after_step(run)
    for normaliser in random_normalisers(network):
        normaliser.step += 1
    return network
