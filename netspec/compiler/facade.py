"""What a user holds: a checked network, and what is computed of it when first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from netspec.compiler.ir import NetworkIR
from netspec.diagnostics import Diagnostic
from netspec.ops.base import Shape

if TYPE_CHECKING:
    from torch import nn

    from netspec.compiler.analysis.min_size import LeastInput


class Network(NetworkIR):
    """A checked network. Shapes exclude the batch; only `build` needs torch."""

    @cached_property
    def state(self) -> dict[str, Shape]:
        """The names and shapes of `state_dict()`, in torch's order."""
        from netspec.compiler.analysis.state import state_shapes

        return state_shapes(self.root)

    @cached_property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What the lints found."""
        from netspec.compiler.lints.run import lint

        return lint(self)

    @cached_property
    def min_input_size(self) -> int | None:
        """The least height and width, taken equal, for which every layer works in eval mode.

        None where the input is not spatial, where no such size up to the spec's own works, or where
        the search for it would be too long: `least_input` tells then how far it came.
        """
        return self.least_input.size

    @cached_property
    def least_input(self) -> LeastInput:
        """`min_input_size` as `size`; or as `above` a size up to which none works.

        `above` is set where the search for the least one ended before it was found.
        """
        from netspec.compiler.analysis.min_size import least_input

        return least_input(self)

    def resolved(self, train: Mapping[str, Any] | None = None) -> str:
        """A spec complete in itself: `extends` merged, parameters and overrides applied.

        `train` are keys of the recipe to set as well, those of `data` one by one.
        """
        from netspec.compiler.sources.resolved import resolved

        return resolved(self, train or {})

    def build(self) -> nn.Module:
        """An ordinary `torch.nn.Module` with fresh weights, initialised as the spec says."""
        from netspec.compiler.building.build import build

        return build(self)
