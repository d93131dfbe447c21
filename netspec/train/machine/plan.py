"""What a run uses of the machine: device, precision, memory layout, compilation, graph."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

import torch

from netspec.counted import counted
from netspec.recipe import Recipe
from netspec.recipe.schedulers import changes_momentum
from netspec.train.errors import TrainError
from netspec.train.machine.distributed import Processes

FUSED: Final = ("SGD", "Adam", "AdamW")
"""Optimizers that update every parameter in one pass.

They skip it on the device's own word (`found_inf`), and take their learning rate from a tensor; the
others would read it back in each step. They measure faster on a CPU too, the more so the more
parameters there are (`benchmarks/train_step.py`).
"""


@dataclass(frozen=True)
class Plan:
    """The choices, with the reason of each in ``line``, which the user is shown."""

    device: torch.device
    autocast: torch.dtype | None
    scaler: bool
    channels_last: bool
    compile: bool
    cuda_graph: bool
    fused: bool
    deterministic: bool
    line: str

    @property
    def memory_format(self) -> torch.memory_format:
        """The layout of 4-dimensional weights and images."""
        return torch.channels_last if self.channels_last else torch.contiguous_format


def choose_device(wanted: str | None, processes: Processes) -> torch.device:
    """The device named, or the best at hand: this process's GPU, Apple's, else the CPU.

    Raises:
        TrainError: there is no such device here.
    """
    if wanted in (None, "auto"):
        # Apple's device lacks float64 and deterministic algorithms: only when it is asked for.
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(str(wanted))
    except RuntimeError:
        raise TrainError(
            f"there is no device `{wanted}`", "use `cpu`, `cuda`, `cuda:1` or `mps`"
        ) from None
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        index = processes.local_rank if device.index is None else device.index
        if index >= count:
            found = f"{counted(count, 'GPU')}"
            if count and device.index is None:
                raise TrainError(
                    f"process {index} of this machine has no GPU: torch finds {found}",
                    f"start at most {count} with `--nproc-per-node`, or use `--device cpu`",
                )
            raise TrainError(
                f"`{wanted}` is not here: torch finds {found}",
                "use `--device cpu`" if not count else f"use `cuda:0` to `cuda:{count - 1}`",
            )
        return torch.device("cuda", index)
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise TrainError("`mps` is not here: it needs a Mac", "use `--device cpu`")
    if device.type not in ("cpu", "mps"):
        raise TrainError(f"netspec does not train on `{wanted}`", "use `cpu`, `cuda` or `mps`")
    return device


def make_plan(recipe: Recipe, device: torch.device, processes: Processes, *, images: bool) -> Plan:
    """Choose what the recipe leaves to ``auto``; ``images`` says that samples are [C, H, W].

    Raises:
        TrainError: the recipe insists on what this device cannot do.
    """
    gpu = device.type == "cuda"
    autocast, precision = _precision(recipe, device)
    scaler = autocast is torch.float16
    deterministic = recipe.deterministic or device.type == "cpu"
    channels_last = images and (gpu if recipe.channels_last == "auto" else recipe.channels_last)
    graph, graph_words = _graph(recipe, device, processes, scaler)
    layout = "channels-last" if channels_last else "contiguous"
    parts = [_device_words(device, processes), precision, layout, graph_words]
    if recipe.compile:
        parts.append("compiled, as asked")
    if deterministic:
        parts.append("deterministic" + ("" if recipe.deterministic else ", as a CPU always is"))
    return Plan(
        device=device,
        autocast=autocast,
        scaler=scaler,
        channels_last=channels_last,
        compile=recipe.compile,
        cuda_graph=graph,
        # With a scaler, a first step that is skipped would leave fused momentum unset.
        fused=device.type in ("cuda", "cpu") and not scaler,
        deterministic=deterministic,
        line=" · ".join(part for part in parts if part),
    )


def apply_plan(plan: Plan) -> None:
    """Set torch's process-wide switches."""
    # The CPU has no other algorithms, so nothing needs to be refused there.
    torch.use_deterministic_algorithms(plan.deterministic, warn_only=plan.device.type == "cpu")
    # Only reproduces reads of memory that was never written, at the price of writing it.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    if plan.device.type == "cuda":
        torch.cuda.set_device(plan.device)
        if plan.deterministic:
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.backends.cudnn.benchmark = not plan.deterministic
        # Float32 means float32: a GPU that has TF32 has bf16 too, and `auto` takes that.
        torch.backends.cudnn.allow_tf32 = False


def settle(device: torch.device) -> None:
    """Wait until ``device`` has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def _precision(recipe: Recipe, device: torch.device) -> tuple[torch.dtype | None, str]:
    wanted = recipe.precision
    if wanted == "float32":
        return None, "float32, as asked"
    if wanted == "bf16":
        return torch.bfloat16, "bf16, as asked"
    if wanted == "fp16":
        if device.type != "cuda":
            raise TrainError(
                f"`precision: fp16` needs a GPU, and this run is on `{device.type}`",
                "use `precision: auto`",
            )
        return torch.float16, "fp16 with a loss scaler, as asked"
    if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.bfloat16, "bf16, which this GPU has"
    reason = "this GPU has no bf16" if device.type == "cuda" else "the exact choice off a GPU"
    return None, f"float32, {reason}"


def _graph(
    recipe: Recipe, device: torch.device, processes: Processes, scaler: bool
) -> tuple[bool, str]:
    if recipe.cuda_graph is False or device.type != "cuda":
        if recipe.cuda_graph is True:
            raise TrainError(
                f"`cuda_graph: true` needs a GPU, and this run is on `{device.type}`",
                "use `cuda_graph: auto`",
            )
        return False, ""
    obstacle = None
    if processes.distributed:
        obstacle = "several processes"
    elif scaler:
        obstacle = "the loss scaler reads the device"
    elif recipe.compile:
        obstacle = "the network is compiled"
    elif recipe.optimizer.name not in FUSED:
        obstacle = f"`{recipe.optimizer.name}` has no fused step"
    elif recipe.scheduler is not None and changes_momentum(
        recipe.scheduler.name, recipe.scheduler.args
    ):
        obstacle = "the schedule turns the momentum"
    if obstacle is None:
        return True, "whole step in a CUDA graph"
    if recipe.cuda_graph is True:
        raise TrainError(f"`cuda_graph: true` is not possible: {obstacle}", "use `auto`")
    return False, f"no CUDA graph: {obstacle}"


def _device_words(device: torch.device, processes: Processes) -> str:
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
    elif device.type == "cpu":
        threads = torch.get_num_threads()
        name = f"CPU with {counted(threads, 'thread')}"
    else:
        name = "Apple GPU"
    return f"{processes.world_size} × {name}" if processes.distributed else name
