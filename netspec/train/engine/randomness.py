"""Every random generator of this process: seeded, captured and put back."""

from __future__ import annotations

import random
import sys
from typing import Any

import torch


def seed_everything(seed: int) -> None:
    """Seed Python's, NumPy's (where loaded) and torch's generators on every device."""
    random.seed(seed)
    torch.manual_seed(seed)
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.seed(seed % 2**32)


def capture_generators(device: torch.device) -> dict[str, Any]:
    """The state of every generator that this process can draw from, as a checkpoint holds it."""
    state: dict[str, Any] = {"python": random.getstate(), "torch": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    if (numpy := sys.modules.get("numpy")) is not None:
        name, keys, place, has_gauss, gauss = numpy.random.get_state()
        state["numpy"] = (name, [int(key) for key in keys], place, has_gauss, gauss)
    return state


def restore_generators(state: dict[str, Any], device: torch.device) -> None:
    """Put back what :func:`capture_generators` took."""
    random.setstate(state["python"])
    torch.set_rng_state(state["torch"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)
    if "numpy" in state:
        import numpy

        numpy.random.set_state(state["numpy"])
