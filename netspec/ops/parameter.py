"""Tensors that stand in their container by their own names: learned ones, and others."""

from __future__ import annotations

from math import prod
from typing import Any, Final

from netspec.counted import counted
from netspec.json_schema import BOOL, NUMBER, POSITIVE_NUMBER, Schema, nullable, one_of
from netspec.ops.base import Op, Refusal, Shape, Unbatched, arg
from netspec.ops.dtype import FLOAT, Dtype

SHAPE: Final[Schema] = {
    "type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1, "maxItems": 5,
}  # fmt: skip
BATCH: Final = "whether torch's tensor has a leading dimension of 1, for the batch"


class Parameter(Op):
    """A learned tensor, such as a class token or a layer's scale, for `Add`, `Mul` or `Concat`.

    It has no input, and is not the default input of the layer after it: name it in `from`. Its
    name in `state_dict` is the layer's own.
    """

    saves = "nothing"

    arity = (0, 0)

    shape: tuple[int, ...] = arg(SHAPE, "the tensor's shape, without the batch", bare=True)
    batch: bool = arg(BOOL, BATCH, default=False)
    fill: float = arg(NUMBER, "the value that it starts with", default=0.0)
    std: float | None = arg(
        nullable(POSITIVE_NUMBER),
        "the standard deviation of a normal start around `fill`",
        default=None,
    )
    trainable: bool = arg(BOOL, "whether training changes it", default=True)

    def infer(self, *inputs: Shape) -> Shape:
        """The shape that was written."""
        if inputs:
            raise Refusal("NS407", "Parameter takes no input")
        return self.shape if self.batch else Unbatched(self.shape)

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """The tensor, whose name is the layer's own."""
        return {"": (1, *self.shape) if self.batch else self.shape}

    def num_params(self, *inputs: Shape) -> int:
        """The number of trainable parameters: none where training does not change them."""
        return super().num_params(*inputs) if self.trainable else 0

    def make(self, *inputs: Shape) -> Any:
        """A `torch.nn.Parameter`, drawn or filled."""
        import torch

        size = (1, *self.shape) if self.batch else self.shape
        if self.std is None:
            start = torch.full(size, float(self.fill))
        else:
            start = torch.empty(size).normal_(float(self.fill), std=self.std)
        return torch.nn.Parameter(start, requires_grad=self.trainable)


class Buffer(Op):
    """A tensor that is not learned, such as a table of positions or the mean of a data set.

    It holds `fill`, or else `values` in the order of rows, `arange` (0, 1, 2, … in the same order)
    or `sinusoidal`: the positions of the Transformer (Vaswani et al. 2017, section 3.5), of a shape
    `(length, features)`, `sin(p / 10000^(2i/features))` in the even features of row `p`, the cosine
    of the same angle in the odd ones. As `Parameter`, it has no input: name it in `from`.
    """

    takes = "own"
    saves = "nothing"

    arity = (0, 0)

    shape: tuple[int, ...] = arg(SHAPE, "the tensor's shape, without the batch", bare=True)
    batch: bool = arg(BOOL, BATCH, default=False)
    values: tuple[float, ...] | None = arg(  # type: ignore[assignment]
        {"type": ["array", "null"], "items": {"type": "number"}, "minItems": 1},
        "the numbers, row by row",
        default=None,
    )
    fill: float | None = arg(nullable(NUMBER), "one number for all; by default 0", default=None)
    arange: bool = arg(BOOL, "whether it holds 0, 1, 2, …, row by row", default=False)
    sinusoidal: bool = arg(BOOL, "whether it holds the Transformer's positions", default=False)
    dtype: str = arg(one_of("float32", "int64"), "the kind of its numbers", default="float32")
    persistent: bool = arg(BOOL, "whether it is a part of `state_dict`", default=True)

    def check(self) -> None:
        """Refuse two contents at once, and contents that the shape or the kind cannot hold."""
        given = [
            name for name in ("values", "fill", "arange", "sinusoidal")
            if self.given[name] not in (None, False)
        ]  # fmt: skip
        if len(given) > 1:
            raise Refusal(
                "NS410",
                f"`{given[0]}` and `{given[1]}` both say what it holds",
                argument=given[1],
                hint="leave one of them out",
            )
        if self.numbers is not None and len(self.numbers) != prod(self.shape):
            raise Refusal(
                "NS410",
                f"{counted(len(self.numbers), 'value')} for a tensor of {prod(self.shape)}",
                argument="values",
                hint="write as many as the shape holds, row by row",
            )
        if self.sinusoidal and len(self.shape) != 2:
            raise Refusal(
                "NS410",
                "sinusoidal positions have a length and features",
                argument="sinusoidal",
                hint="`shape: [16, 24]` is 16 positions of 24 features",
            )
        parts = (*(self.numbers or ()), self.fill or 0, 0.5 if self.sinusoidal else 0)
        if self.dtype == "int64" and any(x != int(x) for x in parts):
            raise Refusal(
                "NS410",
                "`dtype: int64` holds whole numbers alone",
                argument="dtype",
                hint="leave `dtype` out",
            )

    @property
    def given(self) -> dict[str, Any]:
        """The arguments by their names, of which one is called as the attribute of all."""
        given: dict[str, Any] = self.__dict__["values"]
        return given

    @property
    def numbers(self) -> tuple[float, ...] | None:
        """The argument `values`."""
        numbers: tuple[float, ...] | None = self.given["values"]
        return numbers

    def infer(self, *inputs: Shape) -> Shape:
        """The shape that was written."""
        if inputs:
            raise Refusal("NS407", "Buffer takes no input")
        return self.shape if self.batch else Unbatched(self.shape)

    def dtypes(self, *given: Dtype) -> Dtype:
        """Floating-point, or integers with the bound that they stay below."""
        if self.dtype == FLOAT.name:
            return FLOAT
        held = self.numbers or ((prod(self.shape) - 1,) if self.arange else (self.fill or 0,))
        return Dtype(self.dtype, int(max(held)) + 1 if min(held) >= 0 else None)

    def buffers(self, *inputs: Shape) -> dict[str, Shape]:
        """The tensor, whose name is the layer's own, where it is persistent."""
        return {"": (1, *self.shape) if self.batch else self.shape} if self.persistent else {}

    def make(self, *inputs: Shape) -> Any:
        """A `torch.Tensor`, filled."""
        import torch

        size = (1, *self.shape) if self.batch else self.shape
        dtype = torch.int64 if self.dtype == "int64" else torch.get_default_dtype()
        if self.numbers is not None:
            return torch.tensor(self.numbers, dtype=dtype).reshape(size)
        if self.arange:
            return torch.arange(prod(size), dtype=dtype).reshape(size)
        if not self.sinusoidal:
            return torch.full(size, self.fill or 0, dtype=dtype)
        length, features = self.shape
        steps = torch.arange(0, features, 2) / features
        angles = torch.arange(length).unsqueeze(1) / 10_000**steps
        both = torch.stack((angles.sin(), angles.cos()), 2).flatten(1)[:, :features]
        return both.to(dtype).reshape(size).contiguous()
