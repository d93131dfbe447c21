"""YAML as netspec reads it: the core schema of YAML 1.2, and where every value stands."""

import math

import pytest

from netspec.diagnostics import Span, SpecError
from netspec.source import Mapping, Scalar, Sequence, decode, parse, parse_value, plain


def read(text: str) -> object:
    return plain(parse_value(text, "x.yaml"))


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1", 1), ("+1", 1), ("-17", -17), ("007", 7), ("0o17", 15), ("0x1F", 31),
        ("1.5", 1.5), ("1e-3", 1e-3), ("1E3", 1000.0), (".5", 0.5), ("-.5", -0.5), ("1.", 1.0),
        ("true", True), ("True", True), ("FALSE", False), ("null", None), ("~", None), ("", None),
        # words, which YAML 1.1 would read as something else
        ("yes", "yes"), ("no", "no"), ("on", "on"), ("off", "off"), ("y", "y"), ("TrUe", "TrUe"),
        ("1_000", "1_000"), ("0b1", "0b1"), ("1:30", "1:30"), ("2024-01-02", "2024-01-02"),
        ("2024-13-45", "2024-13-45"), ("0x_", "0x_"), ("0o9", "0o9"), ("1e", "1e"), (".", "."),
        ("-", [None]), ("+", "+"), ("nan", "nan"), ("inf", "inf"), ("=", "="),
        ("'1'", "1"), ('"true"', "true"), ("'it''s'", "it's"), ('"\\u00e9"', "é"),
        ("$x", "$x"), ("[1, a]", [1, "a"]), ("{a: 1}", {"a": 1}), ("|\n  a\n  b", "a\nb"),
    ],
)  # fmt: skip
def test_a_value_is_what_yaml_1_2_says(written: str, value: object) -> None:
    found = read(written)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("a: 1\nb", 2, 2, "this key has no `:` after it, or the line before it is not finished"),
        ("a: 1\nb\n", 3, 1, "this key has no `:` after it, or the line before it is not finished"),
        ("a: 1\nb: {c: 2", 2, 4, "this `{` is never closed"),
        ("a: 1\nb: {c: 2 ", 2, 4, "this `{` is never closed"),
        ("a: 1\nb: [c\n", 2, 4, "this `[` is never closed"),
    ],
)
def test_what_is_missing_at_the_end_has_a_place_in_the_file(
    text: str, line: int, column: int, said: str
) -> None:
    with pytest.raises(SpecError) as refused:
        parse(text, "x.yaml")
    found = refused.value.diagnostics[0]
    assert (found.span.line, found.span.column, found.message) == (line, column, said)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("&a 1", "NS105"),
        ("*a", "NS105"),
        ("!!int 1", "NS105"),
        ("! a", "NS105"),
        ("{<<: {a: 1}}", "NS105"),
        ("[&a x, *a]", "NS105"),
        ("!python/name:os.system ''", "NS105"),
        ("{a: 1, a: 2}", "NS104"),
        ("{1e3: a}", "NS107"),
        ("{0x1: a}", "NS107"),
        ("{-1: a}", "NS107"),
        ("{true: a}", "NS107"),
        ("{~: a}", "NS107"),
        ("{'': a}", "NS107"),
        ("{[a]: b}", "NS107"),
        ("{{a: b}: c}", "NS107"),
        ("{.5: a}", "NS107"),
        ("{0: a, '0': b}", "NS104"),
        (".nan", "NS108"),
        ("-.inf", "NS108"),
        (".INF", "NS108"),
        ("1e400", "NS108"),
        ("9" * 17, "NS108"),
        ("9" * 5000, "NS108"),
        ("0x" + "f" * 5000, "NS108"),
        ("[" * 60, "NS106"),
        ("x" * 9000, "NS106"),
        ("[" + "1," * 30000 + "]", "NS106"),
        ("{a", "NS103"),
        ("[1", "NS103"),
        ("'a", "NS103"),
        ("a: b: c", "NS103"),
        ("\t- a", "NS103"),
        ("@a", "NS103"),
        ("`a", "NS103"),
        ("%a", "NS103"),
        ("a\n---\nb", "NS109"),
    ],
)
def test_what_a_spec_may_not_hold_is_refused_by_its_code(text: str, code: str) -> None:
    with pytest.raises(SpecError) as caught:
        read(text)
    (finding,) = caught.value.diagnostics
    assert finding.code == code
    assert finding.span.file == "x.yaml"


@pytest.mark.parametrize("quoted", ["'<<'", '"<<"', "'1'", '"true"', "'~'"])
def test_a_quoted_word_is_a_key_like_any_other(quoted: str) -> None:
    assert read(f"{{{quoted}: 1}}") == {quoted.strip("'\""): 1}


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a: 1", "a: 1"),
        (b"\xef\xbb\xbfa: 1", "a: 1"),
        (b"a: 1\r\nb: 2\rc: 3", "a: 1\nb: 2\nc: 3"),
        ("é: 日本語 🙂".encode(), "é: 日本語 🙂"),
    ],
)
def test_bytes_become_text(data: bytes, text: str) -> None:
    assert decode(data, "x.yaml") == text


@pytest.mark.parametrize(
    ("data", "code", "line", "column"),
    [
        (b"a: 1\nb: \xff", "NS102", 2, 4),
        (b"a: \xc3\xa9\xff", "NS102", 1, 5),
        (b"a: 1\r\nb: \xff", "NS102", 2, 4),
        (b"a: 1\rb: \xff", "NS102", 2, 4),
        (b"\xef\xbb\xbfa: 1\nb: \xff\xfe", "NS102", 2, 4),
        (b"a: \x00", "NS102", 1, 4),
        (b"a: 1\n\x1b[31m", "NS102", 2, 1),
        ("a: \u2028".encode(), "NS102", 1, 4),
        ("a: \x85".encode(), "NS102", 1, 4),
        ("a: 1".encode("utf-16"), "NS102", 1, 1),
        (b"#" * (1 << 19), "NS106", 1, 1),
    ],
)
def test_bytes_that_are_no_text_are_refused_at_their_place(
    data: bytes, code: str, line: int, column: int
) -> None:
    with pytest.raises(SpecError) as caught:
        decode(data, "x.yaml")
    (finding,) = caught.value.diagnostics
    assert (finding.code, finding.span.line, finding.span.column) == (code, line, column)
    assert b"\xff" not in data or "0xff" in finding.message


def test_every_key_and_value_knows_its_place() -> None:
    root = parse("a: 1\nlist:\n  - {b: 'x', é: $y}\n  - two\n", "x.yaml").root
    assert root.keys["list"] == Span("x.yaml", 2, 1, 2, 5)
    items = root.items["list"]
    assert isinstance(items, Sequence)
    first, second = items.items
    assert isinstance(first, Mapping)
    assert first.span == Span("x.yaml", 3, 5, 3, 20)
    assert first.keys["é"] == Span("x.yaml", 3, 14, 3, 15)
    assert first.items["b"].span == Span("x.yaml", 3, 9, 3, 12)
    assert first.items["é"].span == Span("x.yaml", 3, 17, 3, 19)
    assert isinstance(second, Scalar)
    assert (second.value, second.span) == ("two", Span("x.yaml", 4, 5, 4, 8))


def test_a_quoted_scalar_is_told_from_a_plain_one() -> None:
    plain_one, quoted = parse_value("a", ""), parse_value("'a'", "")
    assert isinstance(plain_one, Scalar)
    assert isinstance(quoted, Scalar)
    assert (plain_one.quoted, quoted.quoted) == (False, True)


@pytest.mark.parametrize("text", ["", "# a comment", "---", "1", "[a]", "a", "~"])
def test_a_spec_is_a_mapping(text: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse(text, "x.yaml")
    assert caught.value.diagnostics[0].code == "NS109"


def test_the_deepest_nesting_that_is_allowed_is_read() -> None:
    value = read("[" * 48 + "]" * 48)
    for _ in range(47):
        assert isinstance(value, list)
        (value,) = value
    assert value == []


def test_no_number_that_is_read_is_infinite() -> None:
    for written in ("1e15", "-1e15", "1e-400"):
        value = read(written)
        assert isinstance(value, float)
        assert math.isfinite(value)
