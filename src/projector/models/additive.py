"""The additive model as members of the ensemble: level, weekday, year, month and feasts, added up."""

from dataclasses import dataclass

import numpy as np

from models import ridge
from models.design import YEAR, Design
from models.scale import Scale
from models.smoothing import WEEK, Days, Floats

RECENT = 364  # days whose median is the zero of the working scale
DAMPING = 0.99  # of the trend, a day


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Made before each origin, in the units of the history.

    mean (origins, horizon), and what of it `feasts` add, of the same shape. Of the last origin, as shares of
    a projected day: what `trend` and the time of `year` add over the horizon, the latter against the last
    four weeks, and what each weekday does, week (7,); and what year, month and feasts do on each day of
    history and horizon, season (n + horizon,), on the standardised scale.
    """

    mean: Floats
    feasts: Floats
    trend: float
    year: float
    week: Floats
    season: Floats


def forecasts(z: Floats, design: Design, scale: Scale, origins: Days, horizon: int) -> Forecasts:
    """Of a history z (n,); the trend fades."""
    work = scale.forward(z)
    known = work[np.isfinite(work)]
    recent = work[-RECENT:]
    recent = recent[np.isfinite(recent)]
    middle = float(np.median(recent if len(recent) else known))
    spread = float(np.std(known)) + 1e-9
    found = ridge.coefficients(design, (work - middle) / spread, origins)
    knots = design.knots
    slope = found[:, knots] / YEAR
    ends = np.searchsorted(design.ends, origins - 1)
    level = found[np.arange(len(origins)), ends] + slope * (origins - len(z))
    growth = slope[:, None] * np.cumsum(DAMPING ** np.arange(1, horizon + 1))
    columns = design.columns[origins[:, None] + np.arange(horizon)]
    last = columns.shape[2] - len(design.names)
    usual = np.einsum("ohp,op->oh", columns[:, :, knots + 1 : last], found[:, knots + 1 : last])
    added = np.einsum("ohp,op->oh", columns[:, :, last:], found[:, last:])
    low, high = float(known.min()), float(known.max())
    span = high - low

    def units(course: Floats) -> Floats:
        return scale.back(np.clip(middle + spread * course, low - span, high + 0.7 * span))

    without = level[:, None] + growth + usual
    mean, ordinary = units(without + added), units(without)
    size = max(float(np.mean(np.abs(ordinary[-1]))), 1e-12)

    def share(course: Floats) -> float:
        return float(np.mean(ordinary[-1] - units(without[-1] - course))) / size

    year = slice(knots + 1 + WEEK, knots + 1 + WEEK + design.waves)
    seasonal = design.columns[:, year] @ found[-1, year]
    others = slice(year.stop, None)
    n = len(z)
    weekdays = found[-1, knots + 1 : knots + 1 + WEEK]
    week = units(np.mean(without[-1]) + weekdays - weekdays.mean())
    return Forecasts(
        mean,
        mean - ordinary,
        share(growth[-1]),
        share(seasonal[n:] - seasonal[max(0, n - 4 * WEEK) : n].mean()),
        week / max(float(week.mean()), 1e-12) - 1,
        seasonal + design.columns[:, others] @ found[-1, others],
    )
