"""The command line: a plain `check` at once, the rest by typer; it ends without a traceback."""

from __future__ import annotations

import gc
import os
import sys
from io import TextIOWrapper

from netspec.cli.checking import UsageError, check_specs, in_color
from netspec.cli.plain_check import plain_check


def main() -> None:
    """Run a command; end without a traceback, whatever happens."""
    from netspec.diagnostics import SpecError
    from netspec.plugins import PluginError

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a locale without `×` shows `?` for it
            stream.reconfigure(errors="replace")
    try:
        try:
            _run(sys.argv[1:])
        finally:
            sys.stdout.flush()  # here, where it is told if it does not work
    except KeyboardInterrupt:
        sys.exit(130)
    except UsageError as problem:
        problem.tell()
        sys.exit(2)
    except PluginError as problem:  # of an installed plugin, loaded when a layer is unknown
        UsageError(str(problem), problem.hint).tell()
        sys.exit(2)
    except SpecError as problem:  # of a plugin's `make`, met when the network is built
        from netspec.report.check import finding_texts
        from netspec.report.findings import text

        found = problem.diagnostics
        print(text(found, finding_texts(found), in_color(sys.stderr)), file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        _mute_output()
        sys.exit(1)
    except OSError as problem:  # a full disk, mostly
        if "NETSPEC_TRACEBACK" in os.environ:
            raise
        where = f" `{problem.filename}`" if problem.filename else ""
        what = f"cannot read or write{where}: {(problem.strerror or str(problem)).lower()}"
        UsageError(what).tell()
        _mute_output()
        sys.exit(1)
    except Exception as problem:
        if "NETSPEC_TRACEBACK" in os.environ:
            raise
        what = f"a mistake of netspec's own: {type(problem).__name__}: {problem}"
        hint = "NETSPEC_TRACEBACK=1 shows where; please report it"
        UsageError(what, hint).tell()
        sys.exit(70)
    finally:
        gc.enable()  # a command may have turned it off


def _mute_output() -> None:
    from netspec.unheard import mute

    mute(sys.stdout)


def _run(arguments: list[str]) -> None:
    plain = plain_check(arguments)
    if plain is not None:  # typer takes longer to import than most specs to check
        sys.exit(check_specs(**plain))
    from netspec.cli.commands import hoisted
    from netspec.cli.options import app
    from netspec.cli.usage_errors import PARSER_ERROR, in_own_words

    try:
        code = app(hoisted(arguments), prog_name="netspec", standalone_mode=False)
    except PARSER_ERROR as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.format_message(), file=sys.stderr)
            sys.exit(2)
        raise in_own_words(error, arguments) from None
    if isinstance(code, int) and code:
        sys.exit(code)
