"""Exponential smoothing with a weekly season and a damped trend, for a grid of parameters at once.

Holt-Winters' additive method in error-correction form (Hyndman and Athanasopoulos, Forecasting: Principles
and Practice, 3rd edition, 8.3 and 8.5). One pass over a history keeps the state of every day, so forecasts
from any past day cost next to nothing: that is what makes rolling origins affordable for every series
of a run.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Days = NDArray[np.int64]

WEEK = 7
ALPHAS = (0.01, 0.04, 0.1, 0.2, 0.4, 0.8)
GAMMAS = (0.0, 0.03, 0.1, 0.3)
TRENDS = ((0.0, 0.0), (0.01, 0.99))  # the trend's share of a correction of the level, and its damping
CLIP = 3.0  # a day further off than this many mean absolute errors counts as that far off
GRID = np.array([(a, g, a * b, p) for a, g, (b, p) in itertools.product(ALPHAS, GAMMAS, TRENDS)]).T


@dataclass(frozen=True, slots=True)
class States:
    """What was known before each day t = 0..n, on each of S scales: level and trend (n+1, S, G), season
    (n+1, 7, S, G) by t % 7.
    """

    level: Floats
    trend: Floats
    season: Floats

    def forecasts(self, origins: Days, horizon: int) -> Floats:
        """Forecasts made before each origin: (origins, horizon, S, G)."""
        steps = np.arange(horizon)
        damping = np.cumsum(GRID[3] ** (steps[:, None] + 1), axis=0)[None, :, None, :]
        days = (origins[:, None] + steps[None, :]) % WEEK
        season = self.season[origins[:, None], days]
        return np.asarray(self.level[origins][:, None] + self.trend[origins][:, None] * damping + season)


def smooth(z: Floats) -> States:
    """The states over z (n, S), n >= 1: a history on S scales at once, since a step's cost is that of calling
    numpy. nan is a day without a value (on every scale), on which only the trend goes on.
    """
    alphas, gammas, betas, phis = GRID
    n, shape = len(z), (z.shape[1], GRID.shape[1])
    firsts = [_first(column) for column in z[: 4 * WEEK].T]
    level = np.repeat([[start] for start, _, _ in firsts], shape[1], axis=1)
    season = np.repeat(np.array([profile for _, profile, _ in firsts]).T[:, :, None], shape[1], axis=2)
    spread = np.repeat([[off] for _, _, off in firsts], shape[1], axis=1)
    trend = np.zeros(shape)
    levels, trends = np.empty((n + 1, *shape)), np.empty((n + 1, *shape))
    seasons = np.empty((n + 1, WEEK, *shape))
    known = np.isfinite(z[:, 0])
    for t, value in enumerate(z[:, :, None]):
        levels[t], trends[t], seasons[t] = level, trend, season
        trend = phis * trend
        level = level + trend
        if known[t]:
            day = t % WEEK
            error = value - level - season[day]
            limit = CLIP * spread
            # After a constant beginning every change would look like an outlier: the value itself counts.
            spread = 0.95 * spread + 0.05 * np.minimum(np.abs(error), 2 * limit + 0.1 * np.abs(value))
            error = np.maximum(-limit - 1e-12, np.minimum(error, limit + 1e-12))
            trend = trend + betas * error
            level = level + alphas * error
            # The first weeks count as in a mean, so that even a fixed season learns from the whole history.
            season[day] += np.maximum(gammas, 1 / (t / WEEK + 2)) * (1 - alphas) * error
    levels[n], trends[n], seasons[n] = level, trend, season
    return States(levels, trends, seasons)


def _first(first: Floats) -> tuple[float, Floats, float]:
    """Level, weekly profile and mean absolute error to begin with, from up to four weeks."""
    known = first[np.isfinite(first)]
    start = float(np.median(known)) if len(known) else 0.0
    profile = np.zeros(WEEK)
    if len(first) >= 2 * WEEK:
        for day in range(WEEK):
            same = first[day::WEEK]
            same = same[np.isfinite(same)]
            if len(same):
                profile[day] = (np.median(same) - start) * len(same) / (len(same) + 0.5)
    return start, profile, _mean(np.abs(first - start - np.resize(profile, len(first))))


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.mean(known)) if len(known) else 0.0
