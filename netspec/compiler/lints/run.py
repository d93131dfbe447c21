"""A checked network → warnings: the lints, in one tuple, and the comments that silence them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from netspec.compiler.lints.after_logits import activation_at_the_end, dropout_at_the_end
from netspec.compiler.lints.bias_before_norm import bias_before_norm
from netspec.compiler.lints.channels_last_input import channels_last_input
from netspec.compiler.lints.data_set import data_set
from netspec.compiler.lints.equal_start import equal_start
from netspec.compiler.lints.flow import Flow
from netspec.compiler.lints.heavy_layer import heavy_layer
from netspec.compiler.lints.linear_pair import linear_pair
from netspec.compiler.lints.log_probabilities import log_probabilities
from netspec.compiler.lints.replaced_lr import replaced_lr
from netspec.compiler.lints.schedule_length import schedule_length
from netspec.compiler.lints.single_value_norm import single_value_norm
from netspec.compiler.lints.softmax_before_loss import softmax_before_loss
from netspec.compiler.lints.unflattened_head import unflattened_head
from netspec.compiler.lints.unread_pixels import unread_pixels
from netspec.compiler.lints.unused import unused_blocks, unused_inputs, unused_layers, unused_params
from netspec.diagnostics import MAX_FINDINGS, Diagnostic, Span

if TYPE_CHECKING:
    from netspec.compiler.ir import NetworkIR

LINTS: Final[tuple[Callable[[Flow], Iterator[Diagnostic]], ...]] = (
    data_set,
    softmax_before_loss,
    bias_before_norm,
    unread_pixels,
    unused_layers,
    unused_inputs,
    unused_blocks,
    unused_params,
    linear_pair,
    dropout_at_the_end,
    activation_at_the_end,
    single_value_norm,
    heavy_layer,
    schedule_length,
    replaced_lr,
    channels_last_input,
    log_probabilities,
    equal_start,
    unflattened_head,
)


def lint(network: NetworkIR) -> tuple[Diagnostic, ...]:
    """Every warning, in the order of the file, one for each code at one place.

    A comment `# netspec: ignore[NS602]` on the line of a finding silences it there; several
    codes stand between commas.
    """
    flow = Flow(network)
    found: dict[tuple[str, Span], Diagnostic] = {}
    for run in LINTS:
        for finding in run(flow):
            found.setdefault((finding.code, finding.span), finding)
            if len(found) >= MAX_FINDINGS:
                break
    if not found:
        return ()
    kept = [f for f in found.values() if not flow.ignores(f.code, f.span)]
    return tuple(sorted(kept, key=lambda f: (f.span, f.code)))
