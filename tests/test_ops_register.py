"""A user's own layers."""

from __future__ import annotations

from typing import Any

import pytest

from netspec.ops import OPS, register
from netspec.ops.base import Op, Shape, arg


def test_a_registered_layer_is_known_by_its_name() -> None:
    @register
    class Scaled(Op):
        """The input times a number."""

        by: float = arg({"type": "number"}, "the number", default=2.0, bare=True)

    assert OPS["Scaled"] is Scaled
    assert Scaled(by=3).infer((4, 5)) == (4, 5)
    assert register(Scaled) is Scaled


def test_a_taken_name_is_refused() -> None:
    own = type("Linear", (Op,), {"__doc__": "Not torch's."})
    with pytest.raises(ValueError, match="`Linear` exists already"):
        register(own)
    assert OPS["Linear"] is not own


@pytest.mark.parametrize("name", ["scale", "_Scale", "Scale_it", "Größe"])
def test_a_name_that_is_not_in_pascal_case_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="PascalCase"):
        register(type(name, (Op,), {}))


def test_what_is_not_a_layer_is_refused() -> None:
    class Family(Op, abstract=True):
        """Rules that several layers share."""

    for thing in (Family, Op, int, "Linear"):
        with pytest.raises(TypeError, match="not a subclass of Op"):
            register(thing)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"oneOf": []}, "uses `oneOf`"),
        ({"minimum": 1}, "needs a `type`"),
        ({"type": "float"}, "needs a `type`"),
        ({"type": "array", "items": {"type": "int"}}, "needs a `type`"),
        ("number", "not a mapping"),
    ],
)
def test_a_schema_that_netspec_cannot_read_is_refused(schema: Any, said: str) -> None:
    own = type("Scaled", (Op,), {"by": arg(schema, "a number")})
    with pytest.raises(ValueError, match=said):
        register(own)
    assert "Scaled" not in OPS


def test_only_one_argument_stands_alone() -> None:
    number = {"type": "number"}
    fields = {"a": arg(number, "one", bare=True), "b": arg(number, "two", bare=True)}
    with pytest.raises(ValueError, match="more than one argument"):
        register(type("Scaled", (Op,), fields))


def test_a_layer_infers_the_same_shape_unless_it_says_otherwise() -> None:
    class Plain(Op):
        """Nothing of its own."""

    shape: Shape = (3, 4)
    assert Plain().infer(shape) == shape
    assert Plain().num_params(shape) == 0
    assert Plain().macs(shape) == 0


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        ({"saves": "everything"}, "`Declared.saves` is none of input, output, both, nothing"),
        ({"arity": (2, 1)}, "`Declared.arity` takes at least 2 inputs and at most 1"),
        ({"arity": "x"}, "`Declared.arity` is no pair"),
        ({"arity": (None, 1)}, "`Declared.arity` is no pair"),
        ({"infer": 3}, "`Declared.infer` is no method"),
        ({"macs": len}, "`Declared.macs` is no method"),
    ],
)
def test_what_a_class_declares_is_read_when_it_is_registered(
    attributes: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        register(type("Declared", (Op,), {"__doc__": "A layer.", **attributes}))
    assert "Declared" not in OPS
