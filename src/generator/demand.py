"""How busy the shop is: the demand curve, promotions, and how many baskets a minute gets.

Demand is a factor on the average rate: 1 is an average minute of 2026. It is the product of a part that
depends on the date (weekday, season of the year, trend, promotion, a little weather) and a part that depends
on the minute of the day, which averages 1, so that a day's total is its date's factor times 1440 minutes.
"""

import datetime as dt
import hashlib
import math
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import dice
from catalogue import CATEGORIES, PRODUCTS, cumulative

MINUTES_PER_DAY = 1440
_EPOCH_ORDINAL = dt.date(1970, 1, 1).toordinal()
_TREND_BASE = dt.date(2026, 1, 1).toordinal()
_TREND_PER_YEAR = 0.12
_TREND_FLOOR = 0.25
_WEATHER = 0.18  # a day is at most this share above or below its expected demand

_HOURS = (
    *(0.25, 0.15, 0.10, 0.10, 0.12, 0.20, 0.40, 0.70, 0.95, 1.10, 1.20, 1.30),
    *(1.40, 1.30, 1.20, 1.20, 1.25, 1.40, 1.60, 1.80, 1.85, 1.60, 1.10, 0.60),
)
_WEEKDAYS = (0.95, 0.93, 0.96, 1.00, 1.12, 1.14, 0.90)  # Monday first
_MONTHS = (0.86, 0.84, 0.92, 0.95, 0.97, 0.98, 0.96, 0.95, 1.00, 1.04, 1.25, 1.28)

_LINE_WEIGHTS = (0.55, 0.27, 0.12, 0.06)  # baskets of 1, 2, 3 and 4 order lines
MEAN_LINES = sum(lines * weight for lines, weight in enumerate(_LINE_WEIGHTS, start=1))
_LINES = cumulative(list(_LINE_WEIGHTS))


@dataclass(frozen=True, slots=True)
class Promotion:
    """A promotion: every year from `first` to `last` (month, day; both included, UTC).

    Products of its categories are sold with `percent` off, and their demand is multiplied by `uplift`.
    Promotions do not overlap (tested).
    """

    code: str
    first: tuple[int, int]
    last: tuple[int, int]
    categories: frozenset[str]
    percent: int
    uplift: float


_ALL = frozenset(CATEGORIES)
PROMOTIONS = (
    Promotion("NEWYEAR15", (1, 2), (1, 12), frozenset({"Computing", "Smart Home"}), 15, 1.35),
    Promotion("SPRING10", (3, 20), (3, 31), _ALL, 10, 1.20),
    Promotion("SUMMER15", (6, 15), (6, 30), frozenset({"Audio", "Photo"}), 15, 1.40),
    Promotion("SCHOOL12", (8, 20), (9, 5), frozenset({"Computing", "Mobile"}), 12, 1.45),
    Promotion("AUTUMN10", (10, 10), (10, 20), frozenset({"Wearables", "Smart Home"}), 10, 1.30),
    Promotion("BLACK20", (11, 20), (11, 30), _ALL, 20, 1.90),
    Promotion("XMAS10", (12, 8), (12, 20), frozenset({"Gaming", "Audio", "Wearables"}), 10, 1.50),
)


def _normalised(weights: tuple[float, ...]) -> tuple[float, ...]:
    mean = sum(weights) / len(weights)
    return tuple(weight / mean for weight in weights)


def _interpolated(points: tuple[float, ...], count: int) -> tuple[float, ...]:
    """`count` values on a circle through `points`, which stand in the middle of their intervals; mean 1."""
    values = []
    for index in range(count):
        position = (index + 0.5) / count * len(points) - 0.5
        before = math.floor(position)
        share = position - before
        values.append(points[before % len(points)] * (1 - share) + points[(before + 1) % len(points)] * share)
    return _normalised(tuple(values))


_MINUTE_PROFILE = _interpolated(_HOURS, MINUTES_PER_DAY)
_SEASON = _interpolated(_MONTHS, 366)
_WEEK = _normalised(_WEEKDAYS)


@dataclass(frozen=True, slots=True)
class Day:
    """What holds for a whole UTC date: demand factor, promotion, and the products' cumulative shares."""

    factor: float
    promotion: Promotion | None
    shares: list[float] = field(repr=False)

    def product(self, number: float) -> int:
        """Index in PRODUCTS for a number in [0, 1)."""
        return bisect_right(self.shares, number)


def promotion_on(date: dt.date) -> Promotion | None:
    """The promotion that runs on the date, if any."""
    today = (date.month, date.day)
    return next((promotion for promotion in PROMOTIONS if promotion.first <= today <= promotion.last), None)


@lru_cache(maxsize=16)
def _shares(promotion: Promotion | None) -> tuple[list[float], float]:
    weights = [
        product.weight * (promotion.uplift if promotion and product.category in promotion.categories else 1.0)
        for product in PRODUCTS
    ]
    return cumulative(weights), sum(weights)


@lru_cache(maxsize=2048)
def day(seed: int, number: int) -> Day:
    """Demand of the date that is `number` days after 1970-01-01."""
    date = dt.date.fromordinal(_EPOCH_ORDINAL + number)
    promotion = promotion_on(date)
    shares, uplift = _shares(promotion)
    trend = max(_TREND_FLOOR, 1 + _TREND_PER_YEAR * (date.toordinal() - _TREND_BASE) / 365.25)
    season = _SEASON[date.timetuple().tm_yday - 1]
    first, second, third, *_ = dice.uniforms(dice.root("weather", seed), number)
    weather = 1 + _WEATHER * ((first + second + third) / 1.5 - 1)
    return Day(_WEEK[date.weekday()] * season * trend * uplift * weather, promotion, shares)


def demand(seed: int, minute: int) -> float:
    """Demand factor of the UTC minute `minute` (minutes since 1970-01-01T00:00Z); always above 0."""
    number, of_day = divmod(minute, MINUTES_PER_DAY)
    return day(seed, number).factor * _MINUTE_PROFILE[of_day]


def baskets_per_rate(seed: int, minute: int) -> float:
    """Mean number of baskets in the minute per unit of rate (order lines per hour)."""
    return demand(seed, minute) / 60 / MEAN_LINES


def line_count(number: float) -> int:
    """Order lines of a basket, 1 to 4, for a number in [0, 1)."""
    return bisect_right(_LINES, number) + 1


def candidates(
    start: "hashlib.blake2b", seed: int, minute: int, rate: float
) -> Iterator[tuple[int, float, dice.Uniforms]]:
    """Baskets of the minute at `rate` order lines per hour: index, the lowest rate that has it, its numbers.

    A Poisson process with exponential gaps: basket i stands at the sum of the first i gaps, on a scale on
    which the minute's end is its mean count. So the count is Poisson with that mean, the baskets at a lower
    rate are a prefix of those at a higher one, and a basket's numbers depend on (start, minute, index) alone.
    """
    scale = baskets_per_rate(seed, minute)
    position = 0.0
    index = 0
    while True:
        numbers = dice.uniforms(start, minute, index)
        position -= math.log1p(-numbers[0])
        needed = position / scale
        if needed > rate:
            return
        yield index, needed, numbers
        index += 1
