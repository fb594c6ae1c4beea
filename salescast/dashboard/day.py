"""The running day: what a usual day has sold by an hour, and at what this one may close.

A projection of the day was made at some time of it. What has been sold since is certain; of what it expected
from then on, the share that a usual day sells in the hours left is still to come. Sales of different hours
are taken as independent, so the interval around the rest narrows with the square root of that share. Hence
the close is never below what is sold, and it is what is sold when the day ends.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

HOURS = 24


@dataclass(frozen=True)
class Projected:
    """The projected close of the day with its 80 % bounds, and the hour (0 to 24, UTC) it was made at.

    `sold` is what had been sold then; 0 and hour 0 for a projection made before the day began.
    """

    mean: float
    lo80: float
    hi80: float
    hour: float = 0.0
    sold: float = 0.0


@dataclass(frozen=True)
class Expected:
    """Net revenue of the day run up to an hour: expected, and the 80 % bounds."""

    hour: float
    mean: float
    lo80: float
    hi80: float


def profile(revenue: Sequence[float]) -> list[float]:
    """Share of a usual day's revenue that is sold by each full hour (25 values, 0 to 1) of revenue by hour
    (24); even over the day where nothing was sold.
    """
    positive = [max(0.0, value) for value in revenue]
    total = sum(positive)
    if total <= 0:
        return [hour / HOURS for hour in range(HOURS + 1)]
    shares = [0.0]
    for value in positive:
        shares.append(shares[-1] + value / total)
    return [*shares[:-1], 1.0]


def share(shares: Sequence[float], hour: float) -> float:
    """The share by any time of the day, straight between full hours."""
    whole = min(HOURS - 1, max(0, int(hour)))
    return shares[whole] + (shares[whole + 1] - shares[whole]) * min(1.0, max(0.0, hour - whole))


def course(projected: Projected, shares: Sequence[float], now: float, sold: float) -> list[Expected]:
    """What is expected from `now` (an hour of the day) to its close: at now and at each full hour after."""
    left_then = 1 - share(shares, projected.hour)
    rest = _rest(projected, left_then)
    hours = [now, *(float(hour) for hour in range(math.floor(now) + 1, HOURS + 1))]
    found = []
    for hour in hours:
        part = (share(shares, hour) - share(shares, now)) / left_then if left_then > 0 else 0.0
        part = min(1.0, max(0.0, part))
        mean, spread = sold + rest * part, math.sqrt(part)
        low = max(sold, mean - (projected.mean - projected.lo80) * spread)
        high = mean + (projected.hi80 - projected.mean) * spread
        found.append(Expected(hour, mean, min(low, mean), max(high, mean)))
    return found


def by_now(projected: Projected, shares: Sequence[float], now: float) -> float:
    """What the projection expected to be sold by `now`."""
    left_then = 1 - share(shares, projected.hour)
    part = (share(shares, now) - share(shares, projected.hour)) / left_then if left_then > 0 else 0.0
    return projected.sold + _rest(projected, left_then) * min(1.0, max(0.0, part))


def _rest(projected: Projected, left_then: float) -> float:
    """What the projection expected from its hour on. Where more had been sold than it knew of, and than it
    expected of the whole day, a usual day's rest of what it expected.
    """
    rest = projected.mean - projected.sold
    return rest if rest > 0 else max(0.0, projected.mean) * left_then
