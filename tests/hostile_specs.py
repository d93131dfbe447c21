"""Specs that a stranger might send: each by a name that says what it tries."""

from collections.abc import Iterator

HEAD = "netspec: 1\ninput: [3, 32, 32]\n"


def _doubling(count: int, uses: str, last: str) -> str:
    """Blocks that each use the next one, the last made of `last`."""
    blocks = "".join(f"  B{i}: {{layers: [{uses.format(i + 1)}]}}\n" for i in range(count))
    return f"{HEAD}blocks:\n{blocks}  B{count}: {{layers: [{last}]}}\nlayers: [B0]\n"


def _growing(expression: str, start: str, kind: str, count: int = 30) -> str:
    """Blocks that each hand on a parameter that has become larger."""
    params = f"params: {{a: {kind}}}"
    blocks = "".join(
        f"  B{i}: {{{params}, layers: [B{i + 1}: '{expression}']}}\n" for i in range(count)
    )
    last = f"  B{count}: {{{params}, layers: [Linear: $(1 if a == a else 2)]}}\n"
    return f"{HEAD}params: {{a: {start}}}\nblocks:\n{blocks}{last}layers: [B0: $a]\n"


def _expression(text: str) -> str:
    return f"{HEAD}layers:\n  - Linear: '$({text})'\n"


def _layers(text: str) -> str:
    return f"{HEAD}layers: [{text}]\n"


def _param(text: str) -> str:
    return f"{HEAD}params: {{n: {text}}}\nlayers: [Linear: $n]\n"


NAMES = {
    "a terminal escape": '"\\e[31m\\e]0;pwned\\a"',
    "a mark that turns text around": '"a\\u202eb\\u2066c"',
    "a workflow command": '"a\\n::error file=x::pwned"',
    "markup": "'[red]x[/red]<script>alert(1)</script>%0A::error::'",
    "a zero-width space": '"conv\\u200b1"',
    "a surrogate": '"\\ud800"',
    "a tag character": '"\\U000e0041"',
    "dunder": "__class__",
}
"""Names that could do something to a terminal, a log or a reader, as YAML writes them."""

TEXTS: dict[str, str] = {
    # nesting
    "60,000 brackets": "[" * 60_000,
    "60,000 brackets that close": "[" * 60_000 + "]" * 60_000,
    "60,000 braces": "{" * 60_000,
    "30,000 brackets as layers": f"{HEAD}layers: " + "[" * 30_000,
    "60,000 dashes": "- " * 60_000,
    "60,000 question marks": "? " * 60_000,
    "60,000 colons": ": " * 60_000,
    "60,001 quotes": '"' * 60_001,
    "46 lists in lists": f"{HEAD}layers: " + "[" * 46 + "ReLU" + "]" * 46,
    "46 mappings in mappings": f"{HEAD}layers: " + "{a: " * 46 + "ReLU" + "}" * 46,
    "46 branches in branches": f"{HEAD}layers: " + "{branches: [" * 23 + "ReLU" + "]}" * 23,
    # size
    "a comment of a megabyte": HEAD + "# " + "x" * (1 << 20),
    "a value of a megabyte": f"{HEAD}name: " + "x" * (1 << 20),
    "a value of 200,000 characters": f"{HEAD}name: " + "x" * 200_000 + "\nlayers: [ReLU]",
    "a key of 5,000 characters": f"{HEAD}layers:\n  ? " + "a" * 5_000 + "\n  : ReLU",
    "33,000 layers written out": f"{HEAD}layers:\n" + "- ReLU\n" * 33_000,
    "9,000 layers written out": f"{HEAD}layers:\n" + "- ReLU\n" * 9_000,
    "a quarter megabyte of newlines": "\n" * 250_000,
    "a quarter megabyte of tabs": "\t" * 250_000,
    "a quarter megabyte of carriage returns": "\r" * 250_000,
    "a quarter megabyte of spaces": " " * 250_000 + "x: [",
    "a quarter megabyte of hashes": "#" * 250_000,
    "4,000 parameters under 4,000 copies": f"{HEAD}params: {{"
    + ", ".join(f"a{i}: 1" for i in range(4_000))
    + "}\nlayers: [{each: 4000, Linear: $a1}]",
    "8,000 mistakes": f"{HEAD}layers:\n" + "".join(f"- Relux{i}\n" for i in range(8_000)),
    "4,000 sources that do not exist": f"{HEAD}layers:\n"
    + "".join(f"  a{i}: {{from: x{i}, ReLU: {{}}}}\n" for i in range(3_000)),
    "6,000 outputs": f"{HEAD}layers: {{a: ReLU}}\noutputs: {{"
    + ", ".join(f"o{i}: a" for i in range(6_000))
    + "}",
    "9,000 branches": f"{HEAD}layers:\n  - branches: ["
    + ", ".join(["ReLU"] * 9_000)
    + "]\n    Concat: {dim: 1}",
    "a sum of 100 inputs, 100 times": f"{HEAD}layers:\n  r: ReLU\n"
    + "".join(f"  a{i}: {{from: [{', '.join(['r'] * 100)}], Add: {{}}}}\n" for i in range(100)),
    # what YAML can do
    "aliases that double": "a: &a [x, x]\n"
    + "".join(f"b{i}: &b{i} [*a, *a, *a]\n" for i in range(20)),
    "an alias of itself": "a: &a [*a]\n",
    "a merge key": "a: &a {b: 1}\nc: {<<: *a}\n",
    "a tag that calls os.system": "!!python/object/apply:os.system [echo pwned]",
    "a tag that makes an object": f"{HEAD}name: !!python/object/new:os.system [echo]\n",
    "an unknown YAML version": "%YAML 9.9\n---\n" + HEAD,
    "a tag directive": "%TAG ! tag:x,2000:\n---\n" + HEAD,
    "an empty file": "",
    "two documents": HEAD + "---\n" + HEAD,
    # values that break readers
    "an integer of 5,000 digits": _param("9" * 5_000),
    "a hexadecimal number of 5,000 digits": _param("0x" + "f" * 5_000),
    "a date that does not exist": _param("2024-13-45"),
    "0x_": _param("0x_"),
    "an exponent of twelve digits": _param("1e999999999999"),
    "a sexagesimal number": _param("190:20:30.15"),
    "not a number": _layers("Dropout: .nan"),
    "minus infinity": _layers("LeakyReLU: -.inf"),
    "1 and true as keys": f"{HEAD}1: a\ntrue: b\nlayers: [ReLU]\n",
    "null as a key": f"{HEAD}~: a\nlayers: [ReLU]\n",
    "a list as a key": f"{HEAD}[1, 2]: a\nlayers: [ReLU]\n",
    "a mapping as a key": f"{HEAD}{{a: 1}}: a\nlayers: [ReLU]\n",
    "a number of 2^31 as a character": f'{HEAD}name: "\\U7fffffff"\nlayers: [ReLU]\n',
    "a number rounded to a million million digits": _expression("round(5, -1000000000000)"),
    # loops
    "a thousand million copies": _layers("{repeat: 1000000000, ReLU: {}}"),
    "a thousand times a thousand times a thousand": f"{HEAD}layers:\n  - repeat: 1000\n"
    "    layers:\n      - repeat: 1000\n        layers:\n          - {repeat: 1000, ReLU: {}}\n",
    "the same in siblings": f"{HEAD}layers:\n  - each: 1000\n"
    "    layers:\n      - each: 1000\n        layers:\n          - {each: 1000, ReLU: {}}\n",
    "loops around nothing": f"{HEAD}layers:\n  - each: 20000\n"
    "    layers:\n      - each: 20000\n        layers:\n          - {each: 0, ReLU: {}}\n",
    "loops around what is left out": f"{HEAD}layers:\n  - repeat: 20000\n"
    "    layers:\n      - {each: 20000, if: false, ReLU: {}}\n",
    "blocks that double 60 times": _doubling(60, "B{0}, B{0}", "ReLU"),
    "blocks that double around nothing": _doubling(60, "B{0}, B{0}", "{if: false, ReLU: {}}"),
    "2,000 blocks in one another": _doubling(2_000, "B{0}", "ReLU"),
    "60 blocks, each 40 lists deep": _doubling(60, "[" * 39 + "B{0}" + "]" * 39, "ReLU"),
    "a block in itself": _doubling(0, "", "B0"),
    # tensors
    "10^12 channels": _layers("Conv2d: {out_channels: 1000000000000, kernel_size: 1}"),
    "10^11 features": _layers("Linear: 100000000000"),
    "a kernel of 10^12": _layers(
        "Conv2d: {out_channels: 1, kernel_size: 1000000000000, padding: 1000000000000}"
    ),
    "a padding of 10^9": _layers("ZeroPad2d: 1000000000"),
    "a scale of 10^6": _layers("Upsample: {scale_factor: 1000000}"),
    "a pool to 10^8": _layers("AdaptiveAvgPool2d: 100000000"),
    "a learned tensor of 10^15": _layers("Parameter: [100000, 100000, 100000]"),
    "attention over 10^12 pairs": "netspec: 1\ninput: [1000000, 1000]\n"
    "layers: [MultiheadAttention: 10]\n",
    "a window of 100,000 square": _layers(
        "ShiftedWindowAttention: {window_size: [100000, 100000], shift_size: [0, 0], num_heads: 1}"
    ),
    "positions by the 10^12": _layers(
        "RelativePositionalMultiHeadAttention: {head_dim: 1, max_seq_len: 1000000000000}"
    ),
    "an input of 10^18": "netspec: 1\ninput: [3, 1000000000, 1000000000]\nlayers: [ReLU]\n",
    "a long input that no other size fits": "netspec: 1\ninput: [1, 900000]\n"
    "layers: [Reshape: [900000]]\n",
    "300 expressions over a long input": "netspec: 1\ninput: [1, 30000]\nlayers:\n"
    "  - repeat: 300\n    Conv1d: {out_channels: $(1 if input.length == 30000 else 0), "
    "kernel_size: 1}\n",
    # expressions
    "a sum of 240": _expression("+".join(["1"] * 240)),
    "a list of 10^9": _expression("[1] * 1000000000"),
    "a power": _expression("9**9**9**9"),
    "a shift": _expression("1 << 9999999999"),
    "a product beyond any float": _expression("1e300 * 1e300"),
    "a product beyond any number": _expression("999999999999 * 999999999999 * 999999999999"),
    "200 parentheses": _expression("(" * 200 + "1" + ")" * 200),
    "490 signs": _expression("-" * 490 + "1"),
    "120 negations": _expression("not " * 120 + "1"),
    "40 choices": _expression("1 if 1 else " * 40 + "1"),
    "240 attributes": _expression("a" + ".b" * 240),
    "150 indices": _expression("a" + "[0]" * 150),
    "an expression of 8,000 characters": _expression("1+" * 4_000 + "1"),
    "a function": _expression("(lambda: 1)()"),
    "a comprehension": _expression("[x for x in (1, 2)]"),
    "a formatted string": f"{HEAD}layers:\n  - Linear: \"$(f'{{1}}')\"\n",
    "an import": _expression('__import__("os").system("echo pwned")'),
    "a dunder": _expression("input.__class__"),
    "an assignment": _expression("a := 1"),
    "8,000 dollars": f"{HEAD}layers:\n  - name: " + "$" * 8_000 + "\n    ReLU: {}\n",
    "4,000 expressions that open": f"{HEAD}layers:\n  - Linear: '" + "$(" * 4_000 + "'\n",
    "a name of 4,000 values": f"{HEAD}params: {{a: 1}}\nlayers:\n  - {{name: '"
    + "$a" * 4_000
    + "', ReLU: {}}\n",
    "a list that grows": _growing("$(a + a + a + a + a + a + a + a)", "[1, 1]", "list"),
    "a list of lists of lists": _growing("$([a, a, a, a, a, a, a, a])", "[1]", "list"),
    "a word that grows": _growing("$(a + a + a + a + a + a + a + a)", "aaaaaaaaaa", "str"),
    "a word that is filled in": _growing("$a$a$a$a$a$a$a$a", "aaaaaaaaaa", "str"),
    "a negative number of copies": _layers("{repeat: -1, ReLU: {}}"),
    # patterns
    "a pattern that backtracks": f"{HEAD}init: {{'{'*a' * 90}b': {{weight: zeros_}}}}\n"
    f"layers:\n  {'a' * 150}: {{Linear: 3}}\n",
    "1,000 patterns on 3,000 layers": f"{HEAD}init:\n"
    + "".join(f"  '{'*a' * 20}b{i}': {{weight: zeros_}}\n" for i in range(1_000))
    + "layers:\n  - {each: 3000, Linear: 3}\n",
    # names of code
    "os.system as a layer": _layers("os.system: echo"),
    "torch.hub.load as a layer": _layers("torch.hub.load: x"),
    "a dunder as a layer": _layers("__import__: os"),
    "a private class as a layer": _layers("Op"),
    "a class of torch that is no layer": _layers("Module"),
    # other files
    "a path out of the folder": "netspec: 1\nextends: ../../../../etc/passwd\n",
    "an absolute path": "netspec: 1\nextends: /dev/zero\n",
    "a home folder": "netspec: 1\nextends: ~/.netrc\n",
    "a URL": "netspec: 1\nextends: https://example.org/a.yaml\n",
    "a file URL": "netspec: 1\nextends: file:///etc/passwd\n",
    "a zero byte in a path": 'netspec: 1\nextends: "a\\0b"\n',
    "a path of 6,000 characters": "netspec: 1\nextends: " + "a/" * 3_000 + "b.yaml\n",
    "its own folder": "netspec: 1\nextends: .\n",
    "standard input": "netspec: 1\nextends: '-'\n",
    "a path of Windows": "netspec: 1\nextends: 'C:\\Windows\\win.ini'\n",
}

BYTES: dict[str, bytes] = {
    "bytes that are no text": bytes(range(256)),
    "UTF-16": HEAD.encode("utf-16"),
    "UTF-32": HEAD.encode("utf-32"),
    "zero bytes": b"\0" * 1_000,
    "half a character": HEAD.encode() + b"name: \xf0\x9f",
    "an overlong encoding": HEAD.encode() + b"name: \xc0\xaf\n",
    "a surrogate in UTF-8": HEAD.encode() + b"name: \xed\xa0\x80\n",
    "a byte-order mark": b"\xef\xbb\xbf" + HEAD.encode() + b"layers: [ReLU]\n",
    "a terminal escape as it is": HEAD.encode() + b"name: \x1b[31m\n",
    "a mark that turns text around as it is": (HEAD + "name: a\u202eb\nlayers: [Relu]\n").encode(),
    "C1 control characters": HEAD.encode() + "name: \x9b31m\n".encode(),
}


def everything() -> Iterator[tuple[str, bytes]]:
    """Every hostile file, by its name."""
    for name, text in TEXTS.items():
        yield name, text.encode()
    yield from BYTES.items()
    for what, written in NAMES.items():
        for place in ("layers:\n  {}: Relu\n", "layers: [{}]\n", "params: {{{}: 1}}\nlayers: []\n",
                      "name: {}\nlayers: [Relu]\n", "layers: [Conv2d: {{{}: 1}}]\n"):  # fmt: skip
            where = place.split("{")[0].split(":")[0] + str(len(place))
            yield f"{what} in {where}", (HEAD + place.format(written)).encode()
