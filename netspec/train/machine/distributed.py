"""The processes that train together: one, or as many as torchrun started."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous


@dataclass(frozen=True)
class Processes:
    """This process's place among those that train together."""

    rank: int = 0
    world_size: int = 1
    local_rank: int = 0

    @property
    def is_main(self) -> bool:
        """Whether this is the process that writes files and speaks to the user."""
        return self.rank == 0

    @property
    def distributed(self) -> bool:
        """Whether there are others."""
        return self.world_size > 1

    def all_reduce(self, tensor: Tensor) -> None:
        """Replace ``tensor`` by its sum over all processes, in place."""
        if self.distributed:
            dist.all_reduce(tensor)

    def any(self, flag: bool) -> bool:
        """Whether ``flag`` holds in any process; all of them must ask."""
        if not self.distributed:
            return flag
        answer = torch.tensor(int(flag))  # on the CPU: gloo answers without waiting for a GPU
        dist.all_reduce(answer, dist.ReduceOp.MAX)
        return bool(answer.item())

    def broadcast(self, value: Any) -> Any:
        """The first process's ``value`` (plain data), in all of them."""
        if not self.distributed:
            return value
        box = [value if self.is_main else None]
        dist.broadcast_object_list(box, src=0, device=torch.device("cpu"))
        return box[0]

    def gather(self, value: Any) -> list[Any]:
        """Every process's ``value``, in the order of their ranks."""
        if not self.distributed:
            return [value]
        box: list[Any] = [None] * self.world_size
        dist.all_gather_object(box, value)
        return box

    def broadcast_tensors(self, tensors: Iterable[Tensor]) -> None:
        """Overwrite ``tensors`` with those of the first process."""
        if self.distributed:
            for tensor in tensors:
                dist.broadcast(tensor, src=0)


def place_in_torchrun() -> Processes:
    """What torchrun's environment says about this process; alone where it says nothing."""
    return Processes(
        rank=int(os.environ.get("RANK", "0")),
        world_size=int(os.environ.get("WORLD_SIZE", "1")),
        local_rank=int(os.environ.get("LOCAL_RANK", "0")),
    )


def torchrun_launch() -> str | None:
    """A name that stays the same when torchrun restarts its workers; None without torchrun.

    The run's id alone does not do (it is `none` unless the user gives one), so the agent's
    process id joins it: restarted workers keep their agent.
    """
    run_id = os.environ.get("TORCHELASTIC_RUN_ID")
    return None if run_id is None else f"{run_id}-{os.getppid()}"


def torchrun_restarts() -> int:
    """How often torchrun has restarted the workers of this launch."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0"))


@contextmanager
def joined(device: torch.device) -> Iterator[Processes]:
    """Join the other processes while the block runs: nccl between GPUs, gloo otherwise."""
    processes = place_in_torchrun()
    if not processes.distributed:
        yield processes
        return
    # Its defaults hold the group that there is when it is first imported, which then outlives its
    # end: gloo's threads run on while Python exits, and now and then abort the process.
    importlib.import_module("torch.distributed.nn.functional")
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    store, rank, world_size = next(rendezvous("env://"))
    # After a restart torchrun's store still holds the addresses of the workers that were lost.
    store = PrefixStore(f"attempt-{torchrun_restarts()}", store)
    dist.init_process_group(backend, store=store, rank=rank, world_size=world_size)
    try:
        yield processes
    finally:
        dist.destroy_process_group()
