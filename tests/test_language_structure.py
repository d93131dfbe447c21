"""What a spec's layers become: their paths, in order, with kind and output shape. No torch."""

from __future__ import annotations

import pytest

import netspec

BLOCKS = """
blocks:
  Wide: {params: {features: 8}, layers: {Linear: $features}}
  Pair: {params: {features: int, act: ReLU}, layers: [{Linear: $features}, $act]}
  Maybe: {params: {on: true}, layers: {if: $on, Linear: 7}}
  Twice: {layers: {each: 2, Linear: 5}}
  Kept: {layers: {from: [input, input], Add: {}}}
"""


def tree(layers: str, shape: str = "[4]") -> list[str]:
    """Every layer as `path kind output`."""
    text = f"netspec: 1\ninput: {shape}\n{BLOCKS}\nlayers:\n{layers}"
    net = netspec.loads(text)
    return [f"{x.path} {x.kind_name} {'×'.join(map(str, x.output))}" for x in net.layers]


def refusal(layers: str, shape: str = "[4]") -> str:
    """The code and message of the one finding."""
    with pytest.raises(netspec.SpecError) as caught:
        tree(layers, shape)
    (finding,) = caught.value.diagnostics
    return f"{finding.code} {finding.message}"


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        # of several inputs, the first goes through the copies
        (
            "  a: ReLU\n  b: {from: [a, input], repeat: 2, Add: {}}",
            ["a ReLU 4", "b Sequential 4", "b.0 Add 4", "b.1 Add 4"],
        ),
        # sequences and names
        ("  - ReLU\n  - Linear: 3", ["0 ReLU 4", "1 Linear 3"]),
        ("  a: ReLU\n  b: {Linear: 3}", ["a ReLU 4", "b Linear 3"]),
        ("  a: [ReLU, Tanh]", ["a Sequential 4", "a.0 ReLU 4", "a.1 Tanh 4"]),
        ("  a: {b: {c: ReLU}}", ["a Sequential 4", "a.b Sequential 4", "a.b.c ReLU 4"]),
        ("  - {name: head, Linear: 3}\n  - ReLU", ["head Linear 3", "1 ReLU 3"]),
        ("  - {name: layers, Linear: 3}", ["layers Linear 3"]),
        ("  - Sequential: [ReLU]", ["0 Sequential 4", "0.0 ReLU 4"]),
        ("  Linear: 3", ["0 Linear 3"]),
        # conditions
        ("  - {if: false, Linear: 3}\n  - ReLU", ["0 ReLU 4"]),
        ("  - {if: $(1 < 2), Linear: 3}\n  - ReLU", ["0 Linear 3", "1 ReLU 3"]),
        # repeat, in a sequence of its own
        (
            "  a: {repeat: 2, Linear: 3}\n  b: ReLU",
            ["a Sequential 3", "a.0 Linear 3", "a.1 Linear 3", "b ReLU 3"],
        ),
        (
            "  a: {repeat: 2, Linear: $(index + 5)}",
            ["a Sequential 6", "a.0 Linear 5", "a.1 Linear 6"],
        ),
        (
            "  a: {repeat: {n: [9, 8]}, Linear: $(n + index)}",
            ["a Sequential 9", "a.0 Linear 9", "a.1 Linear 9"],
        ),
        (
            "  a: {Linear: 3}\n  b: {Linear: 9}\n  c: {from: a, repeat: 2, Linear: 2}",
            ["a Linear 3", "b Linear 9", "c Sequential 2", "c.0 Linear 2", "c.1 Linear 2"],
        ),
        # each, as siblings
        (
            "  - ReLU\n  - {each: 2, Linear: 3}\n  - Tanh",
            ["0 ReLU 4", "1 Linear 3", "2 Linear 3", "3 Tanh 3"],
        ),
        (
            "  x$(index + 1): {each: 2, Linear: 3}\n  y: ReLU",
            ["x1 Linear 3", "x2 Linear 3", "y ReLU 3"],
        ),
        (
            "  - each: {n: [5, 6]}\n    layers: [{Linear: $n}, ReLU]",
            ["0 Linear 5", "1 ReLU 5", "2 Linear 6", "3 ReLU 6"],
        ),
        (
            "  - each: 2\n    layers:\n      - {each: {n: [1, 2]}, Linear: $(n + 10 * index)}",
            ["0 Linear 1", "1 Linear 12", "2 Linear 1", "3 Linear 12"],
        ),
        # counting: a name, and how far
        ("  - {each: {i: 3}, Linear: $(i + 5)}", ["0 Linear 5", "1 Linear 6", "2 Linear 7"]),
        (
            "  a: {repeat: {i: $(1 + 1)}, Linear: $(10 * i + index + 1)}",
            ["a Sequential 12", "a.0 Linear 1", "a.1 Linear 12"],
        ),
        (
            "  - each: {i: 2}\n    layers: [{each: {j: 2}, Linear: $(10 * i + j + 1)}]",
            ["0 Linear 1", "1 Linear 2", "2 Linear 11", "3 Linear 12"],
        ),
        ("  - {each: {i: 0}, Linear: 3}\n  - ReLU", ["0 ReLU 4"]),
        (
            '  - {each: {i: "$(range(3, 9, 3))"}, Linear: $(10 * i + index)}',
            ["0 Linear 30", "1 Linear 61"],
        ),
        (
            '  - {each: {p: "$(zip([1, 2], [5, 7]))"}, Linear: "$(p[0] + p[1])"}',
            ["0 Linear 6", "1 Linear 9"],
        ),
        # names in digits, as keys and where they are used
        (
            "  0: {Linear: 3}\n  1x1: {from: 0, Tanh: {}}\n  007: {call: 1x1}\n"
            "  3: {if: false, else: 1x1, ReLU: {}}\n  4.0: {from: [0, 3], Add: {}}",
            ["0 Linear 3", "1x1 Tanh 3", "007 Tanh 3", "4.0 Add 3"],
        ),
        ("  a: {branches: {0: ReLU, 1: Tanh}, Add: {}}",
         ["a Sequential 4", "a.0 ReLU 4", "a.1 Tanh 4", "a.add Add 4"]),
        ("  - {name: 1e3, Linear: 3}", ["1000 Linear 3"]),
        # the other way of a condition
        (
            "  a: {Linear: 3}\n  b: {if: false, else: input, Linear: 2}\n  c: ReLU",
            ["a Linear 3", "c ReLU 4"],
        ),
        (
            "  a: {Linear: 3}\n  b: {if: true, else: input, Linear: 2}\n  c: ReLU",
            ["a Linear 3", "b Linear 2", "c ReLU 2"],
        ),
        (
            "  a: {Linear: 3}\n  b: {if: false, else: a, from: input, Linear: 2}\n"
            "  c: {from: [a, b], Add: {}}",
            ["a Linear 3", "c Add 3"],
        ),
        (
            "  - Linear: 3\n  - {if: false, else: input, repeat: 2, Linear: 2}\n  - ReLU",
            ["0 Linear 3", "1 ReLU 4"],
        ),
        (
            "  - Linear: 3\n  - {each: 2, if: $(index > 0), else: input, Linear: 9}",
            ["0 Linear 3", "1 Linear 9"],
        ),
        # `else` is a child's name where nothing says that the mapping is one layer
        ("  else: {Linear: 3}\n  b: ReLU", ["else Linear 3", "b ReLU 3"]),
        ("  - {else: ReLU}", ["0 Sequential 4", "0.else ReLU 4"]),
        # a list of names
        (
            "  a: ReLU\n  b: Tanh\n  c: {from: \"$(['a', 'b'] + ['input'])\", Concat: 1}",
            ["a ReLU 4", "b Tanh 4", "c Concat 12"],
        ),
        ('  - ReLU\n  - Tanh\n  - {from: "$([0, 1])", Add: {}}',
         ["0 ReLU 4", "1 Tanh 4", "2 Add 4"]),
        (
            "  x$i: {each: {i: 3}, from: input, Linear: 3}\n"
            '  y: {from: "$([\'x0\', \'x1\', \'x2\'])", Concat: 1}',
            ["x0 Linear 3", "x1 Linear 3", "x2 Linear 3", "y Concat 9"],
        ),
        # copies among branches
        (
            "  - branches: [{each: {i: 2}, Linear: $(i + 1)}, ReLU]\n    Concat: 1",
            ["0 Sequential 7", "0.0 Linear 1", "0.1 Linear 2", "0.2 ReLU 4", "0.concat Concat 7"],
        ),
        (
            "  - branches: {p$(index): {each: 2, Linear: 3}, q: {Linear: 3}}\n    Add: {}",
            ["0 Sequential 3", "0.p0 Linear 3", "0.p1 Linear 3", "0.q Linear 3", "0.add Add 3"],
        ),
        (
            "  - branches:\n      - each: {i: 2}\n        if: $(i == 1)\n"
            "        layers: [{Linear: $(i + 1)}, ReLU]\n      - Tanh\n    Concat: 1",
            ["0 Sequential 10", "0.0 Linear 2", "0.1 ReLU 4", "0.2 Tanh 4", "0.concat Concat 10"],
        ),
        # joins
        (
            "  a: ReLU\n  b: Tanh\n  c: {from: [a, b, input], Concat: {dim: 1}}",
            ["a ReLU 4", "b Tanh 4", "c Concat 12"],
        ),
        (
            "  - branches: [ReLU, Identity]\n    Add: {}",
            ["0 Sequential 4", "0.0 ReLU 4", "0.1 Identity 4", "0.add Add 4"],
        ),
        (
            "  r:\n    branches: {left: {Linear: 3}, right: [ReLU]}\n    Concat: 1",
            ["r Sequential 7", "r.left Linear 3", "r.right Sequential 4", "r.right.0 ReLU 4",
             "r.concat Concat 7"],
        ),
        # calls
        ("  a: {Linear: 4}\n  b: {call: a}", ["a Linear 4", "b Linear 4"]),
        # blocks, of which one layer is that layer itself
        ("  a: Wide", ["a Linear 8"]),
        ("  a: {Wide: 3}", ["a Linear 3"]),
        ("  - {Pair: 3}", ["0 Pair 3", "0.0 Linear 3", "0.1 ReLU 3"]),
        ("  - {Pair: {features: 3, act: Wide}}", ["0 Pair 8", "0.0 Linear 3", "0.1 Linear 8"]),
        ("  - Maybe", ["0 Maybe 7", "0.0 Linear 7"]),
        ("  - {Maybe: false}\n  - ReLU", ["0 Maybe 4", "1 ReLU 4"]),
        ("  - Twice", ["0 Twice 5", "0.0 Linear 5", "0.1 Linear 5"]),
        ("  - Kept", ["0 Kept 4", "0.0 Add 4"]),
        # what runs only in training is nobody's input by default
        (
            "  a: ReLU\n  h: {when: training, Linear: 9}\n  b: {Linear: 3}",
            ["a ReLU 4", "h Linear 9", "b Linear 3"],
        ),
        # learned tensors
        (
            "  t: {Parameter: {shape: [4]}}\n  a: {from: [input, t], Add: {}}",
            ["t Parameter 4", "a Add 4"],
        ),
    ],
)  # fmt: skip
def test_layers_become(layers: str, expected: list[str]) -> None:
    assert tree(layers) == expected


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ("  - {from: nowhere, ReLU: {}}", "NS304 no earlier layer here is called `nowhere`"),
        ("  a: {from: b, ReLU: {}}\n  b: ReLU",
         "NS304 no earlier layer here is called `b`"),
        ("  a: {call: b}", "NS309 no earlier layer here is called `b`"),
        ("  call: b", "NS309 no earlier layer here is called `b`"),
        ("  a: {each: 2, ReLU: {}}", "NS306 each copy would be called `a`"),
        ("  a0: ReLU\n  a$(index): {each: 2, Tanh: {}}", "NS306 two layers are called `a0`"),
        ("  a: ReLU\n  b: {from: [a, input], Linear: 3}",
         "NS407 Linear takes one input, not 2"),
        ("  - Add", "NS407 Add takes 2 inputs or more, not 1"),
        ("  - branches: [ReLU, {Linear: 3}]\n    Add: {}",
         "NS403 Add joins inputs of one shape, not 4 and 3"),
        ("  h: {when: training, ReLU: {}}\n  a: {from: h, ReLU: {}}",
         "NS304 `h` runs only in training, and this layer always"),
        ("  a: {Linear: 3}\n  b: {call: a}",
         "NS406 `a` has weights for 4, and cannot be called on 3"),
        ("  - {repeat: 3, each: 2, ReLU: {}}", "NS206 `repeat` and `each` stand in one entry"),
        ("  - {ReLU: {}, Tanh: {}}", "NS206 `ReLU` and `Tanh` are two layers in one entry"),
        ("  - {if: true}", "NS206 this entry has no layer"),
        ("  train: ReLU", "NS208 `train` is a name that torch uses"),
        ("  input: ReLU", "NS208 `input` stands for a block's input"),
        ("  - {repeat: -1, ReLU: {}}", "NS204 `repeat` is at least 0, not -1"),
        ("  - {each: {i: -1}, ReLU: {}}", "NS204 `i` is at least 0, not -1"),
        ("  - {each: {i: $(0 - 1)}, ReLU: {}}", "NS204 the number of copies is at least 0, not -1"),
        ("  - {each: {i: $(1 / 2)}, ReLU: {}}",
         "NS202 `i` stands for the items of a list, or counts, and not for `0.5`"),
        ("  - {each: {i: 30000}, ReLU: {}}",
         "NS307 30,000 copies are more than the 20,000 layers that a network may have"),
        ("  - {if: true, else: nowhere, ReLU: {}}",
         "NS304 no earlier layer here is called `nowhere`"),
        ("  - {if: false, else: nowhere, ReLU: {}}",
         "NS304 no earlier layer here is called `nowhere`"),
        ("  h: {when: training, ReLU: {}}\n  a: {if: false, else: h, ReLU: {}}",
         "NS304 `h` runs only in training, and this layer always"),
        ('  a: ReLU\n  b: {if: true, else: "$([1])", ReLU: {}}',
         "NS202 `else` names one value, not `[1]`"),
        ("  - {else: input, ReLU: {}}",
         "NS206 `else` says what passes where `if` is false, and there is no `if` here"),
        ("  - {if: true, else: [a, b], ReLU: {}}",
         "NS202 `else` is a word or a whole number, not a list"),
        ("  - {each: 2, if: true, else: input, layers: [ReLU]}",
         "NS206 `layers` beside `each` stand in the sequence around, without `else`"),
        ("  - {branches: [{if: true, else: input, ReLU: {}}, ReLU], Add: {}}",
         "NS206 a branch cannot have `else`"),
        ("  - {branches: [{each: 2, layers: [{from: x, ReLU: {}}]}, ReLU], Add: {}}",
         "NS206 a branch cannot have `from`"),
        ("  - {branches: {a: {each: 2, ReLU: {}}}, Add: {}}",
         "NS306 each copy would be called `a`"),
        ("  - {branches: [{each: 0, ReLU: {}}], Add: {}}",
         "NS407 Add takes 2 inputs or more, not 0"),
        ('  a: ReLU\n  b: {from: [a, "$([1])"], Add: {}}',
         "NS202 an item of `from` is one name, not `[1]`"),
        ('  a: ReLU\n  b: {from: "$([])", Add: {}}', "NS204 `from` has 1 or more items, not 0"),
        ("  a: ReLU\n  b: {from: \"$(['a', true])\", Add: {}}",
         "NS202 `from` takes a list of names, and `true` is none"),
        ("  a: ReLU\n  b: {from: \"$(['a', 'c'])\", Add: {}}",
         "NS304 no earlier layer here is called `c`"),
        ("  - {repeat: 30000, ReLU: {}}",
         "NS307 30,000 copies are more than the 20,000 layers that a network may have"),
    ],
)  # fmt: skip
def test_layers_are_refused(layers: str, expected: str) -> None:
    assert refusal(layers) == expected


def test_one_mistake_gives_one_finding() -> None:
    layers = """
  a: {Linear: 3}
  b: {from: [a, input], Add: {}}
  c: {Linear: 4}
  d: {from: [c, b], Concat: {dim: 1}}
"""
    assert refusal(layers) == "NS403 Add joins inputs of one shape, not 3 and 4"


def test_independent_mistakes_are_all_found() -> None:
    with pytest.raises(netspec.SpecError) as caught:
        tree("  a: [{MaxPool1d: 2}]\n  b: {from: input, MaxPool2d: 2}")
    assert len(caught.value.diagnostics) == 2


def test_a_blocks_expressions_see_its_own_input_and_parameters() -> None:
    text = """
netspec: 1
input: [4, 8, 6]
params: {width: 3}
blocks:
  Half:
    params: {times: 1}
    layers:
      - Conv2d: {out_channels: "$(input.channels * times)", kernel_size: 1}
      - {if: $(input.height > input.width), MaxPool2d: {kernel_size: [2, 1]}}
layers:
  - Half
  - {Half: {times: $width}}
  - {Half: 2}
"""
    net = netspec.loads(text)
    assert [x.output for x in net.root.children] == [(4, 4, 6), (12, 4, 6), (24, 4, 6)]
    assert netspec.loads(text, width=5).output_shape == (40, 4, 6)
    assert netspec.loads(text, input=(2, 3, 3)).output_shape == (12, 3, 3)
