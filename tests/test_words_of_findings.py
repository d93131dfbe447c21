"""Findings speak the user's words: YAML's `null`, `true` and `[a, b]`, never Python's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile_specs import everything

from netspec.compiler import compile_source
from netspec.compiler.language.said import said
from netspec.compiler.language.schema_validation import lift
from netspec.compiler.sources.extend import read
from netspec.diagnostics import Diagnostic, SpecError
from netspec.source import Mapping, Node, Sequence, Source, decode, parse

ROOT = Path(__file__).parent
PYTHON = re.compile(
    r"""\['|\["|\{'|\{"|\bNone\b|\bTrue\b|\bFalse\b|\bnan\b|\binf\b|<netspec|<class|object at|"""
    r"""Scalar\(|Mapping\(|Sequence\(|Span\(|dict_|\(\d+,\)|\btuple\b|\bdict\b"""
)

OTHERS: tuple[Any, ...] = (
    ["a", "b"],
    [["a"], [1, [None]]],
    [],
    {"a": None, "b": [True]},
    {},
    None,
    0.5,
    1e-7,
    -3,
    10**15,
    True,
    False,
    "x" * 300,
    "",
    "two words",
    "$(1/2)",
    "$(['a', true])",
    "$(null)",
    "a$(true)",
    "$(0 == 0)",
    "$sizes",
    "$lost",
)
"""What is put in the place of every value of a spec that holds."""

SPEC = """
netspec: 1
name: thing
description: a thing
params: {width: 8, many: 3, kind: GELU, sizes: [1, 2], on: true, ratio: 0.5, any: null}
input: [3, 16, 16]
blocks:
  Unit:
    description: a unit
    params: {channels: int, stride: 1, act: ReLU}
    order: [norm, conv]
    init: {conv: {weight: {normal_: {std: 0.01}}, bias: zeros_}}
    layers:
      conv: {Conv2d: {out_channels: $channels, kernel_size: 3, stride: $stride, padding: 1}}
      norm: BatchNorm2d
      act: $act
layers:
  stem: {Unit: 8}
  next: {Unit: {channels: 8, stride: 1}}
  body: {repeat: 2, Unit: {channels: $width}}
  stage$(index): {each: {size: $sizes}, Conv2d: {out_channels: $size, kernel_size: [1, 1]}}
  again: {call: stage1, if: $on, from: stage0}
  join:
    branches:
      - Conv2d: {out_channels: 4, kernel_size: 1}
      - Dropout: $ratio
    Concat: {dim: 1}
  joined: {from: [join, again], Concat: {}}
  kind: $kind
  aux: {from: join, when: training, Sequential: [Flatten, {name: last, Linear: 10}]}
  flatten: Flatten
  fc: {Linear: 10}
outputs: {logits: fc, aux: aux}
init:
  Conv2d: {weight: {kaiming_normal_: {mode: fan_out}}}
  fc: {bias: {constant_: 0.1}}
train:
  seed: 0
  epochs: $many
  data: {dataset: CIFAR10, root: data, resize: [16, 16], normalize: {mean: [0.1], std: [0.2]}}
  cuda_graph: auto
  augment: [RandomHorizontalFlip, {RandomCrop: {size: 32, padding: 4}}, {Cutout: 8}]
  loss: {CrossEntropyLoss: {label_smoothing: 0.1}}
  optimizer: {SGD: {lr: 0.1, momentum: 0.9}}
  scheduler: {StepLR: {step_size: 2}}
  warmup: 1
  ema: 0.9
"""


def findings(source: Source) -> tuple[Diagnostic, ...]:
    try:
        return compile_source(source).warnings
    except SpecError as problem:
        return problem.diagnostics


def require_own_words(found: tuple[Diagnostic, ...], text: str, case: object) -> None:
    for finding in found:
        notes = [note.message for note in finding.notes]
        for sentence in [finding.message, finding.hint or "", *notes]:
            # what stands between backticks may be as the user wrote it, whatever that is
            quoted = re.findall("`([^`]*)`", sentence)
            for own in [q for q in quoted if q.rstrip("…") in text]:
                sentence = sentence.replace(f"`{own}`", "")
            assert not PYTHON.search(sentence), (case, finding.code, sentence)


def places(node: Node, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every value, of lists and mappings too."""
    if path:
        yield path
    if isinstance(node, Sequence):
        for place, item in enumerate(node.items):
            yield from places(item, (*path, place))
    elif isinstance(node, Mapping):
        for key, item in node.items.items():
            yield from places(item, (*path, key))


def put(node: Node, path: tuple[str | int, ...], other: Any) -> Node:
    """The node with another value at `path`."""
    if not path:
        return lift(other, node.span)
    head, *rest = path
    if isinstance(node, Sequence):
        assert isinstance(head, int)
        items = [*node.items]
        items[head] = put(items[head], tuple(rest), other)
        return Sequence(items, node.span)
    assert isinstance(node, Mapping)
    assert isinstance(head, str)
    changed = {**node.items, head: put(node.items[head], tuple(rest), other)}
    return Mapping(changed, node.keys, node.span)


def test_the_spec_whose_values_are_replaced_has_no_mistake() -> None:
    found = findings(parse(SPEC, "spec"))
    assert all(finding.severity == "warning" for finding in found), found


@pytest.mark.parametrize("other", OTHERS, ids=lambda other: str(other)[:20])
def test_a_value_of_the_wrong_kind_is_told_in_the_users_words(other: Any) -> None:
    source = parse(SPEC, "spec")
    told = 0
    written = other if isinstance(other, str) else ""
    for path in places(source.root):
        root = put(source.root, path, other)
        assert isinstance(root, Mapping)
        found = findings(source._replace(root=root))
        told += bool(found)
        require_own_words(found, SPEC + written, (path, other))
    assert told > 50


def wrong_specs() -> Iterator[tuple[str, bytes]]:
    yield from everything()
    for path in sorted((ROOT / "errors").glob("*.yaml")):
        yield path.stem, path.read_bytes()


def test_wrong_specs_are_told_in_the_users_words() -> None:
    told = 0
    for name, data in wrong_specs():
        try:
            source = parse(decode(data, name), name)
        except SpecError as problem:
            found = problem.diagnostics
        else:
            found = findings(source)
        told += bool(found)
        require_own_words(found, data.decode(errors="replace"), name)
    assert told > 200


@pytest.mark.parametrize("value", [["a"], {"a": 1}, None, True, (3,)])
def test_a_value_as_python_writes_it_would_be_seen(value: object) -> None:
    assert PYTHON.search(f"it is `{value}`")
    assert not PYTHON.search(f"it is {said(value)}")


def test_a_file_that_cannot_be_read_is_told_in_the_users_words() -> None:
    with pytest.raises(SpecError) as refused:
        read(str(ROOT / "errors" / "none.yaml"))
    require_own_words(refused.value.diagnostics, str(ROOT), "a missing file")
