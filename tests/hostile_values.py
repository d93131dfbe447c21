"""Specs that name thousands of values: outputs, values within layers, several of one layer."""

from __future__ import annotations

from typing import Final

FLAT: Final = "netspec: 1\ninput: [4]\n"
DOTS: Final = ".".join(["a"] * 4_000)


def _outputs(count: int, name: str) -> str:
    return "outputs:\n" + "".join(f"  o{i}: {name}{i}\n" for i in range(count))


def thousands_of_outputs_of_parallel_layers() -> str:
    """Each looked for among all layers."""
    return (
        f"{FLAT}layers:\n  f: ReLU\n  'g$(index)': {{each: 9000, from: f, Tanh: {{}}}}\n"
        f"{_outputs(6_000, 'g')}"
    )


def outputs_within_a_sequence() -> str:
    """Each makes the sequence give one value more."""
    inner = "  s: {'g$(index)': {each: 9000, ReLU: {}}}\n"
    return f"{FLAT}layers:\n{inner}{_outputs(5_000, 's.g')}"


def sources_within_a_sequence() -> str:
    """The same for every copy."""
    return (f"{FLAT}layers:\n  s: {{'g$(index)': {{each: 9000, ReLU: {{}}}}}}\n"
            "  'f$(index)': {each: 9000, from: s.g$(index), ReLU: {}}\n")  # fmt: skip


def a_name_of_thousands_of_dots() -> str:
    """Looked for in every sequence, at every dot."""
    return f"{FLAT}layers:\n  x: [{{each: 9000, layers: [{{from: {DOTS}, ReLU: {{}}}}]}}]\n"


def outputs_of_a_block_used_often() -> str:
    """4,000 names of one value, 6,000 times."""
    names = ", ".join(f"o{i}: a" for i in range(4_000))
    return (f"{FLAT}blocks:\n  A:\n    outputs: {{{names}}}\n    layers: {{a: ReLU}}\n"
            "layers:\n  'x$(index)': {each: 6000, from: input, A: {}}\n"
            "  r: {from: x0.o0, ReLU: {}}\n")  # fmt: skip


def a_thousand_parts_often() -> str:
    """Nine million values."""
    return ("netspec: 1\ninput: [1000]\nlayers:\n"
            "  'c$(index)': {each: 9000, from: input, Chunk: {chunks: 1000, dim: 1}}\n"
            "  r: {from: c0.1, ReLU: {}}\n")  # fmt: skip


def parts_that_a_smaller_input_lacks() -> str:
    """A search for the least input, with thousands of parts at each size."""
    return ("netspec: 1\ninput: [1, 100000]\nlayers:\n"
            "  'c$(index)': {each: 190, from: input, Chunk: {chunks: 1000, dim: 2}}\n"
            "  r: {from: c0.999, ReLU: {}}\n")  # fmt: skip


def a_table_of_parameters_for_every_size() -> str:
    """A block with thousands of parameters, made again for every size that is tried."""
    names = ", ".join(f"a{i}: {i}" for i in range(2_800))
    return ("netspec: 1\ninput: [1, 701, 701]\nblocks:\n"
            f"  T: {{params: {{{names}}}, layers: [{{if: $(input.height > a0), ReLU: {{}}}}]}}\n"
            "layers:\n  t: [{each: 117, T: {}}]\n"
            "  s: [{repeat: 128, Conv2d: {out_channels: 1, kernel_size: 2}}]\n")  # fmt: skip


def values_from_around_many_sequences() -> str:
    """3,000 names from 40 levels outside."""
    names = ", ".join(f"a{i}" for i in range(3_000))
    join = f"{{each: 30, from: [{names}], Add: {{}}}}"
    return (f"{FLAT}layers:\n  'a$(index)': {{each: 3000, ReLU: {{}}}}\n"
            f"  x: {'[' * 40}{join}{']' * 40}\n")  # fmt: skip
