"""Whether decoded images may stay in memory."""

from __future__ import annotations

import shutil

import torch

from netspec.train.cache_folder import cache_root
from netspec.train.free_memory import free_memory

SHARE = 0.4
"""Share of the memory now free that images may take; the rest is for training."""


def fits(needed: int, device: torch.device) -> bool:
    """Whether `needed` bytes of images fit on the device, and beside that on the cache's disk."""
    return needed <= SHARE * free_memory(device) and needed <= 0.9 * _free_disk()


def _free_disk() -> int:
    folder = cache_root()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
