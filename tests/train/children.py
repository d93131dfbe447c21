"""Runs in processes of their own, forked from one that has loaded torch already."""

from __future__ import annotations

import contextlib
import faulthandler
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from netspec.train.trainable import Trainable

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["preloaded"])


def _ensure_server() -> None:
    """Start the process that others are forked from, with this process's module path.

    Python hands the path on by itself only in later versions.
    """
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    try:
        forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


Prepare = Callable[..., None]
WHERE: dict[str, Path] = {}  # the folder of each child, by its name


def start(
    network: Trainable,
    work: Path,
    *,
    prepare: Prepare | None = None,
    args: tuple[Any, ...] = (),
    environment: dict[str, str] | None = None,
    **options: Any,
) -> ForkServerProcess:
    """Train ``network`` in a child with its runs under ``work``; ``prepare`` runs before it."""
    _ensure_server()
    process = CONTEXT.Process(
        target=_child, args=(network, work, prepare, args, environment or {}, options)
    )
    process.start()
    WHERE[process.name] = work
    return process


def start_command(
    words: tuple[str, ...],
    work: Path,
    *,
    prepare: Prepare | None = None,
    args: tuple[Any, ...] = (),
    out: Path | None = None,
    err: Path | None = None,
) -> ForkServerProcess:
    """`netspec WORDS` in a child that stands in ``work``, in a process group of its own.

    What it prints goes to the files ``out`` and ``err``, or to `stdout.txt` and `stderr.txt`.
    """
    _ensure_server()
    process = CONTEXT.Process(target=_command, args=(words, work, prepare, args, out, err))
    process.start()
    WHERE[process.name] = work
    return process


def finish(process: ForkServerProcess, seconds: float = 60) -> int:
    """The child's exit code (-9 for SIGKILL), within ``seconds``."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        process.join(0.02)
        if process.exitcode is not None:
            return process.exitcode
        if not _exists(process.pid or 0):
            # Its data workers hold the pipe that tells its end; they notice only after seconds.
            process.join(0.2)
            return -signal.SIGKILL if process.exitcode is None else process.exitcode
    os.kill(process.pid or 0, signal.SIGABRT)  # prints where every thread is
    time.sleep(0.5)
    process.kill()
    log = WHERE.get(process.name, Path())
    raise AssertionError(f"still running after {seconds} s\n{said(log)[-6000:]}")


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def said(work: Path) -> str:
    """What all children in ``work`` wrote to standard error."""
    path = work / "stderr.txt"
    return path.read_text() if path.exists() else ""


def _child(
    network: Trainable,
    work: Path,
    prepare: Prepare | None,
    args: tuple[Any, ...],
    environment: dict[str, str],
    options: dict[str, Any],
) -> None:
    import torch

    from netspec.train import run
    from netspec.train.errors import TrainError

    torch.set_num_threads(1)
    multiprocessing.set_start_method("fork", force=True)  # for data workers, as in a user's run
    work.mkdir(parents=True, exist_ok=True)
    handle = os.open(work / "stderr.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, 2)
    sys.stderr = os.fdopen(handle, "w", buffering=1)
    faulthandler.enable(sys.stderr)
    os.environ.update({"NETSPEC_CACHE": str(work / "cache"), **environment})
    if prepare is not None:
        prepare(*args)
    code = 1
    with contextlib.suppress(TrainError):
        try:
            code = run.train(network, run.TrainOptions(run_dir=work / "runs", **options)).exit_code
        except TrainError as error:
            print(f"error: {error.message}\nhint: {error.hint}", file=sys.stderr)
    sys.stderr.flush()
    os._exit(code)


def _command(
    words: tuple[str, ...],
    work: Path,
    prepare: Prepare | None,
    args: tuple[Any, ...],
    out: Path | None,
    err: Path | None,
) -> None:
    import torch

    from netspec.cli.main import main

    torch.set_num_threads(1)
    multiprocessing.set_start_method("fork", force=True)
    os.setpgrp()
    work.mkdir(parents=True, exist_ok=True)
    os.chdir(work)
    for number, path in ((1, out or work / "stdout.txt"), (2, err or work / "stderr.txt")):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(handle, number)
        os.close(handle)
    os.environ["NETSPEC_CACHE"] = str(work / "cache")
    if prepare is not None:
        prepare(*args)
    sys.stdout = open(1, "w", buffering=8192, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
    sys.argv = ["netspec", *words]
    code = 0
    try:
        main()
    except SystemExit as end:
        code = int(end.code or 0)
    for stream in (sys.stdout, sys.stderr):  # as Python does at its end
        try:
            stream.flush()
        except OSError:
            code = 120
    os._exit(code)
