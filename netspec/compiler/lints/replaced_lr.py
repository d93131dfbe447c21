"""NS506: a learning rate of the optimizer that `OneCycleLR` replaces."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.compiler.lints.flow import Flow
from netspec.compiler.lints.recipe import train_place
from netspec.diagnostics import Diagnostic, Note


def replaced_lr(flow: Flow) -> Iterator[Diagnostic]:
    """Look at an `lr` that is written and is not the cycle's own `max_lr`."""
    network = flow.network
    scheduler, optimizer = network.recipe.scheduler, network.recipe.optimizer
    lr = optimizer.args.get("lr")
    if scheduler is None or scheduler.name != "OneCycleLR" or lr is None:
        return
    span = train_place(network, "optimizer", optimizer.name, "lr")
    highest = scheduler.args["max_lr"]
    if span is None or lr == highest:
        return
    place = train_place(network, "scheduler", "OneCycleLR", "max_lr")
    notes = () if place is None else (Note(f"the cycle rises to {highest:g} here", place),)
    message = f"`lr: {lr:g}` has no effect: `OneCycleLR` sets the learning rate"
    hint = f"delete it, or write `max_lr: {lr:g}` if that is the rate you want"
    yield Diagnostic("NS506", message, span, notes, hint)
