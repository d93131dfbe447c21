"""Weights as other trainers write them: under a prefix, in a wrapper, in half precision."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from torch import Tensor

PREFIXES: Final = ("module.", "_orig_mod.", "model.", "net.", "network.")
"""What DataParallel, `torch.compile`, Lightning and others set before every name."""

WRAPPERS: Final = ("state_dict", "model", "model_state_dict", "net", "weights")
"""The keys under which a checkpoint holds the weights beside other things."""


def unwrapped(saved: Any) -> tuple[Any, str | None]:
    """What a file holds, or the weights within, and the key that they stand under."""
    for key in WRAPPERS if isinstance(saved, Mapping) else ():
        inner = saved.get(key)
        if (
            isinstance(inner, Mapping)
            and inner
            and all(isinstance(value, Tensor) for value in inner.values())
        ):
            return inner, key
    return saved, None


def prefix(names: Collection[str], expected: Collection[str]) -> str:
    """What all names begin with more than the network's; empty where nothing is known to."""
    found = ""
    while names and not any(name.removeprefix(found) in expected for name in names):
        shared = (p for p in PREFIXES if all(name.startswith(found + p) for name in names))
        more = next(shared, "")
        if not more:
            break
        found += more
    return found if any(name.removeprefix(found) in expected for name in names) else ""
