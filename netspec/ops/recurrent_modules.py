"""Torch's recurrent modules, giving their outputs and their last state. Imports torch."""

from __future__ import annotations

from torch import Tensor, nn


def _last(state: Tensor, directions: int) -> Tensor:
    """`(layers · directions, N, features)` → the last layer's, `(N, directions · features)`."""
    if directions == 1:
        return state[-1]
    return state[-directions:].transpose(0, 1).flatten(1)


class RNN(nn.RNN):
    """`(N, L, features)` → `(N, L, state)`, and the last state `(N, state)`."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """Run over the sequence from a state of zeros."""
        outputs, state = super().forward(x)
        return outputs, _last(state, 2 if self.bidirectional else 1)


class GRU(nn.GRU):
    """`(N, L, features)` → `(N, L, state)`, and the last state `(N, state)`."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """Run over the sequence from a state of zeros."""
        outputs, state = super().forward(x)
        return outputs, _last(state, 2 if self.bidirectional else 1)


class LSTM(nn.LSTM):
    """`(N, L, features)` → `(N, L, state)`, the last state `(N, state)`, and the last cell."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:  # type: ignore[override]
        """Run over the sequence from a state and a cell of zeros."""
        outputs, (state, cell) = super().forward(x)
        directions = 2 if self.bidirectional else 1
        return outputs, _last(state, directions), _last(cell, directions)
