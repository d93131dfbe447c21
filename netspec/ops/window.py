"""The finding for a window that does not fit, which convolutions and pools share."""

from __future__ import annotations

from netspec.ops.base import Refusal


def window_refusal(
    kernel: int, dilation: int, size: int, padded: int, axis: str, most_padding: int | None
) -> Refusal:
    """The finding for a window larger than its input, `size` along `axis`, `padded` in all.

    `most_padding` is the largest padding that the layer would take, or None for any: the hint
    offers none that is larger.
    """
    reach = dilation * (kernel - 1) + 1
    spans = f" spread over {reach} by its dilation" if dilation > 1 else ""
    wider = f" padded to {padded}" if padded != size else ""
    hint = f"use `kernel_size: {(padded - 1) // dilation + 1}` or less"
    enough = -(-(reach - size) // 2)
    if most_padding is None or enough <= most_padding:
        hint += f", or `padding: {enough}`"
    return Refusal(
        "NS402",
        f"a window of {kernel}{spans} does not fit a {axis} of {size}{wider}",
        argument="kernel_size",
        hint=hint,
    )
