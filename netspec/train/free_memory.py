"""How much memory is free, of this machine or of a GPU."""

from __future__ import annotations

from pathlib import Path

import torch

UNKNOWN = 8 * 2**30
"""Bytes that are taken to be free on a system that does not say."""


def free_memory(device: torch.device) -> int:
    """Bytes that are free now: on a GPU its own, elsewhere the machine's."""
    if device.type == "cuda":
        free: int = torch.cuda.mem_get_info(device)[0]
        return free
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return UNKNOWN
