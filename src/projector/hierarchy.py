"""Parts add up to the total: each breakdown's projections are reconciled with the total's, day by day.

The total is projected best, so it stays, and the parts share the difference in proportion to what they are
projected to sell: a top-down approach by forecast proportions (Hyndman and Athanasopoulos, Forecasting:
Principles and Practice, 3rd edition, 11.2). `make backtest-hierarchy` compares it with others; MinT was no
better. A part that has never been negative stops at zero, and the others share what it cannot give. A
part's bounds move with its mean.
"""

from dataclasses import replace

import numpy as np

from forecast import Projection
from models.smoothing import Floats


def reconciled(total: Projection, parts: list[Projection], signed: list[bool]) -> list[Projection]:
    """The parts with means that add up to the total's; `signed` says which may be negative.

    Where no part is signed and the total is, the parts' sum stops at zero.
    """
    if not parts:
        return []
    means = np.array([part.mean for part in parts])
    floors = np.where(np.array(signed), -np.inf, 0.0)[:, None]
    # Where no part is to sell anything they share alike.
    shares = np.abs(means) + 1e-9 * (1 + np.abs(total.mean))
    found = means.copy()
    free = np.ones_like(found, dtype=bool)
    for _ in range(len(parts) + 1):
        missing = total.mean - found.sum(axis=0)
        weight = np.where(free, shares, 0.0)
        summed = weight.sum(axis=0)
        step = np.where(summed > 0, weight / np.where(summed > 0, summed, 1.0), 0.0) * missing
        moved = found + step
        stopped = moved < floors
        found = np.maximum(moved, floors)
        if not (stopped & free).any():
            break
        free &= ~stopped
    return [
        _moved(part, mean, -np.inf if negative else 0.0)
        for part, mean, negative in zip(parts, found, signed, strict=True)
    ]


def _moved(part: Projection, mean: Floats, floor: float) -> Projection:
    shift = mean - part.mean
    lo80, hi80, lo95, hi95 = (
        np.maximum(bound + shift, floor) for bound in (part.lo80, part.hi80, part.lo95, part.hi95)
    )
    lo80, hi80 = np.minimum(lo80, mean), np.maximum(hi80, mean)
    moved = tuple(one.moved(float(shift[: one.days].sum()), floor) for one in part.sums)
    return replace(
        part,
        mean=mean,
        lo80=lo80,
        hi80=hi80,
        lo95=np.minimum(lo95, lo80),
        hi95=np.maximum(hi95, hi80),
        sums=moved,
    )
