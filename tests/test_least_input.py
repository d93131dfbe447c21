"""How the least input size is sought: by halves where that is sound, else one after another."""

from __future__ import annotations

import pytest

import netspec
from netspec.compiler.analysis.min_size import LeastInput

BLOCK = "blocks: {{Same: {{layers: [Conv2d: {{out_channels: $(input.{0}), kernel_size: 1}}]}}}}\n"


def least(shape: str, layers: str, rest: str = "") -> LeastInput:
    return netspec.loads(f"netspec: 1\ninput: {shape}\n{rest}layers: {layers}\n").least_input


@pytest.mark.parametrize(
    ("layers", "asked", "answer"),
    [
        ("[AvgPool2d: 900]", None, (900, None)),
        ("[Same: {}, AvgPool2d: 900]", "channels", (900, None)),
        ("[Same: {}, AvgPool2d: 900]", "height", (None, 700)),
    ],
)
def test_a_large_window_is_found_by_halves_unless_an_expression_asks_for_a_size(
    layers: str, asked: str | None, answer: tuple[int | None, int | None]
) -> None:
    rest = BLOCK.format(asked) if asked else ""
    assert least("[1000, 1000, 1000]", layers, rest) == answer


def test_an_input_is_square_and_keeps_its_channels() -> None:
    assert least("[7, 40, 30]", "[{Conv2d: {out_channels: 2, kernel_size: [9, 5]}}]").size == 9
    assert least("[2, 4, 9, 3]", "[AvgPool3d: [2, 5, 3]]").size == 5


@pytest.mark.parametrize("size", [8, 500])
def test_there_is_none_where_no_square_suits(size: int) -> None:
    layers = f"[{{branches: [{{Upsample: {{size: [2, {size}]}}}}, Identity], Concat: 1}}]"
    assert least(f"[800, 2, {size}]", layers) == (None, None)


@pytest.mark.parametrize(("shape", "window"), [("[1, 9, 2]", "[9, 1]"), ("[1, 2, 9]", "[1, 9]")])
def test_sizes_are_tried_up_to_the_longer_side(shape: str, window: str) -> None:
    assert least(shape, f"[AvgPool2d: {window}]") == (9, None)


@pytest.mark.parametrize(("layers", "above"), [(4_998, 33), (9_998, 16)])
def test_each_layer_of_each_size_is_three_of_half_a_million_steps(layers: int, above: int) -> None:
    tall = f"[{{repeat: {layers}, ReLU: {{}}}}, Reshape: [1000]]"
    assert least("[1, 1000]", tall) == (None, above)


def test_a_search_by_halves_that_ends_early_knows_what_failed_so_far() -> None:
    tall = "[{repeat: 19000, Conv1d: {out_channels: 1, kernel_size: 50}}]"
    found = least("[1, 1000000]", tall)
    assert found.size is None
    assert found.above is not None
    assert 900_000 < found.above < 931_001
