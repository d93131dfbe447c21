"""What `init` of the reference makes weights start with, where that is one number."""

from __future__ import annotations

import math
from fnmatch import fnmatchcase
from typing import Any

from reference_values import Env, evaluated


def within(base: str, path: str) -> bool:
    """Whether a path is below another, or the same."""
    return not base or path == base or path.startswith(f"{base}.")


def selects(selector: str, path: str, mro: tuple[type, ...]) -> bool:
    """Whether a rule of `init` takes the module at a path."""
    if selector[:1].isupper() and selector.isalnum():
        return selector in {c.__name__ for c in mro}
    return fnmatchcase(path, selector)


def constant(rule: Any, env: Env) -> float:
    """The number of a rule that is one; not a number for one that draws."""
    if rule in ("zeros_", "ones_"):
        return float(rule == "ones_")
    if isinstance(rule, dict) and "constant_" in rule:
        value = evaluated(rule["constant_"], env)
        return float(value["val"] if isinstance(value, dict) else value)
    return math.nan
