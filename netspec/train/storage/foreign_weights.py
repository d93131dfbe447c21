"""Weights as other trainers write them: under a prefix, in a wrapper, in half precision."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from torch import Tensor

PREFIXES: Final = ("module.", "_orig_mod.", "model.", "backbone.", "encoder.", "net.", "network.")
"""What DataParallel, `torch.compile`, Lightning and others set before every name."""

AVERAGES: Final = ("state_dict_ema", "model_ema", "ema_state_dict", "ema")
"""The keys under which a checkpoint holds a running average, which is what is evaluated."""

WRAPPERS: Final = (*AVERAGES, "state_dict", "model_state_dict", "model", "net", "weights")
"""The keys under which a checkpoint holds the weights beside other things."""


_COUNT: Final = "n_averaged"
"""What torch's `AveragedModel` keeps beside the weights."""


def unwrapped(saved: Any) -> tuple[Any, str | None]:
    """What a file holds, or the weights within, and the key that they stand under, in words.

    Of several, a running average is taken before the weights that it is of.
    """
    if not isinstance(saved, Mapping):
        return saved, None
    found = [key for key in WRAPPERS if _holds_weights(saved.get(key))]
    if not found:
        return ({k: v for k, v in saved.items() if k != _COUNT} if _COUNT in saved else saved), None
    first, *others = found
    inner = {name: value for name, value in saved[first].items() if name != _COUNT}
    rest = f", and others under `{'`, `'.join(others)}`, which are not taken" if others else ""
    return inner, f"`{first}`{rest}"


def _holds_weights(inner: Any) -> bool:
    tensors = isinstance(inner, Mapping) and all(isinstance(v, Tensor) for v in inner.values())
    return tensors and bool(inner)


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
