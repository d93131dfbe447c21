"""Errors of torch and the system that a user can mend, as sentences of advice."""

from __future__ import annotations

import errno

import torch

from netspec.recipe import RecipeError
from netspec.train.data import worker_failure
from netspec.train.errors import TrainError


def explain(error: Exception, *, batch_size: int) -> TrainError | None:
    """The sentence for ``error``; None for one that is a mistake of netspec's own."""
    if isinstance(error, TrainError):
        return error
    if isinstance(error, RecipeError):
        key = ".".join(("train", *map(str, error.key)))
        return TrainError(f"`{key}`: {error.message}", error.hint)
    text = str(error)
    if out_of_memory(error):
        advice = (
            f"try `--batch-size {batch_size // 2}`; `netspec max-batch` tells the largest that fits"
            if batch_size > 1
            else "one sample is already too much: make the network or its input smaller"
        )
        return TrainError(f"out of memory at batch size {batch_size}", advice)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = f" while writing `{error.filename}`" if error.filename else ""
        return TrainError(
            f"no space left on the disk{where}", "free some space and go on with `--resume`"
        )
    if isinstance(error, RuntimeError) and (died := worker_failure(error)) is not None:
        return died
    if "deterministic" in text and isinstance(error, RuntimeError):
        operation = text.split(" ")[0]
        return TrainError(
            f"`{operation}` gives other bytes each time on this device",
            "set `deterministic: false`",
        )
    if type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
        return TrainError(
            f"`compile: true` does not work here: {_reason(text)}",
            "take `compile` out of the recipe, or mend what the compiler needs",
        )
    if isinstance(error, torch.distributed.DistError | ConnectionError) or _of_processes(text):
        return TrainError(
            "the processes that train together lost each other",
            "see what the other processes said; `--max-restarts` lets torchrun go on by itself",
        )
    return None


def out_of_memory(error: Exception) -> bool:
    """Whether ``error`` says that memory ran out, the device's or the machine's."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    signs = (
        "can't allocate memory",
        "not enough memory",
        "CUDNN_STATUS_ALLOC_FAILED",
        "CUBLAS_STATUS_ALLOC_FAILED",
        "CUDA error: out of memory",
        "unable to find an engine to execute",  # cuDNN, where no plan's workspace could be had
    )
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in signs)


def _of_processes(text: str) -> bool:
    return "NCCL" in text or "gloo" in text.lower()


def _reason(text: str) -> str:
    """What torch's compiler says in one line, without the names of its own parts and errors."""
    lines = (line.strip() for line in text.splitlines())
    told = next((line for line in lines if line and not line.startswith("backend=")), "it failed")
    while (name := told.split(": ")[0]) != told and name.isidentifier():
        told = told[len(name) + 2 :]
    return told.rstrip(".")
