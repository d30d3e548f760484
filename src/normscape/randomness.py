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
    """Derive a seed from a key.

    Parameters
    ----------
    *names : object
        The key, such as ``"order", "vgg", 0``.

    Returns
    -------
    int
        In [0, 2**63). Equal keys give equal seeds.

    Examples
    --------
    >>> derive_seed("order", "vgg", 0) == derive_seed("order", "vgg", 0)
    True
    >>> derive_seed("order", "vgg", 0) == derive_seed("order", "vgg", 1)
    False
    """
    digest = hashlib.blake2b(repr(names).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def generator(*names: object, device: str | torch.device = "cpu") -> torch.Generator:
    """Make a new random number generator for a key.

    Parameters
    ----------
    *names : object
        The key, as for ``derive_seed``.
    device : str or torch.device

    Returns
    -------
    torch.Generator
        Equal keys give the same random numbers.

    Examples
    --------
    >>> first, second = (torch.rand(1, generator=generator("noise", 3)) for _ in range(2))
    >>> bool(first == second)
    True
    """
    return torch.Generator(device).manual_seed(derive_seed(*names))
