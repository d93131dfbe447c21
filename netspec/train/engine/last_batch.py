"""Whether the smallest batch of an epoch is one that the network's norms can take."""

from __future__ import annotations

from itertools import pairwise

import torch

from netspec.counted import counted
from netspec.train.engine.inputs import called, trial_inputs
from netspec.train.errors import TrainError
from netspec.train.trainable import Trainable


def shares(total: int, world_size: int) -> set[int]:
    """How many samples of a batch each process takes, of those that take any."""
    cuts = [total * rank // world_size for rank in range(world_size + 1)]
    return {end - start for start, end in pairwise(cuts)} - {0}


def least_share(count: int, batch_size: int, world_size: int = 1) -> int:
    """The fewest samples that a process trains on at once, in an epoch of ``count``."""
    whole, rest = divmod(count, batch_size)
    batches = ([batch_size] if whole else []) + ([rest] if rest >= world_size else [])
    return min((share for batch in batches for share in shares(batch, world_size)), default=0)


def require_norms_to_work(
    network: Trainable, count: int, batch_size: int, world_size: int = 1
) -> None:
    """Raise TrainError where a norm would see one value a channel, which torch refuses.

    That is so where a batch comes down to one sample and a norm stands behind the last window, as
    batch norm on a vector does.
    """
    if least_share(count, batch_size, world_size) != 1 or takes_one(network):
        return
    rest = count % batch_size or batch_size
    where = f"{counted(count, 'image')} in batches of {batch_size} leave a last one of {rest}"
    if count <= batch_size:
        where = f"there {'is' if count == 1 else 'are'} {counted(count, 'image')} for a batch"
    if world_size > 1:
        where += f", of which a process of {world_size} takes one"
    fitting = _fitting(count, batch_size, world_size)
    raise TrainError(
        f"{where}, and a norm of the network needs more than one value for each channel",
        f"use `--batch-size {fitting}`" if fitting else "give the data set more images",
    )


def takes_one(network: Trainable) -> bool:
    """Whether the network trains on one sample, asked on `meta`; no random number is drawn."""
    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        module = network.build().train()
        try:
            called(module, trial_inputs(network.inputs, 1, torch.device("meta")))
        except ValueError as error:
            return "more than 1 value per channel" not in str(error)
        except (RuntimeError, NotImplementedError):  # what `meta` cannot run is tried in earnest
            return True
    return True


def _fitting(count: int, batch_size: int, world_size: int) -> int | None:
    """The nearest batch size that leaves no batch of one; None where there are too few images."""
    sizes = (batch_size + step * sign for step in range(1, count + batch_size) for sign in (-1, 1))
    fitting = (s for s in sizes if s > world_size and least_share(count, s, world_size) > 1)
    return next(fitting, None)
