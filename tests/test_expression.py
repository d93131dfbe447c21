"""`$name` and `$(expression)`: what they give, and what they refuse."""

from typing import Any

import pytest

from netspec.compiler.language.expression import (
    FUNCTIONS,
    MAX_ITEMS,
    ExpressionError,
    InputShape,
    evaluate,
    names,
)

ENV: dict[str, Any] = {
    "n": 3,
    "zero": 0,
    "half": 0.5,
    "word": "relu",
    "yes": True,
    "none": None,
    "widths": [8, 16, 32],
    "table": [[1, 2], [3, 4]],
    "stage": {"depth": 2, "deep": {"n": 5}, "width": 7},
    "stages": [{"depth": 3}, {"depth": 4}],
    "index": 1,
    "input": InputShape((64, 56, 28)),
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # a whole scalar keeps its type
        ("$n", 3),
        ("$(n)", 3),
        ("$half", 0.5),
        ("$yes", True),
        ("$none", None),
        ("$word", "relu"),
        ("$widths", [8, 16, 32]),
        # within text, values are filled in
        ("layer$n", "layer3"),
        ("layer$(n + 1)", "layer4"),
        ("$word$n", "relu3"),
        ("a$(n)b", "a3b"),
        ("$(n)_$(index)", "3_1"),
        # arithmetic
        ("$(n + 1)", 4),
        ("$(n - 5)", -2),
        ("$(n * 2.5)", 7.5),
        ("$(n / 2)", 1.5),
        ("$(7 // 2)", 3),
        ("$(-7 // 2)", -4),
        ("$(7 % 4)", 3),
        ("$(-n)", -3),
        ("$(+n)", 3),
        ("$(2 * (n + 1))", 8),
        # comparison and logic
        ("$(n == 3)", True),
        ("$(n != 3)", False),
        ("$(1 < n <= 3)", True),
        ("$(1 < n < 3)", False),
        ("$(n > 1 and yes)", True),
        ("$(zero or 7)", 7),
        ("$(zero and 1 / zero)", 0),
        ("$(not n)", False),
        ("$(n in [1, 2, 3])", True),
        ("$(n not in widths)", True),
        ("$(word == 'relu')", True),
        ("$(1 if n > 2 else 2)", 1),
        ("$(1 if zero else 2)", 2),
        ("$(1 if yes else 1 / zero)", 1),
        ("$(none == null)", True),
        ("$(yes == true)", True),
        ("$(true and false)", False),
        # lists
        ("$(widths[0])", 8),
        ("$(widths[-1])", 32),
        ("$(table[1][0])", 3),
        ("$(widths[n - 1])", 32),
        ("$([n, 2 * n])", [3, 6]),
        ("$(widths + [64])", [8, 16, 32, 64]),
        ("$(widths[1:])", [16, 32]),
        ("$(widths[:-1])", [8, 16]),
        ("$(('a' + 'b'))", "ab"),
        # functions
        ("$(min(n, 2))", 2),
        ("$(max(widths))", 32),
        ("$(abs(-n))", 3),
        ("$(round(2.6))", 3),
        ("$(floor(2.6))", 2),
        ("$(ceil(2.2))", 3),
        ("$(len(widths))", 3),
        ("$(sum(widths))", 56),
        ("$(make_divisible(33.6, 8))", 32),
        ("$(make_divisible(3, 8))", 8),
        ("$(sqrt(16))", 4.0),
        # fields of mappings
        ("$stage.depth", 2),
        ("$stage.deep.n", 5),
        ("$(stage.depth * 2)", 4),
        ("$(stage.deep.n + stages[1].depth)", 9),
        ("$(stages[-1:][0].depth)", 4),
        ("$stage.deep", {"n": 5}),
        ("$stage", {"depth": 2, "deep": {"n": 5}, "width": 7}),
        ("$stage.width", 7),
        ("$(stage.width)", 7),
        ("a$(stage.depth)b$stage.deep.n", "a2b5"),
        ("$(stage == stages[0])", False),
        # dots after what is no mapping are text, as is what follows a field
        ("$word.pt", "relu.pt"),
        ("$word.pt.gz", "relu.pt.gz"),
        ("$n.real", "3.real"),
        ("$stage.depth.pt", "2.pt"),
        ("$word.0", "relu.0"),
        ("$word. x", "relu. x"),
        ("$input.height", 56),
        ("$(range(n))", [0, 1, 2]),
        ("$(range(1, n))", [1, 2]),
        ("$(range(n, zero, -1))", [3, 2, 1]),
        ("$(range(2.0))", [0, 1]),
        ("$(range(zero))", []),
        ("$(range(len(widths) - 1))", [0, 1]),
        ("$(zip(widths, range(3)))", [[8, 0], [16, 1], [32, 2]]),
        ("$(zip(widths[1:], widths[:-1])[0])", [16, 8]),
        ("$(zip([]))", []),
        # the input of the block
        ("$(input.channels)", 64),
        ("$(input.height)", 56),
        ("$(input.width)", 28),
        ("$(input.features)", 28),
        ("$(n if input.channels == 64 else 0)", 3),
    ],
)
def test_an_expression_gives(text: str, value: object) -> None:
    found = evaluate(text, ENV)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "code", "marked"),
    [
        ("$m", "NS301", "m"),
        ("$(n + m)", "NS301", "m"),
        ("a$(m)b", "NS301", "m"),
        ("$", "NS302", "$"),
        ("a$ b", "NS302", "$"),
        ("$1", "NS302", "$"),
        ("$()", "NS302", None),
        ("$(n", "NS302", "("),
        ("$((n)", "NS302", "("),
        ("$(n +)", "NS302", "+"),
        ("$(n n)", "NS302", "n"),
        ("$(n ** 2)", "NS302", "n ** 2"),
        ("$(n << 2)", "NS302", "n << 2"),
        ("$(n | 1)", "NS302", "n | 1"),
        ("$(n @ n)", "NS302", "n @ n"),
        ("$(~n)", "NS302", "~n"),
        ("$(n is 3)", "NS302", "n is 3"),
        ("$(n.real)", "NS303", "n.real"),
        ("$(n.__class__)", "NS302", "n.__class__"),
        ("$(stage.deep.__class__)", "NS302", "stage.deep.__class__"),
        ("$stage.wdth", "NS301", "wdth"),
        ("$stage.deep.m", "NS301", "m"),
        ("$(2 * stage.wdth)", "NS301", "wdth"),
        ("$(stages[1].wdth)", "NS301", "wdth"),
        ("$(stages.width)", "NS303", "stages.width"),
        ("$(stag.depth)", "NS301", "stag"),
        ("$stag.depth", "NS301", "stag"),
        ("$(stage['depth'])", "NS303", "stage['depth']"),
        ("$(len(stage))", "NS303", "len(stage)"),
        ("$(stage + 1)", "NS303", "stage + 1"),
        ("x$stage", "NS303", "$stage"),
        ("x$widths.a", "NS303", "$widths"),
        ("$(input.__class__)", "NS302", "input.__class__"),
        ("$(input.chanels)", "NS302", "input.chanels"),
        ("$(open('x'))", "NS302", "open('x')"),
        ("$(eval('1'))", "NS302", "eval('1')"),
        ("$(__import__('os'))", "NS302", "__import__('os')"),
        ("$(word.upper())", "NS302", "word.upper()"),
        ("$((lambda: 1)())", "NS302", None),
        ("$([x for x in widths])", "NS302", None),
        ("$({1: 2})", "NS302", "{1: 2}"),
        ("$({1, 2})", "NS302", "{1, 2}"),
        ("$(f'{n}')", "NS302", None),
        ("$(n := 2)", "NS302", None),
        ("$(min(*widths))", "NS302", None),
        ("$(min(a=1))", "NS302", None),
        ("$(b'x')", "NS302", "b'x'"),
        ("$(1j)", "NS302", "1j"),
        ("$(...)", "NS302", "..."),
        ("$(yield)", "NS302", None),
        ("$(await n)", "NS302", None),
        ("$(n; n)", "NS302", None),
        ("$(n = 2)", "NS302", None),
        ("$(é)", "NS302", None),
        ("$(" + "1+" * 400 + "1)", "NS302", None),
        ("$(99999999999999999)", "NS302", "99999999999999999"),
        ("$(1 if n)", "NS302", None),
        ("$(1 / zero)", "NS303", "1 / zero"),
        ("$(1 // zero)", "NS303", "1 // zero"),
        ("$(1 % zero)", "NS303", "1 % zero"),
        ("$(widths[3])", "NS303", "widths[3]"),
        ("$(widths[-4])", "NS303", "widths[-4]"),
        ("$(widths['a'])", "NS303", "widths['a']"),
        ("$(widths[0.5])", "NS303", "widths[0.5]"),
        ("$(n[0])", "NS303", "n[0]"),
        ("$(word + 1)", "NS303", "word + 1"),
        ("$(word * 3)", "NS303", "word * 3"),
        ("$([1] * 1000000000)", "NS303", "[1] * 1000000000"),
        ("$(word < 1)", "NS303", "word < 1"),
        ("$(-word)", "NS303", "-word"),
        ("$(len(n))", "NS303", "len(n)"),
        ("$(sum(word))", "NS303", None),
        ("$(min())", "NS303", "min()"),
        ("$(floor('a'))", "NS303", "floor('a')"),
        ("$(1 in n)", "NS303", None),
        ("$(1e300 * 1e300)", "NS302", None),
        ("$(sqrt(-1))", "NS303", "sqrt(-1)"),
        ("$(range())", "NS303", "range()"),
        ("$(range(1, 2, 0))", "NS303", "range(1, 2, 0)"),
        ("$(range(1.5))", "NS303", "range(1.5)"),
        ("$(range(yes))", "NS303", "range(yes)"),
        ("$(range(1, 2, 3, 4))", "NS303", "range(1, 2, 3, 4)"),
        ("$(range(10001))", "NS303", "range(10001)"),
        ("$(n + len(range(999999999999999)))", "NS303", "range(999999999999999)"),
        ("$(zip())", "NS303", "zip()"),
        ("$(zip(widths, [1]))", "NS303", "zip(widths, [1])"),
        ("$(zip(widths, 'abc'))", "NS303", "zip(widths, 'abc')"),
        ("$(10 * 999999999999999)", "NS303", "10 * 999999999999999"),
        ("$input", "NS303", "input"),
        ("$(input + 1)", "NS303", "input"),
        ("a$widths", "NS303", "$widths"),
        ("a$none", "NS303", "$none"),
        ("$(input.length if none.x else 1)", "NS303", "none.x"),
    ],
)
def test_an_expression_without_a_value_is_refused_at_its_place(
    text: str, code: str, marked: str | None
) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, ENV)
    assert caught.value.code == code
    assert 0 <= caught.value.start < caught.value.end <= len(text) + 1
    if marked is not None:
        assert text[caught.value.start : caught.value.end] == marked


def refusal(text: str, env: dict[str, Any]) -> str | None:
    """The code with which an expression is refused."""
    try:
        evaluate(text, env)
    except ExpressionError as problem:
        return problem.code
    return None


@pytest.mark.parametrize(
    "shape", [(128,), (16, 128), (3, 32, 64), (3, 4, 32, 64)], ids=lambda s: f"{len(s)}d"
)
def test_the_sizes_of_an_input_follow_its_dimensions(shape: tuple[int, ...]) -> None:
    env = {"input": InputShape(shape)}
    assert evaluate("$(input.channels)", env) == shape[0]
    assert evaluate("$(input.features)", env) == shape[-1]
    for name, at, least in (("width", -1, 3), ("height", -2, 3)):
        if len(shape) < least:
            with pytest.raises(ExpressionError):
                evaluate(f"$(input.{name})", env)
        else:
            assert evaluate(f"$(input.{name})", env) == shape[at]


def test_every_function_refuses_any_arguments_without_breaking() -> None:
    values = ["1", "-1", "0", "0.5", "'a'", "[]", "[1]", "['a', 1]", "null", "true", "1e14"]
    for name in FUNCTIONS:
        for args in ["", *values, *(f"{a}, {b}" for a in values for b in values)]:
            assert refusal(f"$({name}({args}))", {}) in (None, "NS303")


def test_no_operator_breaks_on_any_two_values() -> None:
    values = ["1", "-1", "0", "0.5", "'a'", "[]", "[1]", "null", "true", "1e15"]
    operators = ["+", "-", "*", "/", "//", "%", "==", "!=", "<", "<=", ">", ">=", "in", "not in",
                 "and", "or"]  # fmt: skip
    for operator in operators:
        for a in values:
            for b in values:
                assert refusal(f"$({a} {operator} {b})", {}) in (None, "NS303")


@pytest.mark.parametrize("expression", ["[a, a, a, a]", "a + a + a + a"])
def test_a_value_that_grows_meets_a_limit(expression: str) -> None:
    value: Any = [1] * 10
    for _ in range(50):
        if refusal(f"$({expression})", {"a": value}) is not None:
            break
        value = evaluate(f"$({expression})", {"a": value})
    assert refusal(f"$({expression})", {"a": value}) == "NS303"


def test_a_text_that_is_filled_in_meets_a_limit() -> None:
    value: Any = "a" * 10
    while refusal("$a$a$a$a", {"a": value}) is None:
        value = evaluate("$a$a$a$a", {"a": value})
    assert refusal("$a$a$a$a", {"a": value}) == "NS303"
    assert len(value) <= MAX_ITEMS


def test_the_names_of_an_expression_are_known_without_its_value() -> None:
    assert names("$a") == {"a"}
    assert names("x$(a + min(b[c], 2))y$d") == {"a", "b", "c", "d"}
    assert names("plain") == set()


@pytest.mark.parametrize(
    ("name", "near"),
    [("widhts", "widths"), ("wrod", "word"), ("Widths", "widths")],
)
def test_a_misspelt_name_offers_the_nearest(name: str, near: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(f"${name}", ENV)
    assert caught.value.hint == f"did you mean `{near}`?"
