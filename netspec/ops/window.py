"""The finding for a window that does not fit, which convolutions and pools share."""

from __future__ import annotations

from netspec.ops.base import Refusal


def at_most(argument: str, most: int) -> str:
    """The argument with its largest value, for a hint; both sizes and paddings end at 0 or 1."""
    least = 1 if argument == "kernel_size" else 0
    return f"`{argument}: {most}`" + (" or less" if most > least else "")


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
    hint = f"use {at_most('kernel_size', (padded - 1) // dilation + 1)}"
    enough = -(-(reach - size) // 2)
    if most_padding is None or enough <= most_padding:
        hint += f", or `padding: {enough}`"
    return Refusal(
        "NS402",
        f"a window of {kernel}{spans} does not fit a {axis} of {size}{wider}",
        argument="kernel_size",
        hint=hint,
    )
