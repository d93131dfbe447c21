"""A user's own layers: Python modules that the user names or installed, never the spec."""

from __future__ import annotations

import importlib
import os
import sys
from functools import cache

GROUP = "netspec.plugins"
"""The entry-point group whose modules are loaded when a spec names an unknown layer."""


class PluginError(Exception):
    """A plugin that cannot be loaded; `hint` says how to mend it."""

    def __init__(self, message: str, hint: str) -> None:
        self.hint = hint
        super().__init__(message)


def load_plugin(module: str) -> None:
    """Import `module`, a name or the path of a `.py` file, so that it registers its layers.

    Raises `PluginError`. A module is found in the current folder too.
    """
    if "" not in sys.path:
        sys.path.insert(0, "")
    is_file = module.endswith(".py")
    missing = PluginError(
        f"the plugin `{module}` was not found",
        "name a module that can be imported, or the path of a `.py` file",
    )
    if not (os.path.isfile(module) if is_file else all(module.split("."))):
        raise missing
    try:
        if is_file:
            _load_file(module)
        else:
            importlib.import_module(module)
    except Exception as problem:
        lost = problem.name if isinstance(problem, ModuleNotFoundError) and not is_file else None
        if lost and f"{module}.".startswith(f"{lost}."):  # and no module that it imports itself
            raise missing from None
        what = f"{type(problem).__name__}: {problem}"
        run = module if is_file else f"-c 'import {module}'"
        hint = f"`python {run}` shows where"
        raise PluginError(f"the plugin `{module}` failed: {what}", hint) from problem


def _load_file(path: str) -> None:
    from importlib.util import module_from_spec, spec_from_file_location
    from pathlib import Path

    name = Path(path).stem
    loaded = getattr(sys.modules.get(name), "__file__", None)
    if loaded is not None and os.path.exists(path) and os.path.samefile(loaded, path):
        return  # its layers are registered
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = module_from_spec(spec)
    sys.modules[name] = module  # so that a module of its layers can be pickled
    spec.loader.exec_module(module)


@cache
def load_installed() -> bool:
    """Load every installed plugin, once; whether any layer came of it."""
    from importlib.metadata import entry_points  # slow, and needed for unknown layers only

    from netspec.ops import OPS

    before = len(OPS)
    for point in entry_points(group=GROUP):
        load_plugin(point.value.partition(":")[0])
    return len(OPS) > before
