"""Parametrizations: a layer's weight as a function of other tensors, which are what is learned.

To add one is to write an entry of `PARAMETRIZATIONS`; its name is that of its function in
`torch.nn.utils.parametrizations`, and so are its arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from netspec.json_schema import INTEGER, POSITIVE, POSITIVE_NUMBER, Schema, nullable
from netspec.ops.base import Op, Shape, text

if TYPE_CHECKING:
    from torch import nn

Args = dict[str, Any]

READ_AS_ONE: Final = frozenset({"LSTM", "GRU", "RNN"})
"""Layers whose weights torch reads as one piece, where no parametrization is seen."""


@dataclass(frozen=True, slots=True)
class Parametrization:
    """What a parametrization keeps instead of a tensor of some shape, by names within its list.

    `dim` is the dimension that it works along for a kind of layer, None for all at once.
    """

    summary: str
    args: dict[str, Schema]
    dim: Callable[[Args, str], int | None]
    parameters: Callable[[Shape, int | None], dict[str, Shape]]
    buffers: Callable[[Shape, int | None], dict[str, Shape]]


class Chosen(NamedTuple):
    """A parametrization of one tensor of a layer: the function of torch and its arguments."""

    function: str
    args: tuple[tuple[str, Any], ...]

    @property
    def tensor(self) -> str:
        """The name of the tensor that it replaces."""
        return str(dict(self.args).get("name", "weight"))

    def dim(self, kind: str) -> int | None:
        """The dimension of the tensor that it works along; None for all at once."""
        return PARAMETRIZATIONS[self.function].dim(dict(self.args), kind)


def _magnitudes(shape: Shape, dim: int | None) -> dict[str, Shape]:
    """A norm for each index of `dim`, or one for all, and the direction."""
    size = () if dim is None else tuple(n if i == dim else 1 for i, n in enumerate(shape))
    return {"original0": size, "original1": shape}


def _singular_vectors(shape: Shape, dim: int | None) -> dict[str, Shape]:
    """The vectors that power iteration keeps; a vector is divided by its own norm."""
    assert dim is not None
    rows = shape[dim]
    return {"0._u": (rows,), "0._v": (prod(shape) // rows,)} if len(shape) > 1 else {}


def _spectral_dim(args: Args, kind: str) -> int:
    given: int | None = args.get("dim")
    if given is None:
        return 1 if kind.startswith("ConvTranspose") else 0
    return given


_NAME: Final[Schema] = {
    "type": "string", "description": "the tensor that it replaces", "default": "weight",
}  # fmt: skip

PARAMETRIZATIONS: Final[dict[str, Parametrization]] = {
    "weight_norm": Parametrization(
        "the weight as its norm times its direction, both learned",
        {
            "name": _NAME,
            "dim": {
                **nullable({**INTEGER, "minimum": 0}),
                "description": "the dimension with a norm for each index; null: one norm for all",
                "default": 0,
            },
        },
        lambda args, kind: args.get("dim", 0),
        _magnitudes,
        lambda shape, dim: {},
    ),
    "spectral_norm": Parametrization(
        "the weight divided by its largest singular value, found by power iteration",
        {
            "name": _NAME,
            "n_power_iterations": {
                **POSITIVE, "description": "steps of power iteration in each run", "default": 1,
            },
            "eps": {
                **POSITIVE_NUMBER, "description": "what norms are at least", "default": 1e-12,
            },
            "dim": {
                **nullable({**INTEGER, "minimum": 0}),
                "description": "the dimension of the outputs; null: 1 of transposed convolutions, "
                "else 0",
                "default": None,
            },
        },
        _spectral_dim,
        lambda shape, dim: {"original": shape},
        _singular_vectors,
    ),
}  # fmt: skip
"""The functions of `torch.nn.utils.parametrizations` that a spec may name."""


def parametrized(op: Op, chosen: tuple[Chosen, ...]) -> Op:
    """The same layer with these parametrizations, whose tensors are known to fit."""
    kind = _kind(type(op), chosen)  # type: ignore[arg-type]  # a class, not an op, is hashed
    return kind(**op.values)


def misfit(op: Op, chosen: Chosen, tensors: dict[str, Shape]) -> tuple[str, str] | None:
    """Why a parametrization does not apply to a layer of these tensors, and what to do, or None."""
    kind, name = type(op).__name__, chosen.tensor
    own = [tensor for tensor in tensors if tensor and "." not in tensor]
    if name not in own:
        listed = ", ".join(f"`{tensor}`" for tensor in own)
        hint = f"`name` is one of {listed}" if own else "put it beside a layer that has weights"
        return f"{kind} has no parameter `{name}`", hint
    if kind in READ_AS_ONE:
        message = f"torch reads the weights of {kind} as one piece, which cannot be parametrized"
        return message, "delete it"
    dim, dims = chosen.dim(kind), len(tensors[name])
    if dim is not None and dim >= dims:
        message = f"`dim: {dim}` is not a dimension of `{name}`, {text(tensors[name])}"
        only = "0 is the only one" if dims == 1 else f"the dimensions are 0 to {dims - 1}"
        return message, only
    return None


@lru_cache(maxsize=1_024)
def _kind(kind: type[Op], chosen: tuple[Chosen, ...]) -> type[Op]:
    """A kind of layer that differs from another in its tensors alone."""

    class Parametrized(kind):  # type: ignore[misc, valid-type]
        parametrizations = chosen

        def parameters(self, *inputs: Shape) -> dict[str, Shape]:
            plain = super().parameters(*inputs)
            kept = {name: shape for name, shape in plain.items() if name not in replaced}
            return {**kept, **within(plain, "parameters")}

        def buffers(self, *inputs: Shape) -> dict[str, Shape]:
            return {**super().buffers(*inputs), **within(super().parameters(*inputs), "buffers")}

        def starts(self, *inputs: Shape) -> dict[str, Shape]:
            return {**super().parameters(*inputs), **self.parameters(*inputs)}

        def make(self, *inputs: Shape) -> nn.Module:
            from torch.nn.utils import parametrizations

            made: nn.Module = super().make(*inputs)
            for function, args in chosen:
                getattr(parametrizations, function)(made, **dict(args))
            return made

    replaced = {one.tensor for one in chosen}

    def within(tensors: dict[str, Shape], which: str) -> dict[str, Shape]:
        found: dict[str, Shape] = {}
        for one in chosen:
            rule = getattr(PARAMETRIZATIONS[one.function], which)
            kept = rule(tensors[one.tensor], one.dim(kind.__name__))
            found |= {f"parametrizations.{one.tensor}.{n}": shape for n, shape in kept.items()}
        return found

    Parametrized.__name__, Parametrized.__module__ = kind.__name__, kind.__module__
    Parametrized.__qualname__, Parametrized.__doc__ = kind.__qualname__, kind.__doc__
    return Parametrized
