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
    """The spec complete in itself: it says where its files are, and repeats from anywhere."""
    data, said = run.recipe.data, dict[str, Any]()
    if data.dataset not in MADE_SETS:
        named = {} if data.dataset is None else {"dataset": data.dataset}
        said["data"] = {**named, "root": _whole(Path(overrides.get("data") or data.place))}
    weights = overrides.get("weights") or run.recipe.start
    if weights is not None:
        said["weights"] = _whole(Path(weights))
    return run.network.resolved(said).encode()


def _whole(path: Path) -> str:
    """The path from the root on, without `..` where no link makes that another place."""
    plain = os.path.abspath(path)
    return plain if os.path.realpath(plain) == os.path.realpath(path) else str(path.absolute())


def describe(run: Run, command: Sequence[str], warnings: str, overrides: Mapping[str, Any]) -> None:
    """Write ``env.json``, or add this start to it, and ``warnings.txt``."""
    run.folder.write_warnings(warnings)
    env = run.folder.notes() if run.folder.env.exists() else {}
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
                "by_class": info.by_class,
            },
            "starts": [*env.get("starts", []), start],
        }
    )
    run.folder.write_vocabulary(info.vocabulary)
    run.folder.write_env(env)
