"""The finding for a window that does not fit, which convolutions and pools share."""

from __future__ import annotations

from netspec.ops.base import Refusal


def at_most(argument: str, most: int) -> str:
    """The argument with its largest value, for a hint; both sizes and paddings end at 0 or 1."""
    least = 1 if argument == "kernel_size" else 0
    return f"`{argument}: {most}`" + (" or less" if most > least else "")


Misfit = tuple[int, int, int, int, str, int | None]
"""A window's kernel and dilation; the size that it does not fit, as it is and padded; the name of
the dimension; and the largest padding that the layer would take there, None for any."""


def largest_that_fits(misfit: Misfit) -> int:
    """The largest kernel that the padded input holds with this dilation."""
    _, dilation, _, padded, _, _ = misfit
    return (padded - 1) // dilation + 1


def padding_that_fits(misfits: list[Misfit]) -> int | None:
    """The least padding with which every window fits; None where the layer does not take it."""
    most = 0
    for kernel, dilation, size, _, _, most_padding in misfits:
        enough = -(-(dilation * (kernel - 1) + 1 - size) // 2)
        if most_padding is not None and enough > most_padding:
            return None
        most = max(most, enough)
    return most


def window_refusal(misfits: list[Misfit]) -> Refusal:
    """The finding for windows larger than their input: of the dimension with the least room."""
    worst = min(misfits, key=largest_that_fits)
    kernel, dilation, size, padded, axis, _ = worst
    reach = dilation * (kernel - 1) + 1
    spans = f" spread over {reach} by its dilation" if dilation > 1 else ""
    wider = f" padded to {padded}" if padded != size else ""
    hint = f"use {at_most('kernel_size', largest_that_fits(worst))}"
    enough = padding_that_fits(misfits)
    if enough is not None:
        hint += f", or `padding: {enough}`"
    return Refusal(
        "NS402",
        f"a window of {kernel}{spans} does not fit a {axis} of {size}{wider}",
        argument="kernel_size",
        hint=hint,
    )
