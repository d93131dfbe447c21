"""`netspec recipe`: the keys and choices of `train:`, told without torch."""

from __future__ import annotations

from typing import Annotated

import typer

from netspec.cli import completion
from netspec.cli.help_text import REFERENCE
from netspec.cli.options import app, usage


@app.command(
    short_help="list what `train:` may say, or tell one name's arguments",
    rich_help_panel=REFERENCE,
)
def recipe(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="a key or a choice, such as batch_size or SGD",
            autocompletion=completion.recipe_names,
        ),
    ] = None,
) -> None:
    """List the keys of `train:`, its optimizers, schedulers, losses, augmentations and data sets.

    Of one that is named, tell each argument with what it takes, its default and its meaning.
    """
    from netspec.report import recipe_page as pages

    if name is None:
        print(pages.index())
        return
    last = name.rpartition(".")[2]  # `train.data.resize`, `torch.optim.SGD`
    if last in pages.NAMES:
        print(pages.page(last))
        return
    usage(f"a recipe has no `{name}`", _meant(last))


def _meant(name: str) -> str:
    """What to ask for instead."""
    from netspec.compiler.language.foreign_choices import name_hint
    from netspec.diagnostics import nearest
    from netspec.report import recipe_page as pages

    owners = pages.belongs_to(name)
    if owners:
        named = ", ".join(f"`{owner}`" for owner in owners)
        return f"it is an argument of {named}: `netspec recipe {owners[0]}` tells it"
    near = nearest(name, pages.NAMES)
    if near and near.lower() == name.lower():
        return f"did you mean `{near}`?"
    other = name_hint(name, {key: entries for key, (_, entries) in pages.CHOICES.items()})
    if other is not None:
        return other
    return f"did you mean `{near}`?" if near else "`netspec recipe` lists what there is"
