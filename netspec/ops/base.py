"""What an op is: its arguments, which are its JSON Schema, and its rules.

To add an op is to write one class: fields made by `arg`, and the rules that differ from the
base class's. A shape never includes the batch: an image is `(channels, height, width)`, a
sequence of tokens `(length, features)`, a vector `(features,)`.
"""

from __future__ import annotations

from math import prod
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Final,
    Literal,
    NamedTuple,
    dataclass_transform,
)

from netspec.counted import counted
from netspec.json_schema import Schema
from netspec.ops.dtype import FLOAT, Dtype, said, together

if TYPE_CHECKING:
    from torch import nn

Shape = tuple[int, ...]


class Unbatched(Shape):
    """The shape of a tensor that all samples of a batch share, so that it has no batch."""


Ints = int | tuple[int, ...]

Saves = Literal["input", "output", "both", "nothing"]

Takes = Literal["floats", "any", "own"]


class Saved(NamedTuple):
    """Values in the precision of training, and bytes of another kind: indices and masks."""

    values: int
    other_bytes: int = 0

    def bytes(self, value_bytes: int = 4) -> int:
        """All of it, with values of so many bytes."""
        return self.values * value_bytes + self.other_bytes


NOTHING: Final = Saved(0)
INDEX: Final = 8
"""Bytes of an index, torch's int64."""


class Refusal(Exception):
    """An op does not take these inputs; the compiler adds the place.

    `argument` names the argument to point at, where one is to blame.
    """

    def __init__(
        self, code: str, message: str, *, argument: str | None = None, hint: str | None = None
    ) -> None:
        self.code, self.message, self.argument, self.hint = code, message, argument, hint
        super().__init__(message)


REQUIRED: Final = object()


class Arg:
    """One argument of an op: a JSON Schema fragment, a default, and a line of documentation."""

    __slots__ = ("bare", "default", "doc", "name", "schema")

    def __init__(self, schema: Schema, doc: str, default: object, bare: bool) -> None:
        self.name = ""
        self.schema, self.doc, self.default, self.bare = schema, doc, default, bare

    @property
    def required(self) -> bool:
        """Whether the argument must be written."""
        return self.default is REQUIRED


def arg(schema: Schema, doc: str, *, default: object = REQUIRED, bare: bool = False) -> Any:
    """Declare an argument; `bare` marks the one that may stand alone (`Linear: 4096`)."""
    return Arg(schema, doc, default, bare)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(arg, Arg))
class Op:
    """One layer of the language. Instances are values: immutable, equal by their arguments."""

    args: ClassVar[dict[str, Arg]] = {}
    bare: ClassVar[str | None] = None
    abstract: ClassVar[bool] = True
    arity: ClassVar[tuple[int, int | None]] = (1, 1)
    """The least and the largest number of inputs (None: any)."""
    linear: ClassVar[bool] = False
    """Whether the op is a linear (affine) map with weights of its own, as lints need to know."""
    saves: ClassVar[Saves] = "both"
    """What torch keeps of a training step for the op's backward pass."""
    several: ClassVar[bool] = False
    """Whether the op gives several values, which `outputs` names; of some, an instance says so."""
    takes: ClassVar[Takes] = "floats"
    """The numbers that the op works on: floating-point alone, or any, which its output is of too.

    An op with a rule of its own says `own`, and has `dtypes`.
    """
    view: ClassVar[bool] = False
    """Whether the output is the input's memory, seen in another way."""

    foreign: ClassVar[bool] = False
    """Whether the op is a plugin's, whose rules are not trusted to be right."""

    parametrizations: ClassVar[tuple[tuple[str, Any], ...]] = ()
    """The parametrizations of its tensors: functions of torch with their arguments."""

    values: dict[str, Any]

    @property
    def overwrites(self) -> bool:
        """Whether the op asks to use its input's memory for its output, and can be trained so."""
        return bool(self.values.get("inplace"))

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.abstract = abstract
        inherited = dict(cls.args)
        for name, value in list(vars(cls).items()):
            if isinstance(value, Arg):
                value.name = name
                inherited[name] = value
                delattr(cls, name)
        cls.args = inherited
        cls.bare = next((a.name for a in inherited.values() if a.bare), None)
        cls._defaults = {
            a.name: _frozen(a.default) for a in inherited.values() if a.default is not REQUIRED
        }

    _defaults: ClassVar[dict[str, Any]] = {}

    def __init__(self, **values: Any) -> None:
        """Take arguments that the op's schema has accepted; a list becomes a tuple.

        Raises `TypeError` for a name that is not an argument or one that is missing, and
        `Refusal` where arguments contradict each other.
        """
        for name in values:
            if name not in self.args:
                raise TypeError(f"{type(self).__name__} has no argument `{name}`")
        missing = [n for n, a in self.args.items() if a.required and n not in values]
        if missing:
            raise TypeError(f"{type(self).__name__} needs {', '.join(missing)}")
        merged = {**self._defaults, **{n: _frozen(v) for n, v in values.items()}}
        if values:
            merged = {name: merged[name] for name in self.args}
        self.__dict__.update(merged)
        self.__dict__["values"] = merged
        self.check()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.values == other.values

    def __hash__(self) -> int:
        return hash((type(self), tuple(self.values.values())))

    def __repr__(self) -> str:
        given = ", ".join(f"{k}={v!r}" for k, v in self.values.items())
        return f"{type(self).__name__}({given})"

    # rules, for a subclass to replace

    def check(self) -> None:
        """Raise `Refusal` (NS410, NS404) where arguments contradict each other."""

    def infer(self, *inputs: Shape) -> Shape:
        """The output's shape. Raises `Refusal` where torch would refuse the inputs."""
        return inputs[0]

    def outputs(self, *inputs: Shape) -> dict[str, Shape]:
        """The shapes of several values by their names, for an op that is `several`.

        One that is called nothing is what the layer's own name stands for, and the first.
        """
        return {}

    def dtypes(self, *given: Dtype) -> Dtype:
        """The kind of the output's numbers. Raises `Refusal` (NS412) for what the op can't take."""
        if self.takes == "any":
            joined = together(given) if given else FLOAT
            if joined is not None:
                return joined
            kinds = " and ".join(map(said, given))
            raise Refusal("NS412", f"{type(self).__name__} joins numbers of one kind, not {kinds}")
        for dtype in given:
            if dtype.name != FLOAT.name:
                raise self.not_these(dtype)
        return FLOAT

    def not_these(self, dtype: Dtype) -> Refusal:
        """The refusal of an input whose numbers are not floating-point."""
        hint = "an `Embedding` makes vectors of them" if dtype.name == "int64" else None
        message = f"{type(self).__name__} takes floating-point numbers, not {said(dtype)}"
        return Refusal("NS412", message, hint=hint)

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """The names and shapes of the trainable tensors, as in torch's `state_dict`."""
        return {}

    def starts(self, *inputs: Shape) -> dict[str, Shape]:
        """The tensors that a rule of `init` may start: `parameters`, and those parametrized."""
        return self.parameters(*inputs)

    def buffers(self, *inputs: Shape) -> dict[str, Shape]:
        """The names and shapes of the other tensors of `state_dict`."""
        return {}

    def fixed(self, *inputs: Shape) -> tuple[Any, ...]:
        """What the inputs decide of the module that `make` gives, such as `in_channels`.

        A call of the layer on other inputs runs the same module, so it needs the same.
        """
        return ()

    def macs(self, *inputs: Shape) -> int:
        """Multiply-adds for one sample: of convolutions and matrix products, without biases."""
        return 0

    def saving(self, *inputs: Shape) -> Saves:
        """`saves`, for an op of which it depends on the inputs."""
        return self.saves

    def kept_inputs(self, learning: tuple[bool, ...], *inputs: Shape) -> tuple[int, ...]:
        """Which inputs are kept where `saves` is `input`, by their places.

        `learning` says to which of them a gradient goes, to one at least. Of several, those are
        kept that are factors of another one's gradient.
        """
        if len(learning) == 1:
            return (0,)
        return tuple(i for i in range(len(learning)) if any(learning[:i] + learning[i + 1 :]))

    def extra_saved(self, *inputs: Shape) -> Saved:
        """What is kept for the backward pass beside the tensors that `saves` names."""
        return NOTHING

    def make(self, *inputs: Shape) -> nn.Module:
        """The torch module, for inputs of these shapes."""
        raise NotImplementedError

    # derived

    def num_params(self, *inputs: Shape) -> int:
        """The number of trainable parameters."""
        counted: dict[tuple[Shape, ...], int] = self.__dict__.setdefault("_counted", {})
        if inputs not in counted:
            counted[inputs] = sum(prod(shape) for shape in self.parameters(*inputs).values())
        return counted[inputs]

    @classmethod
    def schema(cls) -> Schema:
        """The JSON Schema of the mapping of arguments, with their documentation."""
        properties: dict[str, Schema] = {}
        for a in cls.args.values():
            fragment = {**a.schema, "description": a.doc}
            if not a.required:
                fragment["default"] = a.default
            properties[a.name] = fragment
        schema: Schema = {
            "type": "object",
            "description": cls.summary(),
            "properties": properties,
            "additionalProperties": False,
        }
        required = [a.name for a in cls.args.values() if a.required]
        if required:
            schema["required"] = required
        return schema

    @classmethod
    def summary(cls) -> str:
        """The first sentence of the class's documentation."""
        return " ".join((cls.__doc__ or cls.__name__).split("\n\n")[0].split())


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


def inferred(op: Op, inputs: tuple[Shape, ...]) -> Any:
    """The output's shape, or a tuple of them for an op that is `several`. Raises `Refusal`."""
    return tuple(op.outputs(*inputs).values()) if op.several else op.infer(*inputs)


def ntuple(value: Ints, ndim: int) -> tuple[int, ...]:
    """`value` for each of `ndim` dimensions, as torch repeats a single number."""
    return (value,) * ndim if isinstance(value, int) else value


def text(shape: Shape) -> str:
    """A shape as findings write it: `64×55×55`; `a scalar` where there is only the batch."""
    return "×".join(map(str, shape)) or "a scalar"


AXES: Final = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
"""What the spatial dimensions are called, by their number."""


def described(shape: Shape) -> str:
    """A shape within a sentence: `a scalar`, `a vector of 12`, `64×55×55`."""
    return f"a vector of {shape[0]}" if len(shape) == 1 else text(shape)


def require_dims(op: Op, shape: Shape, dims: int, means: str, hint: str | None = None) -> None:
    """Raise `Refusal` NS401 unless `shape` has `dims` dimensions; `means` says what they are."""
    if len(shape) != dims:
        raise Refusal(
            "NS401",
            f"{type(op).__name__} takes {counted(dims, 'dimension')} ({means}), not "
            f"{described(shape)}",
            hint=hint,
        )
