"""The torch module of `MultiscaleAttention`. This file imports torch."""

from __future__ import annotations

from math import prod

from torch import Tensor
from torchvision.models.video import mvit


class MultiscaleAttention(mvit.MultiscaleAttention):  # type: ignore[misc]
    """torchvision's, for tokens of one grid: it is told once, and only tokens are given on."""

    def __init__(self, thw: tuple[int, int, int], *args: object, **kwargs: object) -> None:
        super().__init__(list(thw), *args, **kwargs)
        self.thw = thw

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, 1 + positions, features)` → `(batch, 1 + pooled positions, output_dim)`.

        Raises `ValueError` where the positions are not the grid's, as torchvision does not always.
        """
        if x.shape[1] != 1 + prod(self.thw):
            raise ValueError(f"{x.shape[1] - 1} beside the class token, of a grid of {self.thw}")
        out: Tensor = super().forward(x, self.thw)[0]
        return out
