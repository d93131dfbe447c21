"""NS505: a schedule that ends after the run, or long before it."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.compiler.lints.flow import Flow
from netspec.compiler.lints.recipe import train_place
from netspec.counted import counted
from netspec.diagnostics import Diagnostic, Note
from netspec.recipe import Recipe


def schedule_length(flow: Flow) -> Iterator[Diagnostic]:
    """Compare what a scheduler counts in epochs with the epochs of the run.

    Silent where it counts steps, whose number the data tells, and where the epochs alone were set
    from outside: a short trial of a long recipe is no mistake.
    """
    network = flow.network
    recipe, scheduler = network.recipe, network.recipe.scheduler
    if scheduler is None or recipe.scheduler_interval != "epoch":
        return
    found = _mismatch(recipe)
    if found is None:
        return
    argument, message, hint = found
    epochs = train_place(network, "epochs")
    span = train_place(network, "scheduler", scheduler.name, argument)
    if span is None or (epochs is not None and epochs.line == 0 < span.line):
        return
    length = f"the run has {counted(recipe.epochs, 'epoch')}"
    notes = () if epochs is None else (Note(length, epochs),)
    yield Diagnostic("NS505", message, span, notes, hint)


def _mismatch(recipe: Recipe) -> tuple[str, str, str] | None:
    """The argument that does not fit, what is wrong and how to mend it; None where all is well."""
    assert recipe.scheduler is not None
    name, args, run = recipe.scheduler.name, recipe.scheduler.args, recipe.epochs
    epochs = counted(run, "epoch")
    warmup = recipe.warmup.epochs if recipe.warmup is not None else 0
    if name == "StepLR" and args["step_size"] >= run:
        first = f"`StepLR` drops first at epoch {args['step_size']}, and the run has {run}"
        return "step_size", first, f"write less than {run}, as `step_size: {max(1, run // 3)}`"
    if name == "MultiStepLR" and args["milestones"][-1] >= run:
        late = next(m for m in args["milestones"] if m >= run)
        message = f"the milestone {late} is never reached: the run has {epochs}"
        return "milestones", message, f"write milestones below {run}, or more `epochs`"
    if name in ("CosineAnnealingLR", "PolynomialLR"):
        length = "T_max" if name == "CosineAnnealingLR" else "total_iters"
        count = args.get(length)
        hint = f"leave `{length}` out: it is then the whole run"
        if count is not None and count > run:
            message = f"`{length}` is {count} and the run has {epochs}: it ends before it is down"
            return length, message, hint
        if count is not None and count < run - warmup - 1:
            then = "climbs again" if length == "T_max" else "stays at zero"
            message = f"`{length}` is {count} and the run has {epochs}: after {count} it {then}"
            return length, message, hint
    if name == "LinearLR" and args.get("total_iters", 0) > run:
        count = args["total_iters"]
        message = f"`total_iters` is {count} and the run has {epochs}: it ends on the way"
        return "total_iters", message, "leave `total_iters` out: it is then the whole run"
    if name == "CosineAnnealingWarmRestarts" and args["T_0"] > run:
        message = f"the first restart is at epoch {args['T_0']}, and the run has {run}"
        return "T_0", message, f"write at most {run}, or use `CosineAnnealingLR`"
    if name == "ReduceLROnPlateau" and args.get("patience", 10) >= run and "patience" in args:
        message = f"`patience` is {args['patience']} and the run has {epochs}: it never drops"
        return "patience", message, f"write less than {run}"
    return None
