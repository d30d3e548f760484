"""Random numbers that depend on names, never on the order of jobs or on the clock.

Every draw is keyed: initial weights by (model, seed), the order of the data by
(model, seed, epoch), the noise of a layer by (model, norm, lr, seed, step, layer).
Two consequences follow. Runs that differ only in norm or learning rate start from
the same weights and see the same batches, so that they can be compared pair by
pair. And a step can be replayed from its number alone: no generator has a state
that must be stored.
"""

import hashlib

import torch


def derive_seed(*names: object) -> int:
    """Seed in [0, 2**63) for the stream that ``names`` identify.

    >>> derive_seed("order", "vgg", 0) == derive_seed("order", "vgg", 0)
    True
    >>> derive_seed("order", "vgg", 0) == derive_seed("order", "vgg", 1)
    False
    """
    digest = hashlib.blake2b(repr(names).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def generator(*names: object, device: str | torch.device = "cpu") -> torch.Generator:
    """A fresh generator at the start of the stream that ``names`` identify."""
    return torch.Generator(device).manual_seed(derive_seed(*names))
