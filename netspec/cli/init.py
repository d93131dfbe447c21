"""`netspec init`: a spec to start from, of one's own images where a folder of them is named."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from netspec.cli.help_text import SPECS
from netspec.cli.options import app, finish, usage, user_path
from netspec.counted import counted


@app.command(short_help="write a commented starter spec", rich_help_panel=SPECS)
def init(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="the network's name, or a path ending in .yaml")
    ],
    data: Annotated[
        Path | None,
        typer.Option(
            parser=user_path, metavar="PATH", help="images to train on, in a folder or an archive"
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="write over a file")] = False,
) -> None:
    """Write a commented starter spec; with `--data`, for those images: their classes and sizes."""
    path = name if name.endswith((".yaml", ".yml")) else f"{name}.yaml"
    stem = os.path.basename(path).removesuffix(".yaml").removesuffix(".yml")
    if not stem.strip(". ") or not path.isprintable():
        usage(f"`{name}` is no name of a file", "for example `netspec init alexnet`")
    if os.path.exists(path) and not force:
        usage(f"`{path}` exists", "give another name, or `--force`")
    if data is None:
        from netspec.report.starter import starter_text

        _write(path, starter_text(path), force=force)
        print(f"wrote {path}: next, `netspec check {path}`")
    else:
        finish(lambda: _init_with_images(path, data, force=force))


def _init_with_images(path: str, data: Path, *, force: bool) -> int:
    """Write a spec for the images in `data`. Raises TrainError where they can't be trained on."""
    from netspec.escape import safe
    from netspec.report.image_starter import Images, image_starter_text
    from netspec.train.inspect_data import broken_words, inspect_folder

    inspected = inspect_folder(data)
    found = inspected.survey
    if inspected.problem is not None and (found is None or not found.headers):
        raise inspected.problem
    assert found is not None
    size, alike = found.input_size()
    folder = os.path.dirname(os.path.abspath(path))
    root = data if data.is_absolute() else Path(os.path.relpath(data, folder))
    images = Images(
        root=root.as_posix(),
        classes=found.classes,
        count=found.total,
        channels=found.channels,
        convert=found.mixed_channels,
        size=size,
        resize=not alike,
        validation="validation" not in found.counts,
        broken=len(found.broken),
    )
    _write(path, image_starter_text(path, images), force=force)
    warnings = [*broken_words(found), *found.warnings()]
    for warning in warnings:
        print(safe(f"warning: {warning}"), file=sys.stderr)
    held = f"{counted(len(found.classes), 'class', 'classes')}, {counted(found.total, 'image')}"
    print(safe(f"wrote {path}: {held}; next, `netspec data {path}`"))
    return 0


def _write(path: str, text: str, *, force: bool) -> None:
    """Write the spec; what is in the way is wrong usage."""
    try:
        with open(path, "w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        usage(f"`{path}` exists", "give another name, or `--force`")
    except FileNotFoundError:
        usage(f"there is no folder `{os.path.dirname(path)}`", "make it first")
    except OSError as problem:
        usage(f"`{path}` cannot be written: {(problem.strerror or '').lower()}")
