"""`project`: the next days of a daily series, with intervals at 80 % and 95 %.

An ensemble: an additive regression on the plain and on a logarithmic scale (additive.py) and exponential
smoothing (holt_winters.py), combined by their errors at rolling origins (combination.py), with intervals from
what the combination missed by at those origins (bands.py, sums.py). docs/projection.md says how good it is
and what it does not know. Importing it needs no AWS.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

import planned
import sums
from models import bands, ensemble, feasts, rare
from models.design import Season
from models.openings import openings, stray_days
from models.smoothing import WEEK, Floats
from planned import Event
from sums import Sum

# The matrices here are small: more threads would wait for one another longer than they work.
threadpool_limits(limits=1, user_api="blas")

MAX_HORIZON = 90
MOST_DAYS = 1461  # older days are left out: four years
NEW = 2 * WEEK  # below this many days there is no weekly season to speak of
DEAD_DAYS = 28
FEW = 0.05  # share of days
LARGEST = float(np.finfo(np.float64).max) / 8 / MAX_HORIZON


@dataclass(frozen=True, slots=True)
class Projection:
    """Central forecast and bounds, arrays of length horizon, lo95 <= lo80 <= mean <= hi80 <= hi95; the
    method; sums over the first 7 and 28 days, as far as the horizon reaches; in sentences what it rests on
    and what the last days changed; the season, where it has a year and dates, for other series to share."""

    mean: Floats
    lo80: Floats
    hi80: Floats
    lo95: Floats
    hi95: Floats
    method: str
    sums: tuple[Sum, ...] = ()
    explanation: str = ""
    season: Season | None = None


@dataclass(frozen=True, slots=True)
class _Draft:
    """mean, lo80, hi80, lo95, hi95 in units of the largest day; sums where they were measured."""

    parts: list[Floats]
    method: str
    sums: list[Sum] = field(default_factory=list)
    explanation: str = ""
    season: Season | None = None


def project(
    y: Sequence[float] | Floats,
    horizon: int = 28,
    *,
    start: dt.date | None = None,
    country: str | None = None,
    events: Sequence[Event] = (),
    season: Season | None = None,
) -> Projection:
    """The next `horizon` days (1 to 90) of `y`, daily totals up to yesterday in any unit.

    nan and infinity are gaps. `start` is the date of y[0]; with it feasts, the day of the month and `events`
    count, and with a `country` (ISO code or English name) its public holidays too. `season`: that of another
    series, such as the total's, which one with less than 400 days and a `start` shares. Where no day of y is
    negative, no bound is. Raises ValueError for a wrong horizon, never for what the data hold.
    """
    if not 1 <= horizon <= MAX_HORIZON:
        raise ValueError(f"horizon must be from 1 to {MAX_HORIZON}, not {horizon}")
    values = np.asarray(y, dtype=np.float64).ravel()
    values = np.where(np.isfinite(values), values, np.nan)
    first = int(np.argmax(np.isfinite(values))) if values.size else 0
    # Of all days: a stray sale that is older than the others may be would leave its pause behind.
    stray = stray_days(values[first:])
    left_out = max(first + stray, len(values) - MOST_DAYS)
    values = values[left_out:]
    known = np.isfinite(values)
    size = float(np.max(np.abs(values[known]), initial=0.0))
    if size == 0.0:
        nothing = np.zeros(horizon)
        return _projection(_Draft([nothing] * 5, "zero: no sales in the history"), 1.0, True)
    # Everything below works on numbers of the order of one, so that nothing overflows.
    z = np.where(known, values / size, np.nan)
    first = int(np.argmax(known))
    z, left_out = z[first:], left_out + first
    if start is not None:
        start = start + dt.timedelta(days=left_out)
    non_negative = bool(np.nanmin(z) >= 0)
    with np.errstate(all="ignore"):
        draft = _draft(z, horizon, start, country, events, season)
    method = draft.method + (f", {stray} days from a stray first sale on left out" if stray else "")
    parts = draft.parts
    if np.nanmean(z < 0) < FEW:
        # Zero, or the worst of the few days of net returns, is as low as it goes.
        parts = [np.maximum(part, min(0.0, float(np.nanmin(z)))) for part in parts]
    if start is not None and events:
        shut = planned.closed(events, start, len(z) + horizon)[len(z) :]
        parts = [np.where(shut, 0.0, part) for part in parts]
    return _projection(replace(draft, parts=parts, method=method), size, non_negative)


def _projection(draft: _Draft, size: float, non_negative: bool) -> Projection:
    """In the units of the history, in order."""
    limit = LARGEST / max(size, 1.0)
    floor = 0.0 if non_negative else -limit
    mean, lo80, hi80, lo95, hi95 = (np.clip(np.nan_to_num(part), floor, limit) for part in draft.parts)
    lo80, hi80 = np.minimum(lo80, mean), np.maximum(hi80, mean)
    bounds = [mean, lo80, hi80, np.minimum(lo95, lo80), np.maximum(hi95, hi80)]
    added = draft.sums or sums.estimated(*bounds)
    mean, lo80, hi80, lo95, hi95 = (bound * size for bound in bounds)
    return Projection(
        *(mean, lo80, hi80, lo95, hi95, draft.method),
        tuple(one.scaled(size, floor, limit * MAX_HORIZON) for one in added),
        draft.explanation,
        draft.season,
    )


def _draft(
    z: Floats,
    horizon: int,
    start: dt.date | None,
    country: str | None,
    events: Sequence[Event],
    season: Season | None,
) -> _Draft:
    """Of a history z (n,) that begins with a value and has one that is not zero."""
    if len(z) < NEW:
        return _Draft(*rare.new(z, horizon))
    if (idle := rare.idle_days(z)) >= DEAD_DAYS:
        return _Draft(*rare.dead(z, idle, horizon))
    n = len(z)
    named: dict[str, Floats] = {}
    closed = np.zeros(n + horizon, dtype=bool)
    if start is not None and events:
        closed = planned.closed(events, start, n + horizon)
        if (np.isfinite(z) & ~closed[:n]).any():
            z = np.where(closed[:n], np.nan, z)
        named = planned.columns(events, start, n + horizon)
    if start is not None:
        named |= feasts.columns(start, n + horizon, country)
    feast = (
        np.any([column[:n] > 0 for column in named.values()], axis=0) if named else np.zeros(n, dtype=bool)
    )
    history = openings(z, feast)
    if rare.busy_share(history.z) < 0.5:
        return _Draft(*rare.intermittent(z, horizon))
    course = ensemble.course(history.z, history.known, horizon, start, named, season)
    found = [course.mean]
    for level in (0.80, 0.95):
        below, above = bands.widths(course.errors, course.origins, horizon, level)
        found += [course.mean - below * course.swell, course.mean + above * course.swell]
    # On a weekday on which the shop is shut only the outer bounds allow for a surprise.
    off = history.shut[(n + np.arange(horizon)) % WEEK]
    found[:3] = [np.where(off, 0.0, part) for part in found[:3]]
    found = [np.where(closed[n:], 0.0, part) for part in found]
    added = sums.measured(found[0], course.errors, course.origins)
    return _Draft(found, ", ".join([course.method, *history.notes]), added, course.explanation, course.season)
