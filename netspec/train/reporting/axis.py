"""Axes of a picture: from where to where, and the ticks, no two of which read the same."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

TICKS = 5
"""About so many steps between ticks upward."""
DECADES = 3
"""Positive values that span more powers of ten than this are drawn by their logarithm."""
LEAST_SPAN = 1e-3
"""An axis is never narrower, as a share of its greatest value: a flat curve is drawn flat."""
LEAST_SHARE = 0.005
"""The same for shares from 0 to 1, in shares."""

LIMIT = 1e300


@dataclass(frozen=True)
class Tick:
    """A place on an axis, and what is written there."""

    value: float
    label: str


@dataclass(frozen=True)
class Axis:
    """From ``low`` to ``high``; ``logarithmic`` where equal steps are equal factors."""

    low: float
    high: float
    ticks: tuple[Tick, ...]
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Where ``value`` lies between 0 (low) and 1 (high); values beyond lie on the edge."""
        if not self.logarithmic:
            # Halves, as the difference of two great numbers may be beyond all.
            share = (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        elif value <= 0:
            return 0.0
        else:
            low, high = math.log10(self.low), math.log10(self.high)
            share = (math.log10(value) - low) / (high - low)
        return min(1.0, max(0.0, share))


def value_axis(values: Iterable[float], *, share: bool = False) -> Axis:
    """An axis over round numbers for finite ``values``; one of shares is in percent."""
    found = [_drawable(value) for value in values] or [0.0]
    low, high = min(found), max(found)
    positive = [value for value in found if value > 0]
    if share and low >= 0 and high <= 1:
        return _linear(*_widened(low, high, LEAST_SHARE, most=1.0), share=True)
    if low >= 0 and positive and math.log10(high) - math.log10(min(positive)) > DECADES:
        return _logarithmic(min(positive), high)
    least = max(abs(low), abs(high)) * LEAST_SPAN or 0.1
    return _linear(*_widened(low, high, least), share=False)


def whole_axis(low: float, high: float) -> Axis:
    """An axis whose ticks are whole numbers, from the first epoch to the last."""
    if high <= low:
        return Axis(low - 0.5, low + 0.5, (Tick(low, f"{low:.0f}"),))
    step = max(1, round(_round_step((high - low) / 6)))
    first = math.ceil(low / step) * step
    ticks = [float(tick) for tick in range(first, math.floor(high) + 1, step)]
    if not ticks or ticks[0] - low > step * 0.5:
        ticks.insert(0, low)
    return Axis(low, high, tuple(Tick(tick, f"{tick:.0f}") for tick in ticks))


def _drawable(value: float) -> float:
    """``value`` within what can be reckoned with: beyond it lies nothing that a run can reach."""
    return 0.0 if abs(value) < 1 / LIMIT else max(-LIMIT, min(LIMIT, value))


def _widened(
    low: float, high: float, least: float, most: float | None = None
) -> tuple[float, float]:
    """The same span, or one of ``least`` about its middle that does not cross 0 or ``most``."""
    if high - low >= least:
        return low, high
    middle = low / 2 + high / 2
    bottom, top = middle - least / 2, middle + least / 2
    if low >= 0 > bottom:
        bottom, top = 0.0, least
    if most is not None and top > most:
        bottom, top = most - least, most
    return bottom, top


def _linear(low: float, high: float, *, share: bool) -> Axis:
    step = _round_step(high / TICKS - low / TICKS)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    values = [place * step for place in range(first, last + 1)]
    scale = 100 if share else 1
    labels = _labels([value * scale for value in values], step * scale)
    unit = " %" if share else ""
    ticks = tuple(Tick(value, label + unit) for value, label in zip(values, labels, strict=True))
    return Axis(values[0], values[-1], ticks)


def _logarithmic(low: float, high: float) -> Axis:
    bottom, top = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    step = math.ceil((top - bottom) / 7)
    powers = range(bottom, top + 1, step)
    ticks = tuple(Tick(10.0**power, _power(power)) for power in powers)
    return Axis(10.0**bottom, 10.0**top, ticks, logarithmic=True)


def _labels(values: list[float], step: float) -> list[str]:
    """Each of ``values``, multiples of ``step``, with as many digits as tell them apart."""
    power = math.floor(math.log10(step) + 1e-9)
    finest = -power  # the place of the step's last digit
    if abs(step / 10.0**power - 2.5) < 1e-6:
        finest += 1
    greatest = max(abs(value) for value in values)
    if greatest < 1e5 and finest <= 4:
        return [f"{value:.{max(0, finest)}f}" for value in values]
    return [_scientific(value, finest) if abs(value) > step / 2 else "0" for value in values]


def _scientific(value: float, finest: int) -> str:
    """``2.5e14``: down to the place ``finest`` after the point."""
    digits = max(0, finest + math.floor(math.log10(abs(value)) + 1e-9))
    mantissa, _, power = f"{value:.{digits}e}".partition("e")
    return f"{mantissa}e{int(power)}"


def _power(power: int) -> str:
    return f"{10.0**power:.{max(0, -power)}f}" if -3 <= power <= 4 else f"1e{power}"


def _round_step(rough: float) -> float:
    """The least of 1, 2, 2.5, 5 and 10 times a power of ten that is not below ``rough``."""
    power: float = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)
