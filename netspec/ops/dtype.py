"""What kind of numbers a value holds: floating-point, integers below a bound, or truths."""

from __future__ import annotations

from typing import Final, NamedTuple


class Dtype(NamedTuple):
    """A torch dtype by its name, and for integers the bound that they stay below, if one is known.

    `float32` stands for whatever precision the network is run in.
    """

    name: str
    below: int | None = None


FLOAT: Final = Dtype("float32")
INT: Final = Dtype("int64")
BOOL: Final = Dtype("bool")

DTYPES: Final = ("float32", "int64", "bool")
"""What an input may be."""


def said(dtype: Dtype) -> str:
    """The kind of numbers within a sentence."""
    if dtype.name == "float32":
        return "floating-point numbers"
    if dtype.name == "bool":
        return "truths (bool)"
    return f"integers below {dtype.below:,}" if dtype.below else "integers"


def together(dtypes: tuple[Dtype, ...]) -> Dtype | None:
    """The kind of what holds values of each of these; None where they are of several kinds."""
    first = dtypes[0]
    if any(dtype.name != first.name for dtype in dtypes):
        return None
    bounds = [dtype.below for dtype in dtypes]
    known = [bound for bound in bounds if bound is not None]
    return first._replace(below=max(known) if len(known) == len(bounds) else None)
