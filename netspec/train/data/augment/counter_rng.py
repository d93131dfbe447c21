"""Random numbers that are pure functions of (seed, epoch, index), alike on every device.

A counter-based generator: a number is a hash of where it is used, so that neither the order in
which numbers are asked for, nor the batch, the worker or the restart changes any of them. The hash
is the finaliser of splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
generators", 2014), in 64-bit integers that wrap, as torch's do on a CPU and on a GPU.
"""

import torch
from torch import Tensor

_MASK = 2**64 - 1
_GOLDEN = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB

BITS = 24
"""Bits of a draw: what a float32 holds exactly."""

# What a draw is for; streams never share a number.
ORDER, AUGMENT, SPLIT, PIXELS, LABELS, TEST = range(6)


def _signed(value: int) -> int:
    value &= _MASK
    return value - 2**64 if value >= 2**63 else value


def _mixed(value: int) -> int:
    value = ((value ^ (value >> 30)) * _FIRST) & _MASK
    value = ((value ^ (value >> 27)) * _SECOND) & _MASK
    return value ^ (value >> 31)


def _mix_(values: Tensor) -> Tensor:
    """The finaliser over int64, in place. `>>` keeps the sign, so the upper bits are masked off."""
    values ^= (values >> 30) & (2**34 - 1)
    values *= _signed(_FIRST)
    values ^= (values >> 27) & (2**37 - 1)
    values *= _signed(_SECOND)
    values ^= (values >> 31) & (2**33 - 1)
    return values


def _key(seed: int, epoch: int, stream: int) -> int:
    key = 0
    for part in (seed, epoch, stream):
        key = _mixed((key + part + 1) * _GOLDEN & _MASK)
    return key


def draws(seed: int, epoch: int, stream: int, index: Tensor, count: int) -> Tensor:
    """`count` numbers for each index: int64 [len(index), count], each of 0 to 2**BITS - 1."""
    rows = _mix_(
        (index.to(torch.int64) + 1) * _signed(_GOLDEN) + _signed(_key(seed, epoch, stream))
    )
    slots = torch.arange(1, count + 1, device=index.device) * _signed(_GOLDEN)
    drawn: Tensor = (_mix_(rows[:, None] + slots) >> (64 - BITS)) & (2**BITS - 1)
    return drawn


def uniform(drawn: Tensor) -> Tensor:
    """Draws → float32 of the same shape in [0, 1)."""
    return drawn.to(torch.float32) * 2.0**-BITS


def below(drawn: Tensor, limit: int | Tensor) -> Tensor:
    """Draws → int64 of the same shape from 0 to `limit` - 1."""
    places: Tensor = (drawn * limit) >> BITS
    return places


def chance(drawn: Tensor, share: float) -> Tensor:
    """Draws → bool of the same shape, true with probability `share`."""
    hit: Tensor = drawn < round(share * 2**BITS)
    return hit


def permutation(
    seed: int, epoch: int, stream: int, size: int, device: torch.device | None = None
) -> Tensor:
    """The numbers below `size` in an order of their own: int64 [size]."""
    keys = torch.arange(1, size + 1, device=device) * _signed(_GOLDEN)
    keys = _mix_(keys + _signed(_key(seed, epoch, stream)))
    return torch.argsort(keys, stable=True)
