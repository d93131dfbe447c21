"""The closed registry of layers: what a spec can name."""

from __future__ import annotations

from netspec.ops import (
    activation,
    adaptive_pool,
    attention,
    conv,
    conv_transpose,
    dropout,
    elementwise,
    embedding,
    join,
    linear,
    matmul,
    maxvit,
    mvit,
    norm,
    pad,
    parameter,
    pool,
    recurrent,
    reduction,
    reshape,
    select,
    shuffle,
    softmax,
    swin,
    unfold,
    upsample,
)
from netspec.ops.base import Op

MODULES = (
    parameter,
    conv,
    conv_transpose,
    linear,
    embedding,
    recurrent,
    pool,
    adaptive_pool,
    norm,
    activation,
    elementwise,
    softmax,
    dropout,
    pad,
    upsample,
    shuffle,
    reshape,
    select,
    reduction,
    unfold,
    attention,
    swin,
    maxvit,
    mvit,
    join,
    matmul,
)

OPS: dict[str, type[Op]] = {
    name: value
    for module in MODULES
    for name, value in vars(module).items()
    if isinstance(value, type)
    and issubclass(value, Op)
    and not value.abstract
    and value.__module__ == module.__name__
}
"""Every layer by its name."""

KEYWORDS = frozenset({
    "type", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "enum", "pattern",
    "items", "minItems", "maxItems", "examples",
})  # fmt: skip
"""What netspec's validator knows of JSON Schema, for an argument of a layer."""

TYPES = frozenset({"integer", "number", "string", "boolean", "array", "null"})


def register(op: type[Op]) -> type[Op]:
    """Add a layer of the user's own, so that specs can name it; returns it, as a decorator does.

    A file that is given to `--plugin` may hold:

    ```python
    from netspec.ops import register
    from netspec.ops.base import Op, Shape, arg


    @register
    class Scaled(Op):
        \"\"\"The input times a number.\"\"\"

        by: float = arg({"type": "number"}, "the number", default=2.0, bare=True)

        def infer(self, *inputs: Shape) -> Shape:
            return inputs[0]  # without the batch

        def make(self, *inputs: Shape):
            from my_layers import ScaledModule  # so that torch is loaded to build, not to check

            return ScaledModule(self.by)
    ```

    and a spec then says `- Scaled: 0.5`. Registering the same class again changes nothing.
    Raises `TypeError` for what is not a layer, and `ValueError` for a name that is taken or is
    not in PascalCase, and for an argument's schema, `saves` or `arity` that netspec can't read.
    """
    if not (isinstance(op, type) and issubclass(op, Op)) or op.abstract:
        raise TypeError(f"{op!r} is not a subclass of Op that a spec can name")
    name = op.__name__
    if not (name.isascii() and name.isalnum() and name[0].isupper()):
        raise ValueError(f"`{name}` is not in PascalCase, as the name of a layer must be")
    if OPS.get(name, op) is not op:
        raise ValueError(f"a layer called `{name}` exists already")
    for argument in op.args.values():
        check_schema(argument.schema, f"{name}.{argument.name}")
    if sum(a.bare for a in op.args.values()) > 1:
        raise ValueError(f"more than one argument of `{name}` is bare")
    if name not in OPS:
        from netspec.ops.foreign_rules import check_declared, guard_rules

        check_declared(op)
        guard_rules(op)
    OPS[name] = op
    return op


def check_schema(schema: object, where: str) -> None:
    """Raise `ValueError` unless `schema` is in the part of JSON Schema that netspec reads."""
    if not isinstance(schema, dict):
        raise ValueError(f"the schema of `{where}` is not a mapping")
    unknown = sorted(set(map(str, schema)) - KEYWORDS)
    if unknown:
        raise ValueError(
            f"the schema of `{where}` uses `{unknown[0]}`, which netspec does not know"
        )
    kinds = schema.get("type", ())
    kinds = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    if not kinds or not TYPES.issuperset(kinds):
        raise ValueError(
            f"the schema of `{where}` needs a `type` out of {', '.join(sorted(TYPES))}"
        )
    if "items" in schema:
        check_schema(schema["items"], f"{where}[]")
