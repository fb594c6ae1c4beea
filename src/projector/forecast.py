"""`project`: the next days of a daily series, with intervals at 80 % and 95 %.

A weighted ensemble: exponential smoothing over a grid of parameters, on the plain and on a logarithmic
scale. The weights come from the errors of all of them at rolling origins, over the whole horizon. Then
what the year adds (calendar_effects.py), and intervals from what the ensemble missed by at those origins
(bands.py). docs/projection.md says how good it is and what it does not know. Importing it needs no AWS.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import bands
import calendar_effects
from smoothing import WEEK, Days, Floats, smooth

MAX_HORIZON = 90
MOST_DAYS = 1461  # older days are left out: four years
NEW = 2 * WEEK  # below this many days there is no weekly season to speak of
LOOK_BACK = 450  # days over which the rolling origins are spread
ORIGINS = 60
EAGERNESS = 25.0  # how fast a member's weight falls with its excess of mean absolute error
TRUSTED = 120  # days of history that make the weights as eager as that
DEAD_DAYS = 28
FEW = 0.05  # share of days
LARGEST = float(np.finfo(np.float64).max) / 8


@dataclass(frozen=True, slots=True)
class Projection:
    """Central forecast and bounds, arrays of length horizon, lo95 <= lo80 <= mean <= hi80 <= hi95; the
    method."""

    mean: Floats
    lo80: Floats
    hi80: Floats
    lo95: Floats
    hi95: Floats
    method: str


def project(
    y: Sequence[float] | Floats,
    horizon: int = 28,
    *,
    start: dt.date | None = None,
    country: str | None = None,
) -> Projection:
    """The next `horizon` days (1 to 90) of `y`, daily totals up to yesterday in any unit.

    nan and infinity are gaps. `start` is the date of y[0]; with it and a `country` (ISO code or English
    name) public holidays count. Where no day of y is negative, no bound is. Raises ValueError for a
    wrong horizon, never for what the data hold.
    """
    if not 1 <= horizon <= MAX_HORIZON:
        raise ValueError(f"horizon must be from 1 to {MAX_HORIZON}, not {horizon}")
    values = np.asarray(y, dtype=np.float64).ravel()
    if start is not None:
        start = start + dt.timedelta(days=max(0, len(values) - MOST_DAYS))
    values = values[-MOST_DAYS:]
    known = np.isfinite(values)
    size = float(np.max(np.abs(values[known]), initial=0.0))
    if size == 0.0:
        nothing = np.zeros(horizon)
        return _projection([nothing] * 5, 1.0, True, "zero: no sales in the history")
    # Everything below works on numbers of the order of one, so that nothing overflows.
    z = np.where(known, values / size, np.nan)
    if not known[0]:
        first = int(np.argmax(known))
        z, start = z[first:], start + dt.timedelta(days=first) if start else None
    with np.errstate(all="ignore"):
        if len(z) < NEW:
            parts, method = _new(z, horizon)
        elif (idle := _idle_days(z)) >= DEAD_DAYS:
            parts, method = _dead(z, idle, horizon)
        elif _busy_share(z) < 0.5:
            parts, method = _intermittent(z, horizon)
        else:
            parts, method = _ensemble(z, horizon, start, country)
    if np.nanmean(z < 0) < FEW:
        # Zero, or the worst of the few days of net returns, is as low as it goes.
        parts = [np.maximum(part, min(0.0, float(np.nanmin(z)))) for part in parts]
    return _projection(parts, size, bool(np.nanmin(z) >= 0), method)


def _projection(parts: list[Floats], size: float, non_negative: bool, method: str) -> Projection:
    """mean, lo80, hi80, lo95, hi95 in the units of the history, in order."""
    limit = LARGEST / max(size, 1.0)
    mean, lo80, hi80, lo95, hi95 = (
        np.clip(np.nan_to_num(part), 0.0 if non_negative else -limit, limit) * size for part in parts
    )
    lo80, hi80 = np.minimum(lo80, mean), np.maximum(hi80, mean)
    return Projection(mean, lo80, hi80, np.minimum(lo95, lo80), np.maximum(hi95, hi80), method)


def _new(z: Floats, horizon: int) -> tuple[list[Floats], str]:
    """Too short for a weekly season: the mean of what there is, with wide bounds."""
    known = z[np.isfinite(z)]
    mean = float(np.mean(known))
    few = len(known)
    spread = float(np.std(known)) * np.sqrt(1 + 1 / few) + abs(mean) * 1.0 / few + 0.1 * abs(mean)
    growth = np.sqrt(1 + np.arange(horizon) / WEEK / 4) * spread * (1 + 2 / few)
    level = np.full(horizon, mean)
    parts = [level, level - 1.3 * growth, level + 1.3 * growth, level - 2.2 * growth, level + 2.2 * growth]
    return parts, f"mean of {few} day(s): too new for a season"


def _idle_days(z: Floats) -> int:
    """Days since the last sale, if that is far longer than any pause before; else 0."""
    sold = np.nonzero(np.nan_to_num(z) != 0)[0]
    idle = len(z) - 1 - int(sold[-1])
    pause = int(np.max(np.diff(sold), initial=1))
    return idle if idle > 2 * pause else 0


def _dead(z: Floats, idle: int, horizon: int) -> tuple[list[Floats], str]:
    nothing = np.zeros(horizon)
    # It may come back: the odds fall as it stays away, so only the outer bound stays at its old sales.
    before = z[: len(z) - idle][-8 * WEEK :]
    before = before[np.isfinite(before)]
    outer = np.full(horizon, float(np.median(before))) if idle < 8 * WEEK and len(before) else nothing
    low, high = np.minimum(outer, 0), np.maximum(outer, 0)
    return [nothing, nothing, nothing, low, high], f"zero: no sales for {idle} days"


def _busy_share(z: Floats) -> float:
    """Share of the last year's days with sales, over the weekdays that are not always closed."""
    sold = np.nan_to_num(z[-365:]) != 0
    rates = np.array([np.mean(sold[day::WEEK]) for day in range(WEEK)])
    open_days = rates[rates > 0.05]
    return float(np.mean(open_days)) if len(open_days) else 0.0


def _intermittent(z: Floats, horizon: int) -> tuple[list[Floats], str]:
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


def _ensemble(
    z: Floats, horizon: int, start: dt.date | None, country: str | None
) -> tuple[list[Floats], str]:
    n = len(z)
    origins = _origins(n)
    days = origins[:-1, None] + np.arange(horizon)
    actual = np.where(days < n, z[np.minimum(days, n - 1)], np.nan)
    filled = _filled(z)
    shift = _log_shift(z)
    scales = [False, True] if shift else [False]
    members = [_smoothed(z, origins, horizon, shift if log else 0.0) for log in scales]
    forecasts = np.concatenate(members, axis=2)
    missed = np.abs(actual[:, :, None] - forecasts[:-1])
    scores = _scores(missed)
    weights = np.exp(-EAGERNESS * min(1.0, n / TRUSTED) * (scores - 1))
    central = _central(forecasts, weights / weights.sum())

    # The year and the bounds are added on the scale on which errors were smaller.
    plain = members[0].shape[2]
    log = bool(shift) and scores[plain:].min() < 1.01 * scores[:plain].min()
    forward, back = _scale(shift if log else 0.0)
    work, course, truth = forward(filled), forward(central), forward(actual)
    words = ["log" if log else "linear", "smoothing ensemble"]
    if n >= calendar_effects.LEAST:
        effect = calendar_effects.last_year(work, origins, horizon)
        course = course + effect * calendar_effects.fitted(effect[:-1], truth - course[:-1], 0.2, 0.15)
        words.append("last year")
    names = [""] * (n + horizon)
    if start is not None and country and n >= 8 * WEEK:
        names = calendar_effects.holiday_names(start, n + horizon, country)
    if any(names[:n]):
        effect = calendar_effects.holiday_effects(work, origins, horizon, names)
        course = course + effect * calendar_effects.fitted(effect[:-1], truth - course[:-1], 0.7, 0.3)
        words.append("holidays")
    if n >= calendar_effects.LEAST:
        effect = calendar_effects.anniversaries(work, origins, horizon)
        effect[[[names[min(o + s, n + horizon - 1)] != "" for s in range(horizon)] for o in origins]] = 0.0
        course = course + effect * calendar_effects.fitted(effect[:-1], truth - course[:-1], 0.4, 0.3)
    errors = truth - course[:-1]
    parts = [course[-1]]
    for level in (0.80, 0.95):
        below, above = bands.widths(errors, origins, horizon, level)
        parts += [course[-1] - below, course[-1] + above]
    found = [back(part) for part in parts]
    # A weekday without a single sale in half a year is a day off; only the outer bounds allow for a surprise.
    off = _closed(z)[(n + np.arange(horizon)) % WEEK]
    found[:3] = [np.where(off, 0.0, part) for part in found[:3]]
    return found, ", ".join([" ".join(words[:2]), *words[2:]])


def _closed(z: Floats) -> NDArray[np.bool_]:
    """Which weekdays, by day % 7, had no sale in the last 26 weeks, with at least four days to show it."""
    recent = np.arange(max(0, len(z) - 26 * WEEK), len(z))
    same = [z[recent[recent % WEEK == day]] for day in range(WEEK)]
    return np.array([len(one) >= 4 and bool((one == 0).all()) for one in same])


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


def _origins(n: int) -> Days:
    """Past days to forecast from, and n itself as the last."""
    first = max(3 * WEEK, n - LOOK_BACK) if n >= 5 * WEEK else n // 2
    step = max(1, (n - first) // ORIGINS)
    step += step > 1 and step % WEEK == 0  # every weekday has its turn
    return np.append(np.arange(first, n, step), n)


def _filled(z: Floats) -> Floats:
    """z with its gaps filled by the same weekday's median."""
    medians = np.array([_median(z[day::WEEK]) for day in range(WEEK)])
    return np.where(np.isfinite(z), z, np.resize(medians, len(z)))


def _median(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else 0.0


def _log_shift(z: Floats) -> float:
    """What to add before taking logarithms; 0.0 where a logarithmic scale makes no sense."""
    known = z[np.isfinite(z)]
    mean = float(np.mean(known))
    if known.min() < 0 or np.mean(known < 0.02 * mean) >= 0.5:
        return 0.0
    return 0.1 * mean


def _scale(shift: float) -> tuple["_Map", "_Map"]:
    return _Map(shift, forward=True), _Map(shift, forward=False)


@dataclass(frozen=True, slots=True)
class _Map:
    """To the working scale or back: log(v + shift), or nothing where the shift is 0."""

    shift: float
    forward: bool

    def __call__(self, values: Floats) -> Floats:
        if not self.shift:
            return values
        if self.forward:
            return np.asarray(np.log(np.maximum(values, 0.0) + self.shift))
        return np.asarray(np.exp(np.minimum(values, 50.0)) - self.shift)


def _smoothed(z: Floats, origins: Days, horizon: int, shift: float) -> Floats:
    forward, back = _scale(shift)
    work = forward(z)
    low, high = float(np.nanmin(work)), float(np.nanmax(work))
    span = high - low
    found = smooth(work).forecasts(origins, horizon)
    return back(np.clip(found, low - span, high + 0.7 * span))


def _central(forecasts: Floats, weights: Floats) -> Floats:
    """Half weighted mean, half weighted median, of (origins, horizon, members)."""
    order = np.argsort(forecasts, axis=2)
    reached = np.cumsum(weights[order], axis=2) >= 0.5
    middle = np.take_along_axis(order, np.argmax(reached, axis=2)[:, :, None], 2)
    median = np.take_along_axis(forecasts, middle, 2)[:, :, 0]
    return np.asarray((forecasts @ weights + median) / 2)
