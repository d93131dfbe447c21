"""Many layers, calls, joins and names, as many as the bounds let pass or a few more."""

from __future__ import annotations

import random

from bounded_parts import (
    DEEP,
    DEPTH,
    EDGES,
    FINDINGS,
    LAYERS,
    PATH,
    SCALAR,
    VALUES,
    Parts,
    a_layer,
    joined,
    near,
    split,
)


def loops(draw: random.Random, parts: Parts) -> None:
    """Copies in copies, near the bound of layers."""
    outer, inner = split(draw, LAYERS, 1_000)
    kind, other = draw.choice(("repeat", "each")), draw.choice(("repeat", "each"))
    body = a_layer(draw, parts, draw.choice(("4", "$(index + 1)", "$(index % 7 + 1)")))
    if draw.random() < 0.5:
        parts.layers.append(f"l: [{{{kind}: {outer}, layers: [{{{other}: {inner}, {body}}}]}}]")
    else:
        parts.layers.append(f"l: [{{{kind}: {near(draw, LAYERS)}, {body}}}]")


def calls(draw: random.Random, parts: Parts) -> None:
    """A sequence called again, maybe on another size."""
    size, times = split(draw, LAYERS, 6_000)
    parts.layers.append(f"big: [{{each: {size}, {a_layer(draw, parts)}}}]")
    pool = draw.random() < 0.4
    if draw.random() < 0.5 and not pool:
        parts.layers.append(f"'c$(index)': {{each: {times}, call: big}}")
        return
    for number in range(min(times, 2_000)):
        if pool:
            parts.input = "[1, 900000000]"
            parts.layers.append(f"p{number}: {{MaxPool1d: 2}}")
        parts.layers.append(f"c{number}: {{call: big}}")


def doubled(draw: random.Random, parts: Parts) -> None:
    """Blocks that use the next one twice, by a call or again."""
    count = draw.choice((5, 10, 12, 13, 14, 30, 62, 63, 64))
    use = draw.choice(("[D{0}, D{0}]", "{{x: D{0}, y: {{call: x}}}}", "[D{0}]",
                       "[{{repeat: 2, D{0}: {{}}}}]", "[{{if: $(input.features > 3), D{0}: {{}}}}]",
                       "[{{branches: [D{0}, D{0}], Add: {{}}}}]"))  # fmt: skip
    for number in range(count):
        parts.blocks.append(f"D{number}: {{layers: {use.format(number + 1)}}}")
    parts.blocks.append(f"D{count}: {{layers: [{a_layer(draw, parts)}]}}")
    parts.layers.append("d: D0")


def edges(draw: random.Random, parts: Parts) -> None:
    """Joins of many, many times."""
    sources, joins = split(draw, EDGES, 6_000)
    same = draw.random() < 0.5
    names = joined(["r"] * sources if same else [f"a{i}" for i in range(sources)])
    if draw.random() < 0.2:
        names = joined([f"'a$((index + {i}) % {sources})'" for i in range(min(sources, 3_000))])
    op = draw.choice(("Add: {}", "Concat: 1", "Mul: {}", "Concat: {}"))
    parts.layers += [f"r: {{from: input, {a_layer(draw, parts)}}}",
                     f"'a$(index)': {{each: {sources}, from: r, {a_layer(draw, parts)}}}",
                     f"'j$(index)': {{each: {joins}, from: [{names}], {op}}}"]  # fmt: skip


def branches(draw: random.Random, parts: Parts) -> None:
    """Branches, many or in one another."""
    if draw.random() < 0.5:
        width, times = split(draw, VALUES, 6_000)
        one = draw.choice(("ReLU", "[]", "Identity", "[ReLU, ReLU]"))
        several = f"branches: [{joined([one] * width)}], Add: {{}}"
        parts.layers.append(f"'b$(index)': {{each: {times}, {several}}}")
        return
    text = "ReLU"
    for _ in range(near(draw, DEPTH // 2)):
        text = f"{{branches: [{text}, Identity], {draw.choice(('Add', 'Concat'))}: {{}}}}"
    parts.layers.append(f"b: [{text}]")


def nesting(draw: random.Random, parts: Parts) -> None:
    """Levels of the file, of layers, of blocks."""
    deep = near(draw, draw.choice((DEPTH - 3, DEEP)))
    opened, closed = draw.choice((("[", "]"), ("{a: ", "}"), ("{layers: [", "]}"),
                                  ("{repeat: 1, layers: [", "]}"), ("{branches: [", "], Add: {}}"),
                                  ("[ReLU, ", "]")))  # fmt: skip
    parts.layers.append(
        f"n: {opened * deep}{draw.choice(('ReLU', '{each: 9000, ReLU: {}}'))}{closed * deep}"
    )


def paths(draw: random.Random, parts: Parts) -> None:
    """Names in names, by levels or made of parameters."""
    levels, length = split(draw, draw.choice((PATH, PATH, DEPTH * SCALAR)), DEPTH // 2)
    length = min(length, SCALAR)
    text = f"{{each: {near(draw, LAYERS)}, name: 'l$(index)', {a_layer(draw, parts)}}}"
    for _ in range(levels):
        text = f"{{name: {'n' * length}, layers: [{text}]}}"
    if draw.random() < 0.3:
        parts.params.append(f"w: {'n' * length}")
        text = text.replace("'l$(index)'", f"'{'$w' * draw.choice((1, 2, 10))}$(index)'")
    parts.layers.append(f"p: [{text}]")


def lints(draw: random.Random, parts: Parts) -> None:
    """Long chains that lints look through, and many that read them."""
    chain, readers = near(draw, LAYERS // 2), near(draw, LAYERS // 2)
    through = draw.choice(("Identity: {}", "Dropout: 0.1", "Softmax: -1", "ReLU: {}", "Flatten: {}",
                           "BatchNorm1d: {}", "LogSoftmax: -1", "Linear: 4"))  # fmt: skip
    end = draw.choice(("Linear: 4", "BatchNorm1d: {}", "Linear: {out_features: 4, bias: false}",
                       "ReLU: {}", "Softmax: -1", "Dropout: 0.5", "MaxPool1d: 1"))  # fmt: skip
    training = draw.choice(("", "when: training, "))
    parts.layers += [f"f: [{{repeat: {chain}, {through}}}]",
                     f"'g$(index)': {{each: {readers}, from: f, {training}{end}}}"]  # fmt: skip
    if draw.random() < 0.3:
        parts.outputs += [f"o{i}: g{i}" for i in range(min(readers, near(draw, 6_000)))]
    if draw.random() < 0.5:
        parts.train.append(
            draw.choice(("loss: CrossEntropyLoss", "loss: NLLLoss", "loss: MSELoss"))
        )


def orders(draw: random.Random, parts: Parts) -> None:
    """`order` of many names, for many uses."""
    count, uses = split(draw, LAYERS, 3_000)
    names = [f"a{i}" for i in range(count)]
    body = joined([f"{name}: {draw.choice(('ReLU', 'Identity'))}" for name in names])
    listed = draw.choice((names[::-1], names, names[1:], [*names, "a0"]))
    parts.blocks.append(f"O: {{layers: {{{body}}}, order: [{joined(listed)}]}}")
    parts.layers.append(f"o: [{{each: {uses}, O: {{}}}}]")


def dear_layers(draw: random.Random, parts: Parts) -> None:
    """The layers whose rules take longest, no two of their copies alike."""
    parts.input = draw.choice(("[16, 64]", "[64, 32, 32]", "[8, 16, 16, 16]"))
    one = draw.choice((
        "MultiheadAttention: {num_heads: 8, dropout: $(0.0001 * index / 2)}",
        "Conv2d: {out_channels: $(index + 1), kernel_size: 3, padding: 1}",
        "ConvTranspose2d: {out_channels: $(index % 7 + 1), kernel_size: 3, padding: 1}",
        "Conv3d: {out_channels: $(index % 900 + 1), kernel_size: [1, 1, 1], padding: 0}",
        "GroupNorm: {num_groups: 1, eps: $(0.001 + index * 0.001)}",
        "CircularPad2d: [1, 0, 1, 0]", "ReflectionPad2d: [-1, 1, 1, -1]",
        "AdaptiveAvgPool2d: $(index % 32 + 1)", "Transpose: {dim0: 1, dim1: 2}", "PatchMerging: {}",
        "ShiftedWindowAttention: {window_size: [4, 4], shift_size: [2, 2], num_heads: 8}",
        "ShiftedWindowAttention3d: {window_size: [4, 4, 4], shift_size: [2, 2, 2], num_heads: 8}",
        "WindowPartition: {p: 4}", "RelativePositionalMultiHeadAttention: {head_dim: 4, "
        "max_seq_len: $(index + 1)}", "Fold: {output_size: [4, 4], kernel_size: 1}",
        "BatchNorm2d: {eps: $(0.001 + index * 0.001)}", "Upsample: {size: $(index % 40 + 1)}",
        "LocalResponseNorm: $(index + 1)", "Unflatten: {dim: 1, unflattened_size: [8, -1]}",
    ))  # fmt: skip
    parts.layers.append(f"d: [{{each: {near(draw, LAYERS)}, {one}}}]")


def training_only(draw: random.Random, parts: Parts) -> None:
    """Parts that run only in training, each an output."""
    count = near(draw, draw.choice((FINDINGS, 3_000)))
    parts.layers += ["s: {from: input, ReLU: {}}",
                     f"'h$(index)': {{each: {count}, from: s, when: training, "
                     f"{a_layer(draw, parts)}}}",
                     "e: {from: s, Linear: 4}"]  # fmt: skip
    parts.outputs += ["e: e", *(f"h{i}: h{i}" for i in range(count))]
    parts.train.append("aux_weight: 0.4")


def shared(draw: random.Random, parts: Parts) -> None:
    """A block used with the same arguments, or no two times with the same."""
    uses = near(draw, LAYERS // 3)
    value = draw.choice(("3", "$index", "$(index % 5)", f"'{'w' * near(draw, 900)}$(index)'",
                         "[1, 2, $index]", "{a: 1}"))  # fmt: skip
    kind = draw.choice(("1", "str", "list", "int", "~"))
    parts.blocks.append(
        f"H: {{params: {{h: {kind}}}, layers: [Linear: $(4), {{name: 'n$h', ReLU: {{}}}}]}}"
    )
    parts.layers.append(f"h: [{{each: {uses}, H: {{h: {value}}}}}]")
