"""Whether decoded images may stay in memory."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch

from netspec.train.data.cache import cache_root

SHARE = 0.4
"""Share of the memory now free that images may take; the rest is for training."""


def fits(needed: int, device: torch.device) -> bool:
    """Whether `needed` bytes of images fit on the device, and beside that on the cache's disk."""
    return needed <= SHARE * _free(device) and needed <= 0.9 * _free_disk()


def _free(device: torch.device) -> int:
    if device.type == "cuda":
        free: int = torch.cuda.mem_get_info(device)[0]
        return free
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 8 * 2**30  # a system that does not say


def _free_disk() -> int:
    folder = cache_root()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
