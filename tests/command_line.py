"""`netspec` run in this process, as the shell would run it."""

from __future__ import annotations

import sys

import pytest

from netspec.cli.main import main


def ran(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str, str]:
    """The exit code of `netspec WORDS`, and what it printed on both streams."""
    monkeypatch.setattr(sys, "argv", ["netspec", *words])
    code = 0
    try:
        main()
    except SystemExit as end:
        code = int(end.code or 0)
    out, err = capsys.readouterr()
    return code, out, err
