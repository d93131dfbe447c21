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
        _run(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
    except UsageError as problem:
        print(problem.text(), file=sys.stderr)
        sys.exit(2)
    except PluginError as problem:  # of an installed plugin, loaded when a layer is unknown
        print(UsageError(str(problem), problem.hint).text(), file=sys.stderr)
        sys.exit(2)
    except SpecError as problem:  # of a plugin's `make`, met when the network is built
        from netspec.report.check import finding_texts
        from netspec.report.findings import text

        found = problem.diagnostics
        print(text(found, finding_texts(found), in_color(sys.stderr)), file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as problem:  # a full disk, mostly
        if "NETSPEC_TRACEBACK" in os.environ:
            raise
        where = f" `{problem.filename}`" if problem.filename else ""
        what = f"cannot read or write{where}: {(problem.strerror or str(problem)).lower()}"
        print(UsageError(what).text(), file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as problem:
        if "NETSPEC_TRACEBACK" in os.environ:
            raise
        what = f"a mistake of netspec's own: {type(problem).__name__}: {problem}"
        hint = "NETSPEC_TRACEBACK=1 shows where; please report it"
        print(UsageError(what, hint).text(), file=sys.stderr)
        sys.exit(70)
    finally:
        gc.enable()  # a command may have turned it off


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
        raise in_own_words(error) from None
    if isinstance(code, int) and code:
        sys.exit(code)
