"""The names that expressions see, with their values; a large table is shared, never copied."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from typing import Any, Final

Env = Mapping[str, Any]

_COPIED: Final = 64
"""Tables of as many names are copied, since one dictionary answers faster than a chain."""


def extended(env: Env, names: dict[str, Any]) -> Env:
    """The names of `env` and these, which hide those of the same name."""
    if env.__class__ is dict and len(env) <= _COPIED:
        return {**env, **names}
    if isinstance(env, ChainMap):
        return ChainMap(names, *env.maps)
    shared: Any = env  # read alone: a `ChainMap` writes into its first table
    return ChainMap(names, shared)
