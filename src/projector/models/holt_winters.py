"""The Holt-Winters course: all settings of smoothing.py on both scales, weighted by their errors."""

import numpy as np

from models.scale import Scale
from models.smoothing import WEEK, Days, Floats, smooth

LOOK_BACK = 450  # days over which the days to forecast from are spread
ORIGINS = 60
EAGERNESS = 25.0  # how fast a setting's weight falls with its excess of mean absolute error
TRUSTED = 120  # days of history that make the weights as eager as that


def forecasts(z: Floats, scales: list[Scale], origins: Days, horizon: int) -> Floats:
    """(origins, horizon) forecasts in the units of z (n,), made before each origin."""
    n = len(z)
    past = _origins(n)
    days = past[:, None] + np.arange(horizon)
    actual = np.where(days < n, z[np.minimum(days, n - 1)], np.nan)
    everywhere = np.concatenate([past, origins])
    members = _smoothed(z, scales, everywhere, horizon)
    scores = _scores(np.abs(actual[:, :, None] - members[: len(past)]))
    weights = np.exp(-EAGERNESS * min(1.0, n / TRUSTED) * (scores - 1))
    return _central(members[len(past) :], weights / weights.sum())


def _origins(n: int) -> Days:
    first = max(3 * WEEK, n - LOOK_BACK) if n >= 5 * WEEK else n // 2
    step = max(1, (n - first) // ORIGINS)
    step += step > 1 and step % WEEK == 0  # every weekday has its turn
    return np.arange(first, n, step)


def _smoothed(z: Floats, scales: list[Scale], origins: Days, horizon: int) -> Floats:
    """(origins, horizon, members)"""
    work = np.stack([scale.forward(z) for scale in scales], axis=1)
    low, high = np.nanmin(work, axis=0)[:, None], np.nanmax(work, axis=0)[:, None]
    members = np.clip(smooth(work).forecasts(origins, horizon), 2 * low - high, high + 0.7 * (high - low))
    return np.concatenate([scale.back(members[:, :, place]) for place, scale in enumerate(scales)], axis=2)


def _scores(missed: Floats) -> Floats:
    """Each member's mean absolute error relative to the best member's, which is 1.

    missed: (origins, horizon, members). Each horizon's errors count relative to all members' there, since
    far errors are larger and would decide alone; near horizons and those seen more often count more.
    """
    known = np.isfinite(missed)
    seen = known.sum(axis=0)
    errors = np.where(known, missed, 0.0).sum(axis=0) / np.maximum(seen, 1)
    weights = seen.mean(axis=1) * np.arange(1, len(seen) + 1) ** -0.75
    if not weights.any():
        return np.ones(missed.shape[2])
    relative = errors / np.maximum(errors.mean(axis=1, keepdims=True), 1e-9)
    scores = np.average(relative, axis=0, weights=weights)
    return np.asarray((scores + 1e-9) / (scores.min() + 1e-9))


def _central(members: Floats, weights: Floats) -> Floats:
    """Half weighted mean, half weighted median, of (origins, horizon, members)."""
    order = np.argsort(members, axis=2)
    reached = np.cumsum(weights[order], axis=2) >= 0.5
    middle = np.take_along_axis(order, np.argmax(reached, axis=2)[:, :, None], 2)
    median = np.take_along_axis(members, middle, 2)[:, :, 0]
    return np.asarray((members @ weights + median) / 2)
