"""`netspec cache`: what is kept of decoded data sets and unpacked archives, seen and cleared."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netspec.cli import completion
from netspec.cli.help_text import MACHINE, Group
from netspec.cli.options import App, app, usage
from netspec.counted import counted
from netspec.escape import safe

if TYPE_CHECKING:
    from netspec.train.cache_folder import Entry

FORMATS = ("text", "json")

cache_app = App(
    cls=Group, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
app.add_typer(
    cache_app, name="cache", short_help="see or clear what is kept of data sets",
    rich_help_panel=MACHINE,
)  # fmt: skip


@cache_app.callback()
def cache(
    ctx: typer.Context,
    format: Annotated[str, typer.Option(metavar="FORMAT", help=" or ".join(FORMATS))] = "text",
) -> None:
    """Show what is kept of decoded data sets and unpacked archives: where, how large, how old.

    An entry is made anew when it is needed and not there.
    """
    if format not in FORMATS:
        usage(f"there is no format `{format}`", f"one of {', '.join(FORMATS)}")
    if ctx.invoked_subcommand is not None:
        return
    from netspec.train.cache_folder import cache_root, entries, facts_size

    found = entries()
    count, size = facts_size()
    if format == "json":
        print(_as_json(os.fspath(cache_root()), found, count, size))
        return
    rows = [("data set", "from", "kind", "size", "last used")]
    rows += [
        (safe(e.dataset) or "–", safe(e.origin) or "–", e.kind, _megabytes(e.size),
         "in use" if e.in_use else _when(e.used))
        for e in found
    ]  # fmt: skip
    if count:
        rows.append(("", "", counted(count, "small result"),
                     _megabytes(size), ""))  # fmt: skip
    print(safe(f"the cache is in {cache_root()}"))
    if len(rows) == 1:
        print("it is empty")
        return
    print("\n" + _table(rows))
    print(f"\n{_counted(len(found))}, {_megabytes(size + sum(e.size for e in found))}")
    print("`netspec cache clear` deletes what no run uses; NETSPEC_CACHE names another folder")


@cache_app.command(short_help="delete entries that no run uses", rich_help_panel="Commands")
def clear(
    older_than: Annotated[
        float | None,
        typer.Option(metavar="DAYS", min=0, help="only what was not used for so many days"),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="only of this data set, such as CIFAR10",
            autocompletion=completion.cached_data_sets,
        ),
    ] = None,
) -> None:
    """Delete everything, or what the options choose; what a run uses stays, and is told.

    A run that starts in the meantime waits, or makes anew what it needs.
    """
    from netspec.train.cache_folder import age, clear_facts, entries
    from netspec.train.cache_folder import clear as delete

    seconds = (older_than or 0.0) * 86_400
    found = entries()
    known = sorted({e.dataset for e in found if e.dataset})
    if dataset is not None and dataset not in known:
        hint = f"there is {', '.join(f'`{name}`' for name in known)}" if known else None
        usage(f"the cache has nothing of `{dataset}`", hint)
    chosen = [
        e for e in found
        if age(e.used) >= seconds and dataset in (None, e.dataset)
    ]  # fmt: skip
    kept = delete(chosen)
    if dataset is None:
        clear_facts(seconds)
    gone = [e for e in chosen if e not in kept]
    print(f"deleted {_counted(len(gone))}, {_megabytes(sum(e.size for e in gone))}")
    for entry in kept:
        print(safe(f"kept {_named(entry)}: it is in use"))


def _as_json(root: str, found: Sequence[Entry], count: int, size: int) -> str:
    """All of it, sizes in bytes and times in seconds since 1970."""
    entries = [
        {
            "dataset": entry.dataset or None,
            "from": entry.origin or None,
            "kind": entry.kind,
            "path": os.fspath(entry.path),
            "size": entry.size,
            "last_used": entry.used,
            "in_use": entry.in_use,
        }
        for entry in found
    ]
    results = {"count": count, "size": size}
    return json.dumps({"cache": root, "entries": entries, "small_results": results}, indent=2)


def _named(entry: Entry) -> str:
    return f"`{entry.dataset or entry.key}` from {entry.origin}" if entry.origin else entry.key


def _counted(count: int) -> str:
    return counted(count, "entry", "entries")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _when(used: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(used))


def _table(rows: list[Any]) -> str:
    """Columns of one width, the sizes to the right."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place == 3 else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
