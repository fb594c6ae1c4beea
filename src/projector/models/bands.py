"""Intervals from the errors of rolling origins.

Split conformal prediction (Lei et al., Distribution-Free Predictive Inference for Regression, 2018),
pooled over neighbouring horizons.
"""

import numpy as np

from models.smoothing import WEEK, Days, Floats

FITTED = 0.02  # how much narrower errors are where the weights were fitted on them
LEAST_DEPENDENT = 0.2  # errors of few origins look less alike than they are
CERTAIN_WEEKS = 12  # of origins, before a weekday's own errors outweigh those of all
KNOTS = (1, 2, 4, 7, 11, 16, 22, 30, 40, 52, 66, 90)


def widths(errors: Floats, origins: Days, horizon: int, level: float) -> tuple[Floats, Floats]:
    """How far below and above the forecast the interval reaches on each day: two (horizon,) arrays, >= 0.

    errors: (origins, steps), actual minus forecast, nan where the day has not come; origins (origins +
    1,), the last one being the forecast's own. Errors are compared after division by the usual error of
    their weekday.
    """
    steps = errors.shape[1]
    days = (origins[:-1, None] + np.arange(steps)) % WEEK
    weeks = float(origins[-1] - origins[0]) / WEEK
    usual = _by_weekday(errors, days, weeks / (weeks + CERTAIN_WEEKS))
    relative = errors / usual[days]
    below, above = [], []
    knots = [knot for knot in KNOTS if knot < horizon] + [horizon]
    counts = np.isfinite(errors).sum(axis=0)
    # The furthest horizon with enough errors; beyond it an interval grows with the root of the horizon.
    reach = int(np.max(np.nonzero(counts >= max(3, counts[0] // 8))[0], initial=0)) + 1
    for knot in knots:
        near = min(knot, reach)
        pool = relative[:, max(0, int(near * 0.6) - 2) : int(near * 1.5) + 2]
        pool = pool[np.isfinite(pool)]
        low, high = _reach(pool, level)
        growth = np.sqrt(knot / near)
        below.append(low * growth)
        above.append(high * growth)
    ahead = np.arange(1, horizon + 1)
    scale = usual[(origins[-1] + np.arange(horizon)) % WEEK]
    scale *= _inflation(_dependence(errors), int(origins[-1] - origins[0]), horizon, level)
    return (
        np.interp(ahead, knots, _rising(np.array(below))) * scale,
        np.interp(ahead, knots, _rising(np.array(above))) * scale,
    )


def _by_weekday(errors: Floats, days: Days, trust: float) -> Floats:
    """Mean absolute error of each weekday (7,), drawn to the mean of all where `trust` is below 1."""
    size = np.abs(errors)
    size = np.minimum(size, 6 * np.nanmedian(size) + 1e-12) if np.isfinite(size).any() else size
    overall = float(np.nanmean(size)) if np.isfinite(size).any() else 0.0
    usual = np.empty(WEEK)
    for day in range(WEEK):
        same = size[(days == day) & np.isfinite(size)]
        own = float(same.mean()) if len(same) else overall
        # Geometric, so that a weekday that is always closed stays nearly certain.
        usual[day] = (own + 1e-12) ** trust * (overall + 1e-12) ** (1 - trust)
    return usual + 1e-12


def _reach(pool: Floats, level: float) -> tuple[float, float]:
    """Half way between the symmetric interval, which few errors suffice for, and the one with equal tails."""
    if not len(pool):
        return 1.0, 1.0
    both = float(np.quantile(np.abs(pool), level))
    low, high = np.quantile(pool, [(1 - level) / 2, (1 + level) / 2])
    return max(0.0, (both - float(low)) / 2), max(0.0, (both + float(high)) / 2)


def _rising(values: Floats) -> Floats:
    """The mean of the nearest rising curves above and below."""
    up = np.maximum.accumulate(values)
    down = np.minimum.accumulate(values[::-1])[::-1]
    return np.asarray((up + down) / 2)


def _dependence(errors: Floats) -> float:
    """Mean correlation of two errors of one origin: 0 for noise, 1 where they miss the level together.

    errors: (origins, steps), nan where the day has not come.
    """
    known = np.isfinite(errors)
    limit = 4 * float(np.median(np.abs(errors[known]))) if known.any() else 0.0
    clipped = np.where(known, np.clip(errors, -limit, limit), 0.0)
    steps, squares = known.sum(axis=1), np.sum(clipped**2, axis=1)
    some = steps > 1
    pairs = (np.sum(clipped, axis=1) ** 2 - squares)[some] / (steps[some] - 1)
    total = float(np.sum(squares[some]))
    return float(np.clip(np.sum(pairs) / total, 0.0, 1.0)) if total > 0 else 0.0


def _inflation(dependence: float, days: int, horizon: int, level: float) -> float:
    """What quantiles of few independent errors lack. `days`: from the first origin to the last.

    Where a miss lasts, a horizon is one error, however many days it has; where errors are noise, each day
    is one.
    """
    alike = 1 + (horizon - 1) * (LEAST_DEPENDENT + (1 - LEAST_DEPENDENT) * dependence)
    independent = max(1.0, days / alike)
    return 1 + FITTED + (1.6 if level > 0.9 else 1.0) / independent
