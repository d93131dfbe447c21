"""Specs that aim at one bound each, with sizes that the other limits just let pass.

Each is a function, since some have a quarter of a megabyte; `aimed` gives them by name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Final

import hostile_values

HEAD: Final = "netspec: 1\ninput: [3, 32, 32]\n"
FLAT: Final = "netspec: 1\ninput: [4]\n"


def _list(items: list[str] | range) -> str:
    return ", ".join(map(str, items))


# calls


def a_large_sequence_called_often() -> str:
    """4,000 layers, 2,000 times."""
    big = "  big: [{each: 4000, layers: [ReLU]}]\n"
    return f"{FLAT}layers:\n{big}" + "".join(f"  c{i}: {{call: big}}\n" for i in range(2_000))


def a_large_sequence_called_on_another_size() -> str:
    """4,000 layers, inferred again each time."""
    calls = "".join(f"  p{i}: {{MaxPool1d: 2}}\n  c{i}: {{call: big}}\n" for i in range(1_500))
    big = "  big: [{each: 4000, layers: [ReLU]}]\n"
    return "netspec: 1\ninput: [1, 900000000]\nlayers:\n" + big + calls


def calls_in_blocks_that_double() -> str:
    """2^30 layers of a few lines."""
    blocks = "".join(f"  B{i}: {{layers: {{x: B{i + 1}, y: {{call: x}}}}}}\n" for i in range(30))
    return f"{FLAT}blocks:\n{blocks}  B30: {{layers: [ReLU]}}\nlayers: [B0]\n"


def calls_in_sequences_that_double() -> str:
    """2^22 layers, nested as they are written."""
    text = "[ReLU]"
    for _ in range(20):
        text = f"{{x: {text}, y: {{call: x}}}}"
    return f"{FLAT}layers: {text}\n"


def a_call_under_each() -> str:
    """A sequence of 9,000 called 9,000 times by one line."""
    return (f"{FLAT}layers:\n  big: {{repeat: 9000, ReLU: {{}}}}\n"
            "  'c$(index)': {each: 9000, call: big}\n")  # fmt: skip


def calls_of_blocks_that_ask_for_their_size() -> str:
    """Blocks to make again, called again."""
    return ("netspec: 1\ninput: [1, 4000, 4000]\nblocks:\n"
            "  A: {layers: [{repeat: 50, Conv2d: {out_channels: $(input.height % 7 + 1), "
            "kernel_size: 1}}, Conv2d: {out_channels: 1, kernel_size: 1}]}\n"
            "layers:\n  a: A\n  'c$(index)': {each: 190, call: a}\n")  # fmt: skip


# edges


def _sources(op: str) -> str:
    names = _list([f"a{i}" for i in range(3_000)])
    return (f"{FLAT}layers:\n  'a$(index)': {{each: 3000, ReLU: {{}}}}\n"
            f"  'j$(index)': {{each: 5000, from: [{names}], {op}: {{}}}}\n")  # fmt: skip


def three_thousand_sources_five_thousand_times() -> str:
    """15 million edges."""
    return _sources("Add")


def three_thousand_sources_concatenated() -> str:
    """15 million edges, and a sum of sizes for each."""
    return _sources("Concat")


def sources_within_calls() -> str:
    """A sequence of large sums, called again."""
    names = _list([f"a{i}" for i in range(2_000)])
    return (f"{FLAT}layers:\n  s:\n    'a$(index)': {{each: 2000, ReLU: {{}}}}\n"
            f"    'j$(index)': {{each: 49, from: [{names}], Add: {{}}}}\n"
            "  'c$(index)': {each: 2000, call: s}\n")  # fmt: skip


def names_of_sources_by_expressions() -> str:
    """Each name of `from` an expression."""
    names = _list([f"a$((index * 7 + {i}) % 900)" for i in range(900)])
    return (f"{FLAT}layers:\n  'a$(index)': {{each: 900, ReLU: {{}}}}\n"
            f"  'j$(index)': {{each: 9000, from: [{names}], Add: {{}}}}\n")  # fmt: skip


def branches_under_each() -> str:
    """Many branches, many times."""
    return f"{FLAT}layers:\n  - {{each: 30, branches: [{_list(['ReLU'] * 600)}], Concat: 1}}\n"


# least sizes


def a_block_remade_for_every_size() -> str:
    """Layers that differ on every size."""
    return ("netspec: 1\ninput: [1, 1000, 1000]\nblocks:\n"
            "  A: {layers: [{repeat: 3000, Conv2d: {out_channels: $(input.height % 7 + 1), "
            "kernel_size: 1}}, Conv2d: {out_channels: $(1 if input.height == 1000 else 0), "
            "kernel_size: 1}]}\nlayers: [A]\n")  # fmt: skip


def the_whole_remade_for_every_size() -> str:
    """The network itself differs on every size."""
    return (
        "netspec: 1\ninput: [1, 1000, 1000]\nlayers:\n"
        "  - repeat: 5000\n    Conv2d: {out_channels: $(input.height % 7 + 1), kernel_size: 1}\n"
        "  - Conv2d: {out_channels: $(1 if input.height == 1000 else 0), kernel_size: 1}\n"
    )


def many_blocks_remade_for_every_size() -> str:
    """Hundreds of blocks that ask for their size, one in another."""
    blocks = "".join(
        f"  B{i}: {{layers: [{{repeat: 2, B{i + 1}: {{}}}}, "
        f"{{if: $(input.length > 0), ReLU: {{}}}}]}}\n"
        for i in range(9)
    )
    return (f"netspec: 1\ninput: [1, 100000]\nblocks:\n{blocks}"
            "  B9: {layers: [{if: $(input.length == 100000), ReLU: {}}, "
            "{if: $(input.length != 100000), Conv2d: {out_channels: 1, kernel_size: 1}}]}\n"
            "layers: [B0]\n")  # fmt: skip


def a_long_input_that_no_other_size_fits() -> str:
    """One size in 10^9, of one dimension."""
    return ("netspec: 1\ninput: [1, 1000000000]\nlayers: [{repeat: 2000, ReLU: {}}, "
            "Reshape: [1000000000]]\n")  # fmt: skip


def a_join_that_no_other_size_fits() -> str:
    """Layers that all run before the join that fails."""
    return (
        "netspec: 1\ninput: [1, 1000000]\nlayers:\n"
        "  - {repeat: 15000, ReLU: {}}\n"
        "  - branches: [Identity, [Reshape: [1, 1000000]]]\n    Add: {}\n"
    )


def a_size_asked_for_of_a_long_input() -> str:
    """One dimension of 10^6, and layers that ask for it."""
    return ("netspec: 1\ninput: [1, 1000000]\nlayers:\n"
            "  - repeat: 2000\n    Conv1d: {out_channels: $(1 if input.length == 1000000 else 0), "
            "kernel_size: 1}\n")  # fmt: skip


def windows_that_just_fit() -> str:
    """A deep network whose least size is large."""
    return (
        "netspec: 1\ninput: [1, 1000000]\nlayers:\n"
        "  - {repeat: 19000, Conv1d: {out_channels: 1, kernel_size: 50}}\n"
    )


# names


def _near(count: int, length: int) -> list[str]:
    """Names that are alike in their letters, so that every comparison is a long one."""
    third = length // 3
    return [f"{'ab' * (third // 2)}{i:04d}{'ba' * third}"[:length] for i in range(count)]


def long_sources_that_do_not_exist() -> str:
    """Each is near to every layer."""
    there, wrong = _near(900, 100), [name[::-1] for name in _near(900, 100)]
    layers = "".join(f"  {name}: ReLU\n" for name in there)
    more = "".join(f"  z{i}: {{from: {name}, ReLU: {{}}}}\n" for i, name in enumerate(wrong))
    return f"{FLAT}layers:\n{layers}{more}"


def long_outputs_that_do_not_exist() -> str:
    """Each is near to every layer."""
    layers = "".join(f"  {name}: ReLU\n" for name in _near(900, 100))
    outs = "".join(f"  o{i}: {n[::-1]}\n" for i, n in enumerate(_near(900, 100)))
    return f"{FLAT}layers:\n{layers}outputs:\n{outs}"


def long_calls_of_what_is_not_there() -> str:
    """In sequences of their own, so that no earlier failure silences them."""
    there = "".join(f"      {n}: ReLU\n" for n in _near(60, 100))
    calls = "".join(f"  s{i}:\n    - layers:\n{there if i < 15 else ''}" +
                    "".join(f"      c: {{call: {n[::-1]}}}\n" for n in _near(1, 100))
                    for i in range(900))  # fmt: skip
    return f"{FLAT}layers:\n{calls}"


def long_arguments_that_do_not_exist() -> str:
    """Of a block with many parameters of such names."""
    params = "".join(f"      {n}: 1\n" for n in _near(990, 100))
    uses = "".join(f"  - A: {{{n[::-1].replace('0', 'o')}: 1}}\n" for n in _near(900, 100))
    body = "    layers: [ReLU]\n"
    return f"{FLAT}blocks:\n  A:\n    params:\n{params}{body}layers:\n{uses}"


def long_names_in_expressions_that_do_not_exist() -> str:
    """Parameters near to every name."""
    params = "".join(f"  {n}: 1\n" for n in _near(990, 100))
    uses = "".join(f"  - Linear: ${n[::-1].replace('0', 'o')}\n" for n in _near(900, 100))
    return f"{FLAT}params:\n{params}layers:\n{uses}"


def long_layers_that_do_not_exist() -> str:
    """Near to the names of blocks."""
    blocks = "".join(f"  A{n[:90]}: {{layers: [ReLU]}}\n" for n in _near(900, 90))
    uses = "".join(f"  - A{n[::-1]}\n" for n in _near(900, 90))
    return f"{FLAT}blocks:\n{blocks}layers:\n{uses}"


def long_selectors_of_no_layer() -> str:
    """`init` rules near to every path."""
    layers = "".join(f"  {name}: {{Linear: 3}}\n" for name in _near(800, 100))
    rules = "".join(f"  {n[::-1]}: {{weight: zeros_}}\n" for n in _near(800, 100))
    return f"{FLAT}init:\n{rules}layers:\n{layers}"


def long_keys_of_the_recipe() -> str:
    """Keys that nothing has."""
    return f"{FLAT}layers: [ReLU]\ntrain:\n" + "".join(f"  {n[::-1]}: 1\n" for n in _near(900, 190))


def a_name_of_8000_characters_in_every_message() -> str:
    """Names in findings, their notes and their hints."""
    name = "n" * 8_000
    return f"{HEAD}layers:\n" + "".join(
        f"  - {{name: {name}{i}, Linear: 3, from: x{name}}}\n" for i in range(14)
    )


def values_of_8000_characters_in_every_message() -> str:
    """A layer, a source, an output, a selector: each unknown and long."""
    word = "w" * 8_000
    return (
        f"{HEAD}init: {{'{word[:190]}': {{{word[:190]}: {word}}}}}\nlayers:\n  - {word}\n"
        f"  - {word}: 3\n  - {{from: {word}, ReLU: {{}}}}\n  - {{call: {word}}}\n"
        f"  - Linear: {word}\n  - Linear: ${word}\n  - Linear: $({word[:400]})\n"
        f"  - {{if: {word}, ReLU: {{}}}}\n  - {{repeat: {word}, ReLU: {{}}}}\n"
        f"  - {{each: {word}, ReLU: {{}}}}\n  - {{when: {word}, ReLU: {{}}}}\n"
        f"outputs: {{a: {word}}}\ntrain: {{optimizer: {word}, loss: {word}}}\n"
    )


def a_join_of_thousands_that_differ() -> str:
    """A message of every input's shape."""
    layers = "".join(f"  a{i}: {{from: input, Linear: {10**8 + i}}}\n" for i in range(2_000))
    names = _list([f"a{i}" for i in range(2_000)])
    return f"{FLAT}layers:\n{layers}  j: {{from: [{names}], Add: }}\n"


def values_that_do_not_fit_in_every_message() -> str:
    """The same where the form is right, and each value wrong."""
    word = "w" * 8_000
    return (f"{HEAD}params: {{a: {word}}}\nblocks:\n  A: {{params: {{b: int}}, layers: [ReLU]}}\n"
            f"layers:\n  - A: $a\n  - Conv2d: {{out_channels: $a, kernel_size: $a}}\n"
            f"  - [{{from: {word}, ReLU: {{}}}}]\n  - [{{call: {word}}}]\n  - $a: 3\n"
            f"  - [{{name: '{word}$(1)+', ReLU: {{}}}}]\n  - [{{if: $a, ReLU: {{}}}}]\n"
            f"  - [{{repeat: $a, ReLU: {{}}}}]\n  - [{{each: $a, ReLU: {{}}}}]\n"
            f"outputs: {{a: {word}}}\n")  # fmt: skip


# paths


def deep_long_names() -> str:
    """Names of 8,000 characters, 30 deep, around thousands of layers."""
    text = "{each: 9000, name: 'l$(index)', ReLU: {}}"
    for _ in range(20):
        text = f"{{name: {'n' * 8_000}, layers: [{text}]}}"
    return f"{FLAT}layers: [{text}]\n"


def deep_names_of_blocks() -> str:
    """Names of 4,000 characters in blocks, 60 deep."""
    blocks = "".join(
        f"  B{i}: {{layers: [{{name: {'n' * 4_000}, layers: [B{i + 1}]}}]}}\n" for i in range(14)
    )
    return (
        f"{FLAT}blocks:\n{blocks}  B14: {{layers: [{{repeat: 9000, ReLU: {{}}}}]}}\nlayers: [B0]\n"
    )


def long_names_made_by_templates() -> str:
    """10,000 characters of one letter, for every copy."""
    return (
        f"{FLAT}params: {{a: {'n' * 4_000}}}\nlayers:\n"
        "  - {each: 9000, name: '$a$a$(index)', ReLU: {}}\n"
    )


def moderate_names_as_deep_as_may_be() -> str:
    """Just within what a path may have, 18,000 times."""
    text = "{each: 9000, name: 'l$(index)', ReLU: {}}"
    for _ in range(20):
        text = f"{{name: {'n' * 45}, layers: [{text}]}}"
    return f"{FLAT}layers: [{text}]\n"


# tables of parameters


def thousands_of_parameters_in_a_block_used_often() -> str:
    """Defaults bound for every use."""
    params = _list([f"a{i}: {i}" for i in range(4_000)])
    return (f"{FLAT}blocks:\n  A: {{params: {{{params}}}, layers: [Linear: $a7]}}\n"
            "layers: [{each: 6000, A: {}}]\n")  # fmt: skip


def thousands_of_parameters_that_blocks_keep() -> str:
    """Scopes kept for blocks with rules, and with sizes asked for."""
    params = _list([f"a{i}: {i}" for i in range(4_000)])
    return (f"netspec: 1\ninput: [1, 32]\nblocks:\n  A: {{params: {{{params}}}, "
            "init: {Linear: {weight: zeros_}}, layers: [Linear: $(input.length - 25 + a7)]}\n"
            "layers: [{each: 6000, A: {}}]\n")  # fmt: skip


def thousands_of_arguments_given_often() -> str:
    """Every parameter given by every use."""
    params = _list([f"a{i}: {i}" for i in range(3_000)])
    given = _list([f"a{i}: $(index + {i})" for i in range(3_000)])
    return (f"{FLAT}blocks:\n  A: {{params: {{{params}}}, layers: [Linear: 7]}}\n"
            f"layers: [{{each: 9000, A: {{{given}}}}}]\n")  # fmt: skip


def parameters_of_the_spec_under_copies() -> str:
    """Copies see thousands of names."""
    params = _list([f"a{i}: {i}" for i in range(5_000)])
    return (f"{FLAT}params: {{{params}}}\nlayers: [{{each: 90, layers: [{{each: 100, "
            "Linear: $(a1 + index % 3)}]}]\n")  # fmt: skip


def lists_handed_down_blocks() -> str:
    """A list of thousands as a parameter of nested blocks."""
    items = _list(range(5_000))
    blocks = "".join(
        f"  B{i}: {{params: {{a: list}}, layers: [B{i + 1}: $a]}}\n" for i in range(30)
    )
    return (f"{FLAT}params: {{a: [{items}]}}\nblocks:\n{blocks}"
            "  B30: {params: {a: list}, layers: [Linear: '$(a[index] + 1)']}\n"
            "layers: [{each: 300, B0: $a}]\n").replace("[index]", "[7]")  # fmt: skip


# expressions


def a_list_rebuilt_for_every_copy() -> str:
    """10,000 items, 15,000 times."""
    return (f"{FLAT}params: {{a: [{_list(range(9_000))}]}}\nlayers: [{{each: 9000, "
            "Linear: '$(len(a + [index]) % 7 + 1)'}]\n")  # fmt: skip


def a_list_summed_for_every_copy() -> str:
    """A parameter of thousands of items, added to itself as often as fits."""
    sums = " + ".join(["len(a + a)"] * 30)
    return (
        f"{FLAT}params: {{a: [{_list(range(4_900))}]}}\n"
        f"layers: [{{each: 9000, Linear: '$({sums} + index)'}}]\n"
    )


def a_list_searched_for_every_copy() -> str:
    """Comparisons and searches of lists."""
    words = " or ".join(["index + 0.5 in a", "a == a + []"] * 12)
    return (
        f"{FLAT}params: {{a: [{_list(range(9_000))}]}}\n"
        f"layers: [{{each: 9000, if: '$(not ({words}))', ReLU: {{}}}}]\n"
    )


def lists_as_arguments_of_every_copy() -> str:
    """Lists compared to know whether a layer was made before."""
    return (
        f"{FLAT}params: {{a: [{_list(range(9_000))}]}}\n"
        "layers: [{each: 15000, Linear: '$(a[index % 7] + 1)'}]\n"
    )


def lists_given_out_as_arguments() -> str:
    """A list of thousands where a size should stand, with the input's shape in it."""
    return (
        f"netspec: 1\ninput: [1, 8]\nparams: {{a: [{_list(range(9_000))}]}}\n"
        "layers: [{each: 9000, Linear: '$(len([input.length] + a) % 7 + 1)'}]\n"
    )


def words_made_for_every_copy() -> str:
    """Words of 10,000 characters, and a comparison of each."""
    return (
        f"{FLAT}params: {{a: {'w' * 4_900}}}\nblocks:\n  A: {{params: {{b: str}}, layers: "
        "[Linear: '$(len([b]))']}\nlayers: [{each: 9000, A: '$a$a$(index)'}]\n"
    )


def long_sums_for_every_copy() -> str:
    """The longest expression, evaluated as often as layers may be."""
    text = "+".join(["index"] + ["1"] * 240)
    return f"{FLAT}layers: [{{each: 18000, Linear: '$({text})'}}]\n"


def several_long_sums_for_every_copy() -> str:
    """In every argument of a layer."""
    text = "+".join(["index"] + ["1"] * 240)
    args = _list(
        [
            f"{name}: '$(1 + 0*({text[:470].rstrip('+')}))'"
            for name in ("out_channels", "kernel_size", "stride", "groups", "dilation")
        ]
    )
    return f"{HEAD}layers: [{{each: 18000, Conv2d: {{{args}}}}}]\n"


def loops_that_make_no_layers() -> str:
    """Conditions evaluated for copies that are left out."""
    text = "+".join(["index"] + ["1"] * 240)
    return f"{FLAT}layers: [{{each: 19000, if: '$({text} < 0)', ReLU: {{}}}}, ReLU]\n"


def a_long_name_for_every_copy() -> str:
    """A thousand expressions in one name."""
    name = "$(index % 2)" * 600
    return f"{FLAT}layers: [{{each: 15000, name: 'a{name}', ReLU: {{}}}}]\n"


def a_sum_of_lists_by_sum() -> str:
    """Functions over lists."""
    text = " + ".join(["sum(a) + max(a) + min(a)"] * 15)
    return (
        f"{FLAT}params: {{a: [{_list(range(9_000))}]}}\n"
        f"layers: [{{each: 15000, Linear: '$(1 + 0 * ({text}) + index)'}}]\n"
    )


# dimensions


def a_reshape_to_thousands_of_dimensions() -> str:
    """Sizes of 1 without end, many times."""
    return f"{FLAT}layers:\n  - {{repeat: 3000, Reshape: [4{', 1' * 8_000}]}}\n"


def a_reshape_to_huge_sizes() -> str:
    """A product of thousands of digits, in a message."""
    return f"{FLAT}layers:\n  - Reshape: [{_list(['1000000000000000'] * 1_000)}]\n"


def a_split_into_thousands_of_dimensions() -> str:
    """`Unflatten`, again and again."""
    return (f"{FLAT}layers:\n  - {{repeat: 300, Unflatten: {{dim: 1, unflattened_size: "
            f"[4{', 1' * 60}]}}}}\n")  # fmt: skip


def a_list_of_thousands_as_a_shape() -> str:
    """The same by an expression."""
    return (
        f"{FLAT}params: {{a: [{_list(['1'] * 9_000)}]}}\n"
        "layers:\n  - {each: 3000, Reshape: '$([4] + a + [1])'}\n"
    )


def a_permutation_of_thousands() -> str:
    """An order of dimensions that no input has."""
    return f"{FLAT}layers:\n  - {{repeat: 3000, Permute: [{_list(range(8_000))}]}}\n"


def a_mean_over_thousands() -> str:
    """Dimensions that no input has."""
    return f"{FLAT}layers:\n  - Mean: [{_list(range(8_000))}]\n"


def every_layer_in_63_dimensions() -> str:
    """Shapes as long as they may be."""
    return f"{FLAT}layers:\n  - Reshape: [4{', 1' * 62}]\n  - {{each: 9000, ReLU: {{}}}}\n"


# outputs


def thousands_of_outputs_of_one_chain() -> str:
    """Lints look backwards from each."""
    outs = _list([f"o{i}: last" for i in range(4_000)])
    return (f"{FLAT}layers:\n  first: {{Linear: 4}}\n  last: [{{repeat: 9000, Softmax: -1}}]\n"
            f"outputs: {{{outs}}}\ntrain: {{}}\n")  # fmt: skip


# what looks at every layer


def _parallel(before: str, after: str) -> str:
    return (
        f"{FLAT}layers:\n  first: [{{repeat: 6000, {before}: {{}}}}]\n"
        f"  'l$(index)': {{each: 6000, from: first, {after}}}\n"
    )


def many_readers_behind_a_long_chain() -> str:
    """Lints look for what made a value, through what passes it on."""
    return _parallel("Identity", "Linear: 4")


def many_norms_behind_a_long_chain() -> str:
    """The same for norms."""
    return _parallel("Identity", "BatchNorm1d: {}")


def dropouts_before_the_end() -> str:
    """Lints look backwards from the end."""
    return f"{FLAT}layers:\n  - {{repeat: 9000, Dropout: 0.1}}\n  - {{repeat: 9000, ReLU: {{}}}}\n"


def many_rules_on_many_layers() -> str:
    """Each rule applies to each layer."""
    rules = "".join(f"  '{'*' * (i + 1)}': {{weight: zeros_}}\n" for i in range(150))
    return f"{FLAT}init:\n{rules}layers:\n  - {{each: 9000, Linear: 4}}\n"


def many_rules_of_one_layer() -> str:
    """Thousands of selectors that hit."""
    rules = "".join(f"  '{i}': {{weight: zeros_, bias: zeros_}}\n" for i in range(2_700))
    return f"{FLAT}init:\n{rules}layers:\n  - {{each: 9000, Linear: 4}}\n"


def patterns_that_backtrack_on_long_paths() -> str:
    """Stars against paths of one letter."""
    rules = "".join(f"  '{'*a' * 60}{i}': {{weight: zeros_}}\n" for i in range(90))
    layers = "".join(f"  {'a' * 150}{i}: {{Linear: 4}}\n" for i in range(900))
    return f"{FLAT}init:\n{rules}layers:\n{layers}"


def rules_of_blocks_within_blocks() -> str:
    """Each block's rules on all that is in it."""
    blocks = "".join(
        f"  B{i}: {{init: {{Linear: {{weight: zeros_, bias: zeros_}}, '*': {{weight: ones_}}}}, "
        f"layers: [B{i + 1}]}}\n"
        for i in range(30)
    )
    return (f"{FLAT}blocks:\n{blocks}  B30: {{layers: [{{repeat: 9000, Linear: 4}}]}}\n"
            "layers: [B0]\n")  # fmt: skip


def rules_with_expressions_on_many_shapes() -> str:
    """An expression for each tensor."""
    text = "+".join(["fan_in"] + ["1"] * 230)
    return (
        f"{FLAT}init: {{Linear: {{weight: {{normal_: {{std: '$(1 + 0*({text}))'}}}}}}}}\n"
        "layers: [{each: 9000, Linear: $(index + 1)}]\n"
    )


def a_block_listed_in_another_order() -> str:
    """`order` of thousands of names, for every use."""
    names = [f"a{i}" for i in range(2_000)]
    body = _list([f"{n}: ReLU" for n in names])
    return (f"{FLAT}blocks:\n  A: {{layers: {{{body}}}, order: [{_list(names[::-1])}]}}\n"
            "layers: [{each: 9, A: {}}]\n")  # fmt: skip


def a_recipe_of_thousands_of_steps() -> str:
    """Lists as long as they may be."""
    return (f"{FLAT}layers: [ReLU]\ntrain: {{scheduler: {{MultiStepLR: {{milestones: "
            f"[{_list(range(1, 9_000))}]}}}}, loss: {{CrossEntropyLoss: {{weight: "
            f"[{_list(['0.5'] * 9_000)}]}}}}}}\n")  # fmt: skip


def findings_for_every_copy() -> str:
    """A mistake at one place, made thousands of times."""
    return f"{FLAT}layers: [{{each: 15000, layers: [Linear: $(index - 1)]}}]\n"


def findings_in_every_sequence() -> str:
    """Mistakes that silence no other."""
    return f"{FLAT}layers:\n" + "".join(f"  - [Linear: $(0 - {i + 1})]\n" for i in range(2_400))


def parts_that_divide_by_sizes() -> str:
    """Every copy another module."""
    return (
        f"{HEAD}layers: [{{each: 9000, Conv2d: {{out_channels: $(index + 1), kernel_size: 1}}}}]\n"
    )


def attention_of_every_size() -> str:
    """The dearest rule, on every copy another."""
    return ("netspec: 1\ninput: [16, 64]\nlayers:\n  - {each: 9000, MultiheadAttention: "
            "{num_heads: 8, dropout: $(0.0001 * index / 2)}}\n")  # fmt: skip


def every_bound_at_once() -> str:
    """Just within the limits of layers, steps, inputs, rules and paths, and with a search."""
    text = "+".join(["index", *["1"] * 40])
    rules = "".join(f"  '{'*' * (i + 1)}': {{weight: kaiming_normal_}}\n" for i in range(2))
    names = _list(["input"] * 10)
    layer = f"Conv1d: {{out_channels: '$(1 + 0*({text}))', kernel_size: 2}}"
    return (
        f"netspec: 1\ninput: [1, 1000000]\ninit:\n{rules}layers:\n"
        f"  {'n' * 190}:\n    - {{each: 9000, name: '{'l' * 60}$(index)', {layer}}}\n"
        f"  'c$(index)': {{each: 400, from: [{names}], Add: {{}}}}\n"
    )


def aimed() -> dict[str, Callable[[], str]]:
    """Every generator by its name."""
    return {
        name.replace("_", " "): made
        for name, made in {**globals(), **vars(hostile_values)}.items()
        if inspect.isfunction(made) and name[0] != "_"
        if made is not aimed
    }
