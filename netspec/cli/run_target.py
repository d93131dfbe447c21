"""What a command is to go on with, evaluate or predict with: a run, or a spec with weights."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from netspec.cli.options import load, usage

if TYPE_CHECKING:
    from netspec.compiler.facade import Network
    from netspec.train.storage.folder import RunFolder
    from netspec.train.trained import Trained

SUFFIXES = (".yaml", ".yml")


def load_spec(path: str, settings: list[str] | None = None, input: str | None = None) -> Network:
    """A spec to train, which may be that of a run."""
    network = load(path, settings, input)
    folder, name = os.path.split(os.path.expanduser(path))
    if name == "resolved.yaml" and os.path.exists(os.path.join(folder, "env.json")):
        return _as_then(network)
    return network


def _as_then(network: Network) -> Network:
    """A run's spec; where `root` is relative, it is from before runs said where their data are.

    It was relative to where one stood then.
    """
    data = network.recipe.data
    if os.path.isabs(os.path.expanduser(data.root)):
        return network
    return replace(network, recipe=replace(network.recipe, data=replace(data, root_folder="")))


def load_run(
    run: RunFolder, settings: list[str] | None = None, input: str | None = None
) -> Network:
    """The network and the recipe of a run."""
    return load_spec(str(run.resolved), settings, input)


def trained(
    target: str,
    weights: Path | None,
    run_dir: Path,
    settings: list[str] | None = None,
    input: str | None = None,
) -> Trained:
    """The run that `target` names, or the spec with `weights`."""
    from netspec.train.find_run import find_run
    from netspec.train.trained import Trained, trained_run

    path = Path(os.path.expanduser(target))
    if target == "-" or path.is_file() or path.suffix.lower() in SUFFIXES:
        if path.is_file() and path.suffix.lower() not in SUFFIXES:
            usage(f"`{target}` is no spec and no run's folder", "weights go with `--weights FILE`")
        network = load_spec(target, settings, input)
        if weights is None:
            usage("a spec has no weights of its own", "name a run, or add `--weights FILE`")
        return Trained(network, weights)
    run = find_run(target, run_dir)
    return trained_run(run.path, load_run(run, settings, input), weights)
