"""`netspec check` in a process of its own each time, forked from one that has loaded netspec.

To load it anew takes longer than to check most files. The processor's time and the memory of
each process are limited as if it had been started by itself. Run as a program, this is the process
that the others are forked from: it reads a request a line, and answers each with an exit code.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import signal
import subprocess
import sys
import traceback
from pathlib import Path
from typing import NamedTuple

MEMORY = 512 << 20
PROCESSOR_SECONDS = 20  # a runaway is killed; on an idle machine each file takes below 2
SECONDS = 300  # one that waits is killed too
WARM = b"netspec: 1\ninput: [3]\nlayers: [Linear: $(1 + 1)]\n"


class Ended(NamedTuple):
    """How a check ended: its exit code, or less than 0 for the signal that killed it.

    `seconds` are the processor's, `megabytes` the most that it held at once.
    """

    returncode: int
    stdout: bytes
    stderr: bytes
    seconds: float
    megabytes: int


class Forks:
    """The process that checks are forked from; a context manager, with files in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.files = [folder / name for name in ("stdin", "stdout", "stderr")]

    def __enter__(self) -> Forks:
        self.server = subprocess.Popen(
            [sys.executable, __file__, *map(str, self.files)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.server.communicate()

    def check(self, *arguments: str, stdin: bytes = b"") -> Ended:
        """Run `netspec check` with these arguments."""
        given, out, err = self.files
        given.write_bytes(stdin)
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        self.server.stdin.write(json.dumps(arguments) + "\n")
        self.server.stdin.flush()
        code, seconds, megabytes = self.server.stdout.readline().split()
        return Ended(int(code), out.read_bytes(), err.read_bytes(), float(seconds), int(megabytes))


def _check(arguments: list[str], files: list[str]) -> None:
    """Be `python -m netspec check …` with these files as its streams; never comes back."""
    read, write = os.O_RDONLY, os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for number, (path, mode) in enumerate(zip(files, (read, write, write), strict=True)):
        os.dup2(os.open(path, mode), number)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
    signal.alarm(SECONDS)
    code = 1
    try:
        code = _ended(["check", *arguments])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _ended(arguments: list[str]) -> int:
    """The exit code of `netspec` with these arguments."""
    from netspec.cli.main import main

    sys.argv = ["netspec", *arguments]
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _forked(arguments: list[str], files: list[str]) -> str:
    """The exit code, the processor's seconds and the megabytes that a check took."""
    pid = os.fork()
    if pid == 0:
        _check(arguments, files)
    _, status, used = os.wait4(pid, 0)
    seconds, megabytes = used.ru_utime + used.ru_stime, used.ru_maxrss >> 10
    return f"{os.waitstatus_to_exitcode(status)} {seconds} {megabytes}"


def _serve(files: list[str]) -> None:
    Path(files[0]).write_bytes(WARM)
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        assert _ended(["check", files[0]]) == 0, shown.getvalue()  # loads what a check needs
    for line in sys.stdin:
        print(_forked(json.loads(line), files), flush=True)


if __name__ == "__main__":
    _serve(sys.argv[1:])
