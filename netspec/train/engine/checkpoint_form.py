"""Whether a checkpoint has the form of those that a run writes: it may be a stranger's.

Its hash tells that its bytes are whole, and nothing of who wrote them. What the recipe decides is
taken from the recipe; of the rest, each value is held against the kind that the run has itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import isfinite
from typing import Any, Final

from torch import Tensor

from netspec.train.storage.checkpoint_file import Tree

_COUNTERS: Final = frozenset(("step", "mu_product"))
"""What an optimizer keeps of a weight in one number."""
_CHANGING: Final = frozenset(("lr", "momentum", "betas"))
"""What changes in an optimizer's groups while a run runs."""
_SCHEDULED: Final = frozenset(
    ("last_epoch", "_step_count", "_last_lr", "T_cur", "T_i", "best", "num_bad_epochs",
     "cooldown_counter", "_get_lr_called_within_step")
)  # fmt: skip
"""What changes in a scheduler while a run runs."""
_NUMPY_PLACES: Final = 624


def require_form(tree: Tree, own: Tree, steps_per_epoch: int) -> None:
    """Raise ValueError where ``tree`` is not as a run writes it that would write ``own`` now."""
    epoch, step, step_in_epoch = (_count(value) for value in tree["position"])
    _require(step_in_epoch <= min(step, steps_per_epoch) and epoch <= step, "position")
    _require(epoch <= _count(tree["epochs"]), "epochs")
    _count(tree["rows"])
    for key in ("model", "average", "lap_began_at"):
        _same(tree[key], own[key], key)
    if tree["scaler"] and own["scaler"]:
        _same(tree["scaler"], own["scaler"], "scaler")
    _optimizer(tree["optimizer"], own["optimizer"])
    _schedule(tree["schedule"], own["schedule"], step)
    _best(tree["best"], own["model"] if own["average"] is None else own["average"], epoch)
    _require(isinstance(tree["processes"], list) and bool(tree["processes"]), "processes")
    for process in tree["processes"]:
        _same(process["sums"], own["processes"][0]["sums"], "sums")
        _generators(process["generators"])


def changing_values(state: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """An optimizer's state, of whose groups only what changes in a run is ``state``'s."""
    groups = [
        {**mine, **_only(theirs, _CHANGING & mine.keys())}
        for theirs, mine in zip(state["param_groups"], own["param_groups"], strict=True)
    ]
    return {"state": state["state"], "param_groups": groups}


def changing_counts(state: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """A scheduler's state, of which only what changes in a run is ``state``'s."""
    return {**own, **_only(state, _SCHEDULED & own.keys())}


def _only(values: Mapping[str, Any], keys: Collection[str]) -> dict[str, Any]:
    return {key: values[key] for key in keys if key in values}


def require_buffers(weight: Tensor, buffers: Mapping[str, Any]) -> None:
    """Raise ValueError where what an optimizer keeps of ``weight`` is not of its form."""
    for name, buffer in buffers.items():
        if name in _COUNTERS:
            _require(not isinstance(buffer, Tensor) or buffer.shape == (), name)
            _require(0 <= float(buffer) < 2**53, name)
        elif buffer is not None:
            _require(isinstance(buffer, Tensor) and buffer.is_floating_point(), name)
            _require(buffer.shape == weight.shape, name)


def _optimizer(state: Tree, own: Tree) -> None:
    groups = zip(state["param_groups"], own["param_groups"], strict=True)
    for theirs, mine in groups:
        _require(theirs["params"] == mine["params"], "the optimizer's weights")
        _same(_only(theirs, _CHANGING & mine.keys()), _only(mine, _CHANGING & theirs.keys()), "lr")
        shares = [theirs.get("momentum", 0), *theirs.get("betas", ())]
        _require(all(0 <= share <= 1 for share in shares), "momentum")
    known = {place for group in own["param_groups"] for place in group["params"]}
    _require(state["state"].keys() <= known, "the optimizer's state")
    kept = [
        {(name, value is None) for name, value in one.items()} for one in state["state"].values()
    ]
    _require(all(one == kept[0] for one in kept), "the optimizer's state")


def _schedule(state: Tree, own: Tree, step: int) -> None:
    _require(_count(state["steps"]) == step, "steps")
    _count(state["length"])
    _same(state["plain"], own["plain"], "rates")
    if own["scheduler"] is None:
        _require(state["scheduler"] is None, "scheduler")
        return
    counts = _SCHEDULED & own["scheduler"].keys()
    _same(_only(state["scheduler"], counts), _only(own["scheduler"], counts), "scheduler")
    for key in counts & {"last_epoch", "_step_count"}:
        _require(-1 <= state["scheduler"][key] <= step + 1, key)
    _require(state["scheduler"].get("T_i", 1) >= 1, "T_i")


def _best(state: Tree, weights: Mapping[str, Tensor], epoch: int) -> None:
    _require(0 <= _count(state["epoch"]) <= epoch, "best epoch")
    if state["figures"] is not None:
        loss, accuracy, count, top5 = state["figures"]
        _same([loss, accuracy, count], [0.0, 0.0, 0.0], "figures")
        _require(top5 is None or _is_number(top5), "figures")
    if state["weights"] is not None:
        _same(state["weights"], weights, "best weights")


def _generators(state: Tree) -> None:
    if "numpy" in state:
        name, keys, place, has_gauss, _ = state["numpy"]
        # It would read beyond its numbers, and not say so.
        _require(name == "MT19937" and 0 <= _count(place) <= _NUMPY_PLACES, "numpy")
        _require(len(keys) == _NUMPY_PLACES and has_gauss in (0, 1), "numpy")
        _require(all(0 <= _count(key) < 2**32 for key in keys), "numpy")


def _same(value: Tree, own: Tree, name: str) -> None:
    """``value`` is of the kind of ``own``, as far as both go down."""
    match own:
        case Tensor():
            alike = isinstance(value, Tensor) and value.shape == own.shape
            _require(alike and value.dtype == own.dtype, name)
        case dict():
            _require(isinstance(value, dict) and value.keys() == own.keys(), name)
            for key, inner in own.items():
                _same(value[key], inner, name)
        case list() | tuple():
            _require(isinstance(value, list | tuple) and len(value) == len(own), name)
            for found, inner in zip(value, own, strict=True):
                _same(found, inner, name)
        case bool():
            _require(isinstance(value, bool), name)
        case int() | float():
            _require(_is_number(value), name)
            _require(isfinite(value) or not isfinite(own), name)
        case _:
            _require(type(value) is type(own), name)


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise ValueError("not a count")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _require(holds: bool, name: str) -> None:
    if not holds:
        raise ValueError(f"{name}: of another form")
