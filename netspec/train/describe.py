"""What a run's folder says of the run: its spec, complete in itself, and what it ran on."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from netspec.recipe import MADE_SETS
from netspec.train.engine.training import Run
from netspec.train.machine.distributed import torchrun_launch
from netspec.train.storage.fingerprints import versions


def resolved_spec(run: Run, overrides: Mapping[str, Any]) -> bytes:
    """The spec complete in itself: it says where its data are, so that it repeats from anywhere."""
    data = run.recipe.data
    if data.dataset in MADE_SETS:
        return run.network.resolved().encode()
    root = Path(overrides.get("data") or data.place).absolute()
    plain = os.path.abspath(root)  # without `..`, where no link makes that another place
    said = {"root": plain if os.path.realpath(plain) == os.path.realpath(root) else str(root)}
    named = {} if data.dataset is None else {"dataset": data.dataset}
    return run.network.resolved({"data": {**named, **said}}).encode()


def describe(run: Run, command: Sequence[str], warnings: str, overrides: Mapping[str, Any]) -> None:
    """Write ``env.json``, or add this start to it, and ``warnings.txt``."""
    run.folder.write_warnings(warnings)
    env = run.folder.read_env()
    start = {
        "at": datetime.now().astimezone().isoformat(timespec="seconds"),
        "command": shlex.join(command),
        "versions": versions(run.plan),
        "device": run.plan.line,
        "processes": run.processes.world_size,
        "cpus": os.cpu_count(),
    }
    info = run.data.info
    env.update(
        {
            "spec": run.network.name,
            "parameters": run.network.num_params,
            "overrides": overrides,
            "launch": torchrun_launch(),
            "data": {
                "dataset": info.dataset,
                "fingerprint": info.fingerprint,
                "classes": list(info.classes),
                "channels": info.channels,
                "size": list(info.size),
                "mean": [float(value) for value in info.mean],
                "std": [float(value) for value in info.std],
                "train": info.num_train,
                "validation": info.num_validation,
                "test": info.num_test,
                "skipped": dict(info.skipped),
            },
            "starts": [*env.get("starts", []), start],
        }
    )
    run.folder.write_env(env)
