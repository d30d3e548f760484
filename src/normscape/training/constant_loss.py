"""The loss of a network that ignores its inputs: the scale of an experiment's losses."""

import torch

from normscape.models.network import Network


@torch.no_grad()
def constant_loss(network: Network, targets: torch.Tensor, batch_size: int) -> float:
    """The loss of the best constant outputs: mean over batches, without the L2 penalty.

    network : any that has the loss; its weights do not count.
    targets : of the training set, classes (samples,) or values (samples, features).

    For a classifier it is about the entropy of the labels, ln K for K classes of equal size;
    for squared errors, the variance of the targets.
    """
    if network.classifies:
        shares = targets.bincount() / len(targets)
        constant = shares.log()
    else:
        constant = targets.mean(0)
    batches = targets.split(batch_size)[: len(targets) // batch_size]
    losses = [
        network.loss(constant.expand(len(batch), *constant.shape), batch)
        for batch in batches
    ]
    return float(torch.stack(losses).mean())
