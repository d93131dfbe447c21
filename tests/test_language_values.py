"""Values by their names: of sequences around, within earlier layers, of blocks with several."""

from __future__ import annotations

import copy
import pickle
from textwrap import dedent

import pytest
import torch

import netspec
from netspec.compiler import compile_text
from netspec.diagnostics import Diagnostic

HEAD = "netspec: 1\ninput: [3, 8, 8]\n"


def network(text: str, head: str = HEAD) -> netspec.Network:
    return compile_text(head + dedent(text))


def finding(text: str) -> Diagnostic:
    with pytest.raises(netspec.SpecError) as problem:
        network(text)
    assert len(problem.value.diagnostics) == 1
    return problem.value.diagnostics[0]


BACKBONE = """
layers:
  backbone:
    a: {Conv2d: {out_channels: 4, kernel_size: 3, padding: 1}}
    b: [ReLU, {Conv2d: {out_channels: 6, kernel_size: 2, stride: 2}}, ReLU]
    c: {Conv2d: {out_channels: 8, kernel_size: 2, stride: 2}}
"""


def test_a_layer_takes_a_value_from_within_an_earlier_layer() -> None:
    net = network(BACKBONE + "  more: {from: backbone.b.1, Conv2d: {out_channels: 2, "
                  "kernel_size: 1}}\n")  # fmt: skip
    assert net.output_shape == (2, 4, 4)
    torch.manual_seed(0)
    built = net.build()
    x = torch.randn(2, 3, 8, 8)
    inner = built.get_submodule("backbone.b.1")(built.backbone.a(x).relu())
    assert torch.equal(built(x), built.more(inner))
    assert [name for name in built.state_dict() if "weight" in name] == [
        "backbone.a.weight", "backbone.b.1.weight", "backbone.c.weight", "more.weight",
    ]  # fmt: skip


def test_what_is_tapped_keeps_its_own_value() -> None:
    plain = network(BACKBONE).build()
    tapped = network(BACKBONE + "outputs: {out: backbone, low: backbone.a}\n").build()
    tapped.load_state_dict(plain.state_dict())
    x = torch.randn(2, 3, 8, 8)
    given = tapped(x)
    assert torch.equal(given["out"], plain(x))
    assert torch.equal(given["low"], plain.backbone.a(x))


def test_each_call_of_a_tapped_layer_gives_its_own_value() -> None:
    net = network(
        """
        layers:
          body: {a: {Conv2d: {out_channels: 3, kernel_size: 1}}, b: ReLU}
          again: {call: body}
          sum: {from: [body.a, again.a], Add: {}}
        """
    )
    built = net.build()
    x = torch.randn(2, 3, 8, 8)
    conv = built.body.a
    assert torch.equal(built(x), conv(x) + conv(conv(x).relu()))
    assert torch.equal(pickle.loads(pickle.dumps(built))(x), copy.deepcopy(built)(x))


def test_a_sequence_takes_values_of_the_sequences_around_it() -> None:
    net = network(
        """
        layers:
          stem: {Conv2d: {out_channels: 4, kernel_size: 1}}
          body:
            - {Conv2d: {out_channels: 4, kernel_size: 1}}
            - Sequential:
                inner: ReLU
                sum: {from: [inner, stem], Add: {}}
            - {from: ["1", stem, input], Concat: {}}
        """
    )
    built = net.build()
    x = torch.randn(2, 3, 8, 8)
    stem = built.stem(x)
    summed = getattr(built.body, "0")(stem).relu() + stem
    assert torch.equal(built(x), torch.cat([summed, stem, x], 1))
    assert net.min_input_size == 1


def test_no_name_leads_out_of_a_block() -> None:
    found = finding(
        """
        blocks: {Inner: {layers: [{from: stem, ReLU: {}}]}}
        layers: {stem: ReLU, body: Inner}
        """
    )
    assert found.code == "NS304"
    assert "`stem`" in found.message


PAIR = """
blocks:
  Pair:
    params: {channels: int}
    inputs: [fine, coarse]
    layers:
      up: {from: coarse, Upsample: {scale_factor: 2}}
      map: {from: up, Conv2d: {out_channels: $(fine.channels), kernel_size: 1}}
      sum: {from: [fine, map], Add: {}}
      small: {from: coarse, Conv2d: {out_channels: $channels, kernel_size: 1}}
    outputs: {fine: sum, coarse: small}
layers:
  a: {Conv2d: {out_channels: 4, kernel_size: 1}}
  b: {MaxPool2d: 2}
"""


def test_a_block_takes_several_inputs_and_gives_several_values() -> None:
    net = network(PAIR + """
  pair: {from: [a, b], Pair: {channels: 5}}
  out: {from: pair.coarse, Flatten: {}}
outputs: {out: out, fine: pair.fine}
""")  # fmt: skip
    built = net.build()
    x = torch.randn(2, 3, 8, 8)
    a = built.a(x)
    b = built.b(a)
    given = built(x)
    up = torch.nn.functional.interpolate(b, scale_factor=2)
    assert torch.equal(given["fine"], a + built.pair.map(up))
    assert torch.equal(given["out"], built.pair.small(b).flatten(1))
    assert net.min_input_size == 2  # an odd size would not fit again


def test_one_of_several_values_is_named() -> None:
    found = finding(PAIR + "  pair: {from: [a, b], Pair: {channels: 5}}\n  next: ReLU\n")
    assert (found.code, found.hint) == ("NS407", "name one: `from: pair.fine`")
    assert "`fine`, `coarse`" in found.message


def test_the_last_layer_gives_one_value_or_outputs_name_them() -> None:
    found = finding(PAIR + "  pair: {from: [a, b], Pair: {channels: 5}}\n")
    assert found.code == "NS407"


def test_a_block_of_two_inputs_takes_two() -> None:
    found = finding(PAIR + "  pair: {from: a, Pair: {channels: 5}}\n")
    assert found.message == "the block `Pair` takes 2 inputs, `fine`, `coarse`, not 1"


def test_the_first_layer_of_a_block_of_two_inputs_says_which_it_takes() -> None:
    found = finding(PAIR.replace("up: {from: coarse, Upsample", "up: {Upsample")
                    + "  pair: {from: [a, b], Pair: {channels: 5}}\n"
                    + "  out: {from: pair.fine, ReLU: {}}\n")  # fmt: skip
    assert found.hint == "name it: `from: fine`"


INPUTS = "netspec: 1\ninputs: {left: [1, 6, 6], right: {shape: [4], dtype: int64, below: 9}}\n"


def test_several_inputs_are_taken_by_place_or_by_name() -> None:
    net = network(
        """
        layers:
          a: {from: left, Flatten: {}}
          b: {Linear: "$(left.height * right.features)"}
          ids: {from: right, Unflatten: {dim: 1, unflattened_size: [2, 2]}}
        outputs: {logits: b, ids: ids}
        """,
        INPUTS,
    )
    assert [(one.name, one.shape, one.dtype.name) for one in net.inputs] == [
        ("left", (1, 6, 6), "float32"), ("right", (4,), "int64"),
    ]  # fmt: skip
    assert [(one.name, one.shape, one.dtype.below) for one in net.outputs] == [
        ("logits", (24,), None), ("ids", (2, 2), 9),
    ]  # fmt: skip
    built = net.build()
    x, ids = torch.randn(3, 1, 6, 6), torch.randint(9, (3, 4))
    given = built(x, ids)
    assert torch.equal(given["logits"], built.b(x.flatten(1)))
    assert torch.equal(given["ids"], ids.reshape(3, 2, 2))
    for again in (built(x, right=ids), built(right=ids, left=x)):
        assert torch.equal(again["logits"], given["logits"])
    with pytest.raises(TypeError, match="left, right"):
        built(x)
    with pytest.raises(TypeError, match="left, right"):
        built(x, ids, left=x)


def test_a_resolved_spec_keeps_its_inputs() -> None:
    text = "layers: {a: {from: left, Flatten: {}}, b: {from: [a, a], Concat: {}}}\n"
    net = network(text, INPUTS)
    assert netspec.loads(net.resolved()).inputs == net.inputs
    one = network("layers: [Flatten]\n", "netspec: 1\ninput: {shape: [5], dtype: bool}\n")
    assert netspec.loads(one.resolved()).inputs == one.inputs


def test_a_shape_from_outside_keeps_the_kind_of_numbers() -> None:
    text = "netspec: 1\ninput: {shape: [5], dtype: int64, below: 7}\nlayers: [Flatten]\n"
    (one,) = netspec.loads(text, input=(9,)).inputs
    assert (one.shape, one.dtype.name, one.dtype.below) == ((9,), "int64", 7)
    with pytest.raises(netspec.SpecError) as problem:
        netspec.loads(INPUTS + "layers: [{from: left, Flatten: {}}]\n", input=(9,))
    assert problem.value.diagnostics[0].code == "NS308"


def test_a_call_takes_numbers_of_the_kind_that_its_layer_takes() -> None:
    with pytest.raises(netspec.SpecError) as problem:
        network(
            """
            layers:
              flat: {from: left, Flatten: {}}
              fc: [Flatten, {Linear: 4}]
              again: {from: right, call: fc}
            """,
            INPUTS,
        )
    assert [found.code for found in problem.value.diagnostics] == ["NS412"]


def test_a_tied_weight_is_one_tensor_under_two_names() -> None:
    net = network(
        """
        layers:
          words: {Embedding: {num_embeddings: 30, embedding_dim: 8}}
          body: [{Linear: 8}]
          head: {tie: words, Linear: {out_features: 30}}
        init: {Embedding: {weight: {normal_: {std: 0.02}}}}
        """,
        "netspec: 1\ninput: {shape: [6], dtype: int64, below: 30}\n",
    )
    assert net.num_params == 30 * 8 + 8 * 8 + 8 + 30
    built = net.build()
    assert sum(p.numel() for p in built.parameters()) == net.num_params
    assert list(built.state_dict()) == list(net.state)
    for module in (built, copy.deepcopy(built), pickle.loads(pickle.dumps(built))):
        assert module.head.weight is module.words.weight
    ids = torch.randint(30, (2, 6))
    hidden = built.body(built.words(ids))
    assert torch.equal(
        built(ids), torch.nn.functional.linear(hidden, built.words.weight, built.head.bias)
    )


def test_a_value_that_only_training_gives_is_tapped_in_training_alone() -> None:
    net = network(
        """
        layers:
          body:
            x: {Conv2d: {out_channels: 4, kernel_size: 1}}
            aux: {when: training, Sequential: [AdaptiveAvgPool2d: 1, Flatten]}
            y: {from: x, ReLU: {}}
          head: [AdaptiveAvgPool2d: 1, Flatten]
        outputs: {logits: head, aux: body.aux}
        """
    )
    assert [one.training_only for one in net.outputs] == [False, True]
    assert net.min_input_size == 1
    built = net.build()
    x = torch.randn(2, 3, 8, 8)
    assert sorted(built.train()(x)) == ["aux", "logits"]
    assert built.eval()(x).shape == (2, 4)


def test_a_block_of_two_inputs_may_run_its_layers_one_after_another() -> None:
    net = network(
        """
        blocks: {First: {inputs: [p, q], layers: [{from: p, ReLU: {}}, Tanh]}}
        layers: [{from: [input, input], First: {}}]
        """
    )
    x = torch.randn(2, 3, 8, 8)
    assert torch.equal(net.build()(x), x.relu().tanh())


def test_a_name_within_a_layer_that_is_misspelt_gets_the_nearest_one() -> None:
    found = finding(BACKBONE + "  more: {from: backbone.bb, ReLU: {}}\n")
    assert (found.code, found.hint) == ("NS304", "did you mean `backbone.b`?")


def test_an_expression_knows_the_sizes_of_earlier_layers() -> None:
    net = network(
        """
        blocks:
          Two:
            layers: {a: {Conv2d: {out_channels: 5, kernel_size: 3}}, b: {MaxPool2d: 2}}
            outputs: {fine: a, coarse: b}
        layers:
          conv: {Conv2d: {out_channels: 4, kernel_size: 2}}
          two: Two
          body:
            inner: {from: two.fine, Conv2d: {out_channels: $(conv.channels + two.coarse.width), kernel_size: 1}}
            again: {Conv2d: {out_channels: $inner.height, kernel_size: 1}}
        """  # noqa: E501
    )
    sizes = {layer.path: layer.output for layer in net.layers}
    assert sizes["conv"] == (4, 7, 7)
    assert sizes["two.b"] == (5, 2, 2)
    assert sizes["body.inner"] == (4 + 2, 5, 5)
    assert sizes["body.again"] == (5, 5, 5)
    x = torch.randn(1, 3, 8, 8)
    assert net.build()(x).shape == (1, 5, 5, 5)


def test_a_block_whose_layers_ask_for_sizes_is_made_again_for_another_input() -> None:
    net = network(
        """
        blocks:
          Window:
            layers:
              small: {Conv2d: {out_channels: 3, kernel_size: 3}}
              whole: {Conv2d: {out_channels: 3, kernel_size: $(small.height)}}
        layers: [Window]
        """
    )
    assert net.output_shape == (3, 1, 1)
    assert net.min_input_size == 3


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("$(con.height)", "no input or earlier layer here is called `con`"),
        ("$(conv.depth.height)", "no input or earlier layer here is called `conv.depth`"),
        ("$(flat.height)", "`flat` is 512, and has no height"),
        ("$(later.height)", "no input or earlier layer here is called `later`"),
    ],
)
def test_a_size_that_is_not_known_is_told(expression: str, message: str) -> None:
    found = finding(
        f"""
        layers:
          conv: {{Conv2d: {{out_channels: 8, kernel_size: 1}}}}
          flat: Flatten
          fc: {{Linear: {expression}}}
          later: ReLU
        """
    )
    assert (found.code, found.message) == ("NS303", message)


def test_several_values_of_a_layer_around_are_told_by_its_name() -> None:
    found = finding(
        """
        layers:
          stem: ReLU
          parts: {from: stem, Chunk: {chunks: 3}}
          body: {from: stem, Sequential: [{from: parts, ReLU: {}}]}
        """
    )
    assert (found.code, found.hint) == ("NS407", "name one: `from: parts.0`")


def test_a_name_that_if_leaves_out_is_reached_in_a_sequence_of_nothing_else() -> None:
    net = network(
        """
        layers:
          body: {inner: {if: $(input.height > 9), ReLU: {}}}
          scaled: {from: body.inner, Scale: 2}
          sum: {from: [body, scaled], Add: {}}
        """
    )
    x = torch.randn(2, 3, 8, 8)
    assert torch.equal(net.build()(x), x + 2 * x)


def test_what_if_leaves_out_of_training_passes_on_its_input_at_every_size() -> None:
    net = network(
        """
        blocks:
          First:
            inputs: [p, q]
            layers: {aux: {if: false, when: training, from: q, ReLU: {}}, out: Tanh}
        layers:
          pair: {from: [input, input], First: {}}
          pool: {if: $(input.height > 3), MaxPool2d: 2}
        """
    )
    assert net.min_input_size == 1
