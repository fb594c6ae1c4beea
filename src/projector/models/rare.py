"""Histories without a season to find: too new, stopped, or with few days of sales.

Each answers mean, lo80, hi80, lo95, hi95, arrays (horizon,), and what was done.
"""

import numpy as np

from models.smoothing import WEEK, Floats


def new(z: Floats, horizon: int) -> tuple[list[Floats], str]:
    """Too short for a weekly season: the mean of what there is, with wide bounds."""
    known = z[np.isfinite(z)]
    mean = float(np.mean(known))
    few = len(known)
    spread = float(np.std(known)) * np.sqrt(1 + 1 / few) + abs(mean) * 1.0 / few + 0.1 * abs(mean)
    growth = np.sqrt(1 + np.arange(horizon) / WEEK / 4) * spread * (1 + 2 / few)
    level = np.full(horizon, mean)
    parts = [level, level - 1.3 * growth, level + 1.3 * growth, level - 2.2 * growth, level + 2.2 * growth]
    return parts, f"mean of {few} day(s): too new for a season"


def idle_days(z: Floats) -> int:
    """Days since the last sale, if that is far longer than any pause before; else 0."""
    sold = np.nonzero(np.nan_to_num(z) != 0)[0]
    idle = len(z) - 1 - int(sold[-1])
    pause = int(np.max(np.diff(sold), initial=1))
    return idle if idle > 2 * pause else 0


def dead(z: Floats, idle: int, horizon: int) -> tuple[list[Floats], str]:
    nothing = np.zeros(horizon)
    # It may come back: the odds fall as it stays away, so only the outer bound stays at its old sales.
    before = z[: len(z) - idle][-8 * WEEK :]
    before = before[np.isfinite(before)]
    outer = np.full(horizon, float(np.median(before))) if idle < 8 * WEEK and len(before) else nothing
    low, high = np.minimum(outer, 0), np.maximum(outer, 0)
    return [nothing, nothing, nothing, low, high], f"zero: no sales for {idle} days"


def busy_share(z: Floats) -> float:
    """Share of the last year's days with sales, over the weekdays that are not always closed."""
    sold = np.nan_to_num(z[-365:]) != 0
    rates = np.array([np.mean(sold[day::WEEK]) for day in range(WEEK)])
    open_days = rates[rates > 0.05]
    return float(np.mean(open_days)) if len(open_days) else 0.0


def intermittent(z: Floats, horizon: int) -> tuple[list[Floats], str]:
    """Few days with sales: means of windows, weighted by squared error, bounds from what single days held."""
    filled = np.nan_to_num(z)
    n = len(filled)
    totals = np.concatenate([[0.0], np.cumsum(filled)])
    origins = np.arange(max(WEEK, n - 180), n)
    ahead = np.minimum(origins + horizon, n)
    actual = (totals[ahead] - totals[origins]) / (ahead - origins)
    errors, levels = [], []
    for days in (4 * WEEK, 8 * WEEK, 16 * WEEK, 365):
        since = np.maximum(0, origins - days)
        errors.append(np.mean(((totals[origins] - totals[since]) / (origins - since) - actual) ** 2))
        levels.append(float(np.mean(filled[-days:])))
    weights = 1 / (np.array(errors) + 1e-12)
    level = float(np.sum(weights * levels) / np.sum(weights))
    recent = filled[-180:]
    usual = float(np.mean(recent))
    ratio = float(np.clip(level / usual, 0.2, 5.0)) if usual * level > 0 else 1.0
    quantiles = np.quantile(recent, [0.1, 0.9, 0.025, 0.975]) * ratio
    return [np.full(horizon, bound) for bound in (level, *quantiles)], "intermittent: weighted window means"
