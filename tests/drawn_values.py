"""Many values, words, expressions and rules, as many as the bounds let pass or a few more."""

from __future__ import annotations

import random

from bounded_parts import (
    BYTES,
    DIMS,
    FINDINGS,
    HELD,
    ITEMS,
    LAYERS,
    NUMBER,
    PARAMETERS,
    SCALAR,
    STEPS,
    VALUES,
    Parts,
    a_layer,
    joined,
    near,
    split,
    sum_of,
)


def least_size(draw: random.Random, parts: Parts) -> None:
    """Layers that ask for the input's size, so that the search makes them again."""
    size = draw.choice((50, 700, 701, 1_000, 4_000, 100_000, 1_000_000, 10**9))
    flat = size > 1_000_000 or draw.random() < 0.5
    parts.input = f"[1, {size}]" if flat else f"[1, {size}, {size}]"
    ask, d = ("input.length", 1) if flat else ("input.height", 2)
    same = draw.choice((f"{ask} == {size}", f"{ask} > {size} - 2", f"{ask} * 0 == 0",
                        f"{ask} % {draw.randint(2, 900)} == {size % 7}"))  # fmt: skip
    value = draw.choice((f"$(1 if {same} else 0)", f"$({ask} % 7 + 1)", f"$({ask} // {size})"))
    window = draw.choice((1, 1, 2, 3, 50))
    body = draw.choice((
        f"Conv{d}d: {{out_channels: {value}, kernel_size: {window}}}",
        f"Conv{d}d: {{out_channels: 1, kernel_size: {window}}}",
        f"if: $({same}), ReLU: {{}}", f"repeat: {value}, ReLU: {{}}", f"MaxPool{d}d: 2",
        f"Reshape: [1, {size}{'' if flat else f', {size}'}]", f"AdaptiveAvgPool{d}d: 7",
        f"if: $({same}), Conv{d}d: {{out_channels: 1, kernel_size: 2}}",
    ))  # fmt: skip
    copies = near(draw, LAYERS // draw.choice((1, 1, 5, 50, 5_000)))
    after = draw.choice(("", f", Conv{d}d: {{out_channels: {value}, kernel_size: 1}}"))
    entry = f"[{{each: {copies}, layers: [{{{body}}}]}}{after}]"
    depth = draw.choice((-1, 0, 1, 3, 9))
    if depth < 0:
        parts.layers.append(f"s: {entry}")
        return
    for number in range(depth):
        twice = f"{{repeat: {draw.choice((1, 2, 2))}, S{number + 1}: {{}}}}"
        asks = f"{{if: $({ask} > 0), ReLU: {{}}}}"
        parts.blocks.append(f"S{number}: {{layers: [{twice}, {asks}]}}")
    parts.blocks.append(f"S{depth}: {{layers: {entry}}}")
    parts.layers.append("s: S0")


def unknown_names(draw: random.Random, parts: Parts) -> None:
    """Long names that are near to one another, and that nothing has."""
    count, length = split(draw, BYTES // 2, 2_000)
    length = max(6, min(length, draw.choice((100, 128, 1_000, SCALAR + 1))))
    there = [f"a{'ab' * (length // 4)}{i:04d}{'ba' * (length // 4)}"[:length] for i in range(count)]
    wrong = [name[::-1].replace("0", "o") for name in there]
    match draw.randrange(9):
        case 0:
            parts.layers += [f"{name}: ReLU" for name in there]
            parts.layers += [f"z{i}: {{from: {n}, ReLU: {{}}}}" for i, n in enumerate(wrong)]
        case 1:
            parts.layers += [f"{name}: ReLU" for name in there]
            parts.outputs += [f"o{i}: {n}" for i, n in enumerate(wrong)]
        case 2:
            parts.layers += [f"{name}: {{Linear: 3}}" for name in there]
            parts.init += [f"{n}: {{weight: zeros_}}" for n in wrong]
        case 3:
            parts.params += [f"{name}: 1" for name in there]
            parts.layers += [f"z{i}: {{Linear: ${n}}}" for i, n in enumerate(wrong)]
        case 4:
            parts.blocks.append(
                "U: {params: {" + joined([f"{n}: 1" for n in there]) + "}, layers: [ReLU]}"
            )
            parts.layers += [f"z{i}: {{U: {{{n}: 1}}}}" for i, n in enumerate(wrong)]
        case 5:
            parts.blocks += [f"A{name}: {{layers: [ReLU]}}" for name in there]
            parts.layers += [f"z{i}: A{n}" for i, n in enumerate(wrong)]
        case 6:
            parts.train += [f"{n}: 1" for n in wrong]
        case 7:
            body = joined([f"{n}: ReLU" for n in there])
            parts.blocks.append(f"U: {{layers: {{{body}}}, order: [{joined(wrong)}]}}")
            parts.layers.append("u: U")
        case _:
            parts.layers += [f"z{i}: {{call: {n}}}" for i, n in enumerate(wrong)]


def tables(draw: random.Random, parts: Parts) -> None:
    """Parameters of a block that is used often, or of the spec."""
    count, uses = split(draw, STEPS, 6_000)
    uses = min(uses, LAYERS)
    names = joined([f"a{i}: {i}" for i in range(count)])
    if draw.random() < 0.3:
        parts.params.append(f"t0: 0\n  {names.replace(', ', chr(10) + '  ')}")
        parts.layers.append(f"t: [{{each: {uses}, Linear: $(a0 + 1)}}]")
        return
    given = joined([f"a{i}: $(index + {i})" for i in range(count)]) if draw.random() < 0.5 else ""
    body = draw.choice(("Linear: $(a0 + 4)", "ReLU", "{if: $(input.features > a0), ReLU: {}}"))
    rules = "init: {Linear: {weight: zeros_}}, " if draw.random() < 0.3 else ""
    parts.blocks.append(f"T: {{params: {{{names}}}, {rules}layers: [{body}]}}")
    parts.layers.append(f"t: [{{each: {uses}, T: {{{given}}}}}]")


def expressions(draw: random.Random, parts: Parts) -> None:
    """Long expressions in many copies."""
    nodes, copies = split(draw, STEPS, 240)
    copies = min(copies, LAYERS)
    text = sum_of(draw, "index", nodes)
    place = draw.choice(("Linear: '@'", "if: '@', ReLU: {}", "name: 'n@-$(index)', ReLU: {}",
                         "Dropout: '@'", "repeat: '@', ReLU: {}", "Reshape: ['@']", "E: '@'",
                         "Conv1d: {out_channels: '@', kernel_size: '@'}"))  # fmt: skip
    entry = place.replace("@", f"$({text})")
    if place.startswith("E"):
        parts.blocks.append("E: {params: {e: 1}, layers: [Linear: $(e + 4)]}")
    if place.startswith("Conv1d"):
        parts.input = "[1, 32]"
    parts.layers.append(f"e: [{{each: {copies}, {entry}}}]")


def lists(draw: random.Random, parts: Parts) -> None:
    """Lists as long as may be, in the expressions of many copies."""
    items, copies = split(draw, STEPS, 9_900)
    copies = min(copies, LAYERS)
    parts.params.append(f"a: [{joined(range(items))}]")
    text = draw.choice(("len(a + [index]) % 7 + 1", "a[index % 7] + 1", "sum(a) + 1", "max(a)",
                        "1 if index in a else 2", "1 if a == a + [] else 2", "len(a * 2)",
                        "1 if 0.5 in a or a == [index] else 3", "len([a, a, index]) + 1",
                        "len(a + a + a)", "(a + [index])[0] + 1"))  # fmt: skip
    entry = draw.choice((f"Linear: '$({text})'", f"if: '$({text})', ReLU: {{}}", "L: $a",
                         "L: '$(a + [index])'", f"L: ['$({text})']", "Reshape: $a"))  # fmt: skip
    if entry.startswith("L:"):
        inner = draw.choice(("[Linear: '$(l[0] + 4)']", "[{each: {x: $l}, ReLU: {}}]", "[L2: $l]"))
        parts.blocks += [f"L: {{params: {{l: list}}, layers: {inner}}}",
                         "L2: {params: {l: list}, layers: [Linear: '$(len(l))']}"]  # fmt: skip
    if draw.random() < 0.2:
        parts.layers.append(f"v: [{{each: {{x: $a}}, {entry}}}]")
    else:
        parts.layers.append(f"v: [{{each: {copies}, {entry}}}]")


def dimensions(draw: random.Random, parts: Parts) -> None:
    """Shapes of many dimensions."""
    count = draw.choice((near(draw, DIMS), near(draw, DIMS), near(draw, ITEMS)))
    ones = joined(["1"] * (count - 1)) or "1"
    wide = draw.choice((f"Reshape: [4, {ones}]", "Identity",
                        f"Unflatten: {{dim: 1, unflattened_size: [4, {ones}]}}",
                        f"Permute: [{joined(range(count))}]", f"Mean: [{joined(range(1, count))}]",
                        f"Parameter: [4, {ones}]", f"LayerNorm: [4, {ones}]",
                        f"ZeroPad2d: [{ones}]"))  # fmt: skip
    parts.layers += [
        f"w: {{{wide}}}",
        f"w2: [{{each: {near(draw, LAYERS)}, {a_layer(draw, parts)}}}]",
    ]


def sizes(draw: random.Random, parts: Parts) -> None:
    """Weights and values of 10^12 and their neighbours."""
    big = near(draw, draw.choice((PARAMETERS, PARAMETERS // 4, NUMBER, 2**31, 2**63, 10**6)))
    one = draw.choice((f"Linear: {big}", f"Parameter: [{big}]", f"Reshape: [-1, {big}]",
                       f"ZeroPad2d: {big}", f"Upsample: {{size: {big}}}", f"Unfold: {big}",
                       f"AdaptiveAvgPool2d: {big}", f"ChannelShuffle: {big}",
                       f"Conv2d: {{out_channels: {big}, kernel_size: 1}}",
                       f"Conv2d: {{out_channels: 1, kernel_size: {big}, padding: {big}}}",
                       f"ConvTranspose2d: {{out_channels: 1, kernel_size: {big}, stride: {big}}}",
                       f"MultiheadAttention: {big}",
                       f"PixelShuffle: {big}", f"Dropout: {big}"))  # fmt: skip
    parts.input = draw.choice(
        ("[4]", "[3, 32, 32]", f"[{big}]", f"[{big}, 1, 1]", f"[1, {big}, {big}]")
    )
    parts.layers.append(f"x: [{{each: {draw.choice((1, 2, 50, near(draw, LAYERS)))}, {one}}}]")


def rules(draw: random.Random, parts: Parts) -> None:
    """Rules of `init` against many parameters."""
    count, layers = split(draw, HELD, 2_500)
    layers = min(layers // 2 + 1, LAYERS)
    stars = draw.choice(("*a", "*", "?*", "[a-z]*", "*.*"))
    text = draw.choice(("zeros_", "kaiming_normal_", "{normal_: {std: '$(1 / fan_in)'}}",
                        f"{{normal_: {{std: '$({sum_of(draw, 'fan_in', 200)})'}}}}",
                        "{trunc_normal_: {a: -2, b: 2}}", "orthogonal_", "dirac_"))  # fmt: skip
    for number in range(count):
        selector = draw.choice((f"{stars * min(number % 60 + 1, 60)}", "", "r.", "*", "r*"))
        ending = draw.choice((str(number), "*" * (number % 190 + 1)))
        parts.init.append(
            f"'{selector}{ending}': {{{draw.choice(('weight', 'bias', 'weight'))}: {text}}}"
        )
    value = draw.choice(("4", "$(index + 1)"))
    parts.layers.append(f"r: [{{each: {layers}, Linear: {value}}}]")


def values(draw: random.Random, parts: Parts) -> None:
    """As many keys and values as a file may have, or bytes, or characters."""
    match draw.randrange(6):
        case 0:
            parts.layers += [f"l{i}: ReLU" for i in range(near(draw, VALUES // 2))]
        case 1:
            parts.more.append(f"description: '{'x' * near(draw, SCALAR)}'")
        case 2:
            parts.more.append(
                "# " + draw.choice(("x", "é", "漢", "\U0001f600")) * near(draw, BYTES // 4)
            )
        case 3:
            parts.params += [f"q{i}: '{'x' * near(draw, SCALAR)}'" for i in range(near(draw, 31))]
        case 4:
            parts.outputs += [f"o{i}: r" for i in range(near(draw, VALUES // 2))]
            parts.layers.append("r: ReLU")
        case _:
            parts.params.append(
                f"q: {draw.choice(('-', '', '0x', '0.'))}{'9' * near(draw, SCALAR)}"
            )


def mistakes(draw: random.Random, parts: Parts) -> None:
    """Hundreds of findings, each with long words."""
    count, length = split(draw, BYTES // 3, draw.choice((FINDINGS, 3_000)))
    word = ("w" * min(length, SCALAR)) or "w"
    form = draw.choice(("[Linear: $(0 - {0} - 1)]", "{w}{0}: 1", "[{{from: {w}{0}, ReLU: {{}}}}]",
                        "[Linear: {w}]", "[Relu]", "[{{each: {w}, ReLU: {{}}}}]",
                        "[{{if: {w}, ReLU: {{}}}}]", "[{{Conv2d: {{{w}{0}: 1}}}}]", "[ReLU: {w}]",
                        "[Linear: 4, Linear: '$(1 / 0)']", "[{{from: [a, b], ReLU: {{}}}}]",
                        "[Linear: 3, Linear: [{w}, 1]]", "[Reshape: [{0}, 7]]"))  # fmt: skip
    parts.layers += [f"m{i}: " + form.format(i, w=word) for i in range(count)]


def recipes(draw: random.Random, parts: Parts) -> None:
    """Lists of a recipe as long as they may be."""
    count = near(draw, ITEMS)
    parts.train.append(draw.choice((
        f"scheduler: {{MultiStepLR: {{milestones: [{joined(range(1, count))}]}}}}",
        f"loss: {{CrossEntropyLoss: {{weight: [{joined(['0.5'] * count)}]}}}}",
        f"augment: [{joined(['RandomHorizontalFlip'] * count)}]",
        f"augment: [{joined([f'RandomCrop: {i}' for i in range(min(count, 4_000))])}]",
        f"data: {{normalize: {{mean: [{joined(['0.5'] * count)}], std: 1}}}}",
        f"epochs: {near(draw, 10**6)}\n  batch_size: {near(draw, 10**7)}",
    )))  # fmt: skip
