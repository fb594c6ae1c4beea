"""The columns of the additive model: what a day's sales are a sum of, on the working scale.

A level that is piecewise linear between knots, seven weekdays, the year and the month as harmonics, feasts.
Each column has the ridge penalty that draws its coefficient to zero; the level's knots are drawn to their
neighbours instead. Penalties are in units of one day's squared error of a series with variance 1.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.origins import stretch
from models.smoothing import WEEK, Floats

YEAR = 365.25
TREND = 0.3
LEVEL, WEEKDAY, HARMONIC, MONTH, FEAST, SEASON = 30.0, 0.5, 1.0, 30.0, 0.3, 0.3  # penalties
HARMONICS, MONTH_HARMONICS = 15, 3
YEAR_KNOWN, YEAR_SEEN = 550, 400  # days of history from which on the year is believed, and half believed
HALF_BELIEVED = 4.0
PROVEN = 2  # days of a feast in the history from which on they are no outliers
TINY = 1e-6  # keeps a column without any day solvable


@dataclass(frozen=True, slots=True)
class Season:
    """What year, month and feasts do to a series from `start` on, as far as it is projected: effect (days,),
    in standard deviations. Another series of the run, too young for a year of its own, may share it."""

    start: dt.date
    effect: Floats

    def column(self, start: dt.date, days: int) -> Floats:
        """(days,) from another start on; 0.0 where it is not known."""
        place = (start - self.start).days + np.arange(days)
        known = (place >= 0) & (place < len(self.effect))
        return np.where(known, self.effect[np.clip(place, 0, len(self.effect) - 1)], 0.0)


@dataclass(frozen=True, slots=True)
class Design:
    """columns (days, p): the first `knots` of them are the level; knot k is the day ends[k], the last one the
    last day of the history. order (p,): factors of the year's penalty by column, 0.0 for the others; ridge
    (p,): the others'. special (days,): days of feasts seen more than once;
    names: of the feasts, whose columns are the last ones; waves: the
    number of the year's columns, which is 1 where it is shared."""

    columns: Floats
    knots: int
    ends: NDArray[np.int64]
    ridge: Floats
    order: Floats
    special: NDArray[np.bool_]
    names: list[str]
    waves: int

    def penalty(self, days: int) -> Floats:
        """The diagonal (p,) for a history of so many days."""
        if days < YEAR_SEEN:
            return self.ridge + self.order * 1e9
        return self.ridge + self.order * HARMONIC * (HALF_BELIEVED if days < YEAR_KNOWN else 1.0)

    @property
    def roughness(self) -> Floats:
        """(p, p): the penalty on differences of neighbouring knots."""
        size = len(self.ridge)
        steps = np.zeros((size, size))
        inner = np.arange(self.knots - 1)
        steps[inner, inner] += LEVEL
        steps[inner + 1, inner + 1] += LEVEL
        steps[inner, inner + 1] -= LEVEL
        steps[inner + 1, inner] -= LEVEL
        return steps


def design(
    z: Floats, horizon: int, start: dt.date | None, named: Mapping[str, Floats], season: Season | None = None
) -> Design:
    """For a history z (n,) and `horizon` days after it; `named`: columns (n + horizon,) of feasts, events."""
    n = len(z)
    days = np.arange(n + horizon)
    step = stretch(n)
    ends = np.arange((n - 1) % step - step, n, step) if (n - 1) % step else np.arange(0, n, step)
    place = np.minimum(days, n - 1)
    level = np.maximum(0.0, 1 - np.abs(place[:, None] - ends[None, :]) / step)
    trend = ((days - (n - 1)) / YEAR)[:, None]
    blocks = [level, trend, np.eye(WEEK)[days % WEEK]]
    ridges = [np.zeros(len(ends)), np.array([TREND]), np.full(WEEK, WEEKDAY)]
    order = [np.zeros(len(ends) + 1 + WEEK)]
    if n >= YEAR_SEEN:
        turns = np.arange(1, HARMONICS + 1)
        blocks.append(_waves(days / YEAR, turns))
        ridges.append(np.zeros(2 * HARMONICS))
        order.append(np.tile(turns**2.0, 2))
    elif season and start:
        blocks.append(season.column(start, n + horizon)[:, None])
        ridges.append(np.array([SEASON]))
        order.append(np.zeros(1))
    waves = sum(block.shape[1] for block in blocks[3:])
    special = np.zeros(n + horizon, dtype=bool)
    if start is not None:
        turns = np.arange(1, MONTH_HARMONICS + 1)
        blocks.append(_waves(_of_month(start, n + horizon), turns))
        ridges.append(np.tile(MONTH * turns, 2))
        order.append(np.zeros(2 * MONTH_HARMONICS))
    # What no day of the history had has nothing to be learned from.
    names = [name for name, column in named.items() if column[:n].any()]
    if names:
        block = np.stack([named[name] for name in names], axis=1)
        blocks.append(block)
        ridges.append(np.full(len(names), FEAST))
        order.append(np.zeros(len(names)))
        # One day is no proof of a feast.
        special = block[:, block[:n].sum(axis=0) >= PROVEN].sum(axis=1) > 0
    return Design(
        np.concatenate(blocks, axis=1),
        len(ends),
        ends,
        np.concatenate(ridges) + TINY,
        np.concatenate(order),
        special,
        names,
        waves,
    )


def _waves(phase: Floats, turns: NDArray[np.int64]) -> Floats:
    """Cosines and sines (days, 2 * turns) of a phase in whole periods."""
    angle = 2 * np.pi * phase[:, None] * turns[None, :]
    return np.concatenate([np.cos(angle), np.sin(angle)], axis=1)


def _of_month(start: dt.date, days: int) -> Floats:
    """How much of its month is over at the beginning of each day, 0 to 1."""
    dates = np.datetime64(start, "D") + np.arange(days)
    months = dates.astype("datetime64[M]")
    begin = months.astype("datetime64[D]")
    length = (months + 1).astype("datetime64[D]") - begin
    return np.asarray((dates - begin) / length)
