"""What `-h` prints: the same words and the same style for every command.

A value is a word (`SPEC`, `N`), a list of them ends in `...`, and what may be left out stands in
brackets; whatever typer itself would print there differs from version to version.
"""

from __future__ import annotations

from typing import Any, Final

from typer.core import TyperCommand, TyperGroup

SPECS: Final = "Specs"
TRAINING: Final = "Training"
REFERENCE: Final = "Reference"
MACHINE: Final = "This machine"
GROUPS: Final = (SPECS, TRAINING, REFERENCE, MACHINE)
"""The headings under which `netspec -h` lists the commands, in this order."""

ORDER: Final = ("check", "summary", "init", "data", "train", "eval", "predict", "runs")
"""The order of commands under a heading, as one needs them; others follow as they were added."""


PARSERS_OWN: Final = {
    "-h, --help": "show this help",
    "--install-completion": "let this shell complete commands and names with Tab",
    "--show-completion": "print what `--install-completion` would install",
}
"""The options that the parser adds, in the style of the others."""


def value_word(parameter: Any) -> str:
    """The word for a parameter's value, such as `SPEC`."""
    return str(parameter.metavar or parameter.name.upper())


def row(parameter: Any) -> tuple[str, str] | None:
    """A parameter as it is written and what it means, or None for a hidden one."""
    if getattr(parameter, "hidden", False):
        return None
    text = parameter.help or ""
    if parameter.param_type_name == "argument":
        return f"{value_word(parameter)}{'...' if parameter.nargs == -1 else ''}", text
    names = ", ".join(sorted(parameter.opts, key=len))
    if parameter.secondary_opts:
        names += f", {', '.join(parameter.secondary_opts)}"
    if not parameter.is_flag:
        names += f" {value_word(parameter)}"
        default = parameter.default
        if default is not None and not callable(default) and default != []:
            text += f" [{default}]"
    return names, PARSERS_OWN.get(names, text)


def usage_line(command: Any) -> str:
    """What stands behind a command's name."""
    words = ["[OPTIONS]"]
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            word = f"{value_word(parameter)}{'...' if parameter.nargs == -1 else ''}"
            words.append(word if parameter.required else f"[{word}]")
    return " ".join(words)


def write_parameters(command: Any, ctx: Any, formatter: Any) -> None:
    """The arguments and the options, each a line or more."""
    parameters = command.get_params(ctx)
    for title, kind in (("Arguments", "argument"), ("Options", "option")):
        rows = [row(p) for p in parameters if p.param_type_name == kind]
        shown = [found for found in rows if found is not None]
        if shown:
            with formatter.section(title):
                formatter.write_dl(shown)


class Command(TyperCommand):
    """A command whose help is written here."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """The line after `Usage:`."""
        formatter.write_usage(ctx.command_path, usage_line(self))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The arguments and the options."""
        write_parameters(self, ctx, formatter)


class Group(TyperGroup):
    """The app, whose commands are listed by what they are for."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """The line after `Usage:`."""
        word = "[COMMAND]" if self.invoke_without_command else "COMMAND"
        formatter.write_usage(ctx.command_path, f"[OPTIONS] {word} ...")

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The options, then the commands by group."""
        write_parameters(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The commands that are not hidden, by group, in `ORDER`."""
        groups: dict[str, list[tuple[str, str]]] = {}
        names = self.list_commands(ctx)
        for name in sorted(names, key=lambda n: ORDER.index(n) if n in ORDER else len(ORDER)):
            command: Any = self.get_command(ctx, name)
            if not command.hidden:
                group = getattr(command, "rich_help_panel", None)
                group = group if isinstance(group, str) else "Others"
                groups.setdefault(group, []).append((name, command.short_help or ""))
        order = [*(g for g in GROUPS if g in groups), *(g for g in groups if g not in GROUPS)]
        width = max(len(name) for rows in groups.values() for name, _ in rows)
        for group in order:
            rows = [(name.ljust(width), text) for name, text in groups[group]]
            with formatter.section(group):
                formatter.write_dl(rows)
