"""Sums over the next days, with intervals of their own: bounds of single days must not be added up.

Split conformal prediction as in bands.py, of the sums themselves: what the ensemble missed the sum of so
many days by at the rolling origins. A projection of days lies near their median, and where days are skewed
its sum is too low again and again: the sum is moved by what it was usually off.
"""

from dataclasses import dataclass

import numpy as np

from models.smoothing import Days, Floats

SPANS = (7, 28)  # days
MOVED = 4.0  # independent past sums that make half of their mean miss believed
MOST_MOVED = 0.25  # of the sum
KNOWN = 0.75  # share of a sum's days with a value that make it count
WIDER = {0.80: 3.0, 0.95: 5.0}  # what quantiles of few independent sums lack, times one over their number
ALIKE = 0.25  # correlation of two days' errors where nothing was measured
FEWEST = 4  # past sums


@dataclass(frozen=True, slots=True)
class Sum:
    """Of the first `days` projected days, in the units of the history."""

    days: int
    mean: float
    lo80: float
    hi80: float
    lo95: float
    hi95: float

    def scaled(self, size: float, floor: float, limit: float) -> "Sum":
        """In other units, between floor and limit of the old ones, and in order."""
        values = np.clip(np.nan_to_num([self.lo95, self.lo80, self.mean, self.hi80, self.hi95]), floor, limit)
        lo95, lo80, mean, hi80, hi95 = (float(value) for value in values * size)
        lo80, hi80 = min(lo80, mean), max(hi80, mean)
        return Sum(self.days, mean, lo80, hi80, min(lo95, lo80), max(hi95, hi80))

    def moved(self, shift: float, floor: float) -> "Sum":
        """By so much, but not below the floor."""
        lo95, lo80, mean, hi80, hi95 = (
            max(floor, value + shift) for value in (self.lo95, self.lo80, self.mean, self.hi80, self.hi95)
        )
        return Sum(self.days, mean, lo80, hi80, lo95, hi95)


def measured(mean: Floats, errors: Floats, origins: Days) -> list[Sum]:
    """Of projected days mean (horizon,), from errors (origins, horizon) as in bands.py."""
    found = []
    for days in SPANS:
        if days > len(mean):
            break
        part = errors[:, :days]
        known = np.isfinite(part)
        whole = known.mean(axis=1) >= KNOWN
        # A sum with gaps counts as one without, by its days that are known.
        missed = np.where(known, part, 0.0).sum(axis=1)[whole] / known[whole].mean(axis=1)
        if len(missed) < FEWEST:
            spread = float(np.nanstd(part)) if known.any() else float(np.std(mean))
            found.append(_from_days(mean[:days], np.full(days, 1.28 * spread), np.full(days, 1.96 * spread)))
            continue
        independent = max(1.0, float(origins[-1] - origins[0]) / days)
        total = float(mean[:days].sum())
        limit = MOST_MOVED * abs(total)
        middle = float(np.clip(np.mean(missed) * independent / (independent + MOVED), -limit, limit))
        bounds = []
        for level, wider in WIDER.items():
            factor = 1 + wider / min(independent, len(missed))
            rest = missed - middle
            both = float(np.quantile(np.abs(rest), level))
            low, high = np.quantile(rest, [(1 - level) / 2, (1 + level) / 2])
            bounds += [
                max(0.0, (both - float(low)) / 2) * factor,
                max(0.0, (both + float(high)) / 2) * factor,
            ]
        center = total + middle
        found.append(
            Sum(days, center, center - bounds[0], center + bounds[1], center - bounds[2], center + bounds[3])
        )
    return found


def estimated(mean: Floats, lo80: Floats, hi80: Floats, lo95: Floats, hi95: Floats) -> list[Sum]:
    """From days' bounds alone, where no past sums were measured."""
    found = []
    for days in SPANS:
        if days > len(mean):
            break
        part = slice(0, days)
        below80, above80 = _width(mean[part] - lo80[part]), _width(hi80[part] - mean[part])
        below95, above95 = _width(mean[part] - lo95[part]), _width(hi95[part] - mean[part])
        total = float(mean[part].sum())
        found.append(Sum(days, total, total - below80, total + above80, total - below95, total + above95))
    return found


def _from_days(mean: Floats, width80: Floats, width95: Floats) -> Sum:
    total, near, far = float(mean.sum()), _width(width80), _width(width95)
    return Sum(len(mean), total, total - near, total + near, total - far, total + far)


def _width(widths: Floats) -> float:
    """Of a sum of days whose errors are correlated by ALIKE."""
    return float(np.sqrt((1 - ALIKE) * np.sum(widths**2) + ALIKE * np.sum(widths) ** 2))
