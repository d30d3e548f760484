"""Random numbers by key: they depend on names, never on the order of jobs or the clock.

The key of initial weights is (model, seed), that of the data order (model, seed, epoch), and
that of a layer's noise (model, norm, lr, seed, step, layer). Runs that differ only in norm or
learning rate therefore start from the same weights and see the same batches, so they can be
compared in pairs. A step can be repeated from its number alone, because no generator has a
state that would have to be stored.
"""

import hashlib

import torch


def derive_seed(*names: object) -> int:
    """Return the seed in [0, 2**63) of the stream with this key.

    >>> derive_seed("order", "vgg", 0) == derive_seed("order", "vgg", 0)
    True
    >>> derive_seed("order", "vgg", 0) == derive_seed("order", "vgg", 1)
    False
    """
    digest = hashlib.blake2b(repr(names).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def generator(*names: object, device: str | torch.device = "cpu") -> torch.Generator:
    """Return a new generator at the start of the stream with this key."""
    return torch.Generator(device).manual_seed(derive_seed(*names))
