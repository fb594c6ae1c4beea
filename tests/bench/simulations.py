"""Families of simulated daily series, for `make backtest-simulated`.

A family is a function of a random generator, the number of days and the first date. The order of its
draws is part of it: another order gives other series, and docs/projection.md quotes what these gave.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import cache

import holidays
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

import demand

Floats = NDArray[np.float64]
Family = Callable[[Generator, int, dt.date], Floats]

WEEK = 7
YEARS = range(2019, 2029)  # that have holidays here


def shops(rng: Generator, days: int, start: dt.date) -> Floats:
    """Revenue of shops of all sizes: a Poisson number of lines a day, with a week, a year and a trend."""
    week = repeated(profile(rng), days)
    year = yearly(rng, days, rng.uniform(0, 0.2))
    trend = rng.uniform(-0.3, 0.5) * np.arange(days) / 365
    busy = week * np.exp(year + trend + lagged(rng, days, 0.3, 0.05))
    lines = 10 ** rng.uniform(0.7, 3) * busy
    return np.array([rng.lognormal(3, 0.7, rng.poisson(mean)).sum() for mean in lines])


def log_random_walk_with_week(rng: Generator, days: int, start: dt.date) -> Floats:
    """A shop whose level wanders, by a share of itself."""
    week = repeated(profile(rng), days)
    steps = rng.normal(0, rng.uniform(0.02, 0.08), days)
    return 1000 * week * np.exp(np.cumsum(steps) * 0.7 + rng.normal(0, 0.08, days))


def random_walk(rng: Generator, days: int, start: dt.date) -> Floats:
    """A stock or a price: every day the day before, and a step."""
    level = np.cumsum(rng.normal(0, 1, days))
    return level - min(0, float(level.min())) + 20


def random_walk_with_week(rng: Generator, days: int, start: dt.date) -> Floats:
    """A wandering level, and weekdays that differ by fixed amounts."""
    level = np.cumsum(rng.normal(0, 1, days))
    return level - min(0, float(level.min())) + 30 + repeated(rng.normal(0, 4, WEEK), days)


def level_shifts(rng: Generator, days: int, start: dt.date) -> Floats:
    """A shop that moves or loses a large customer: about one lasting jump in 150 days."""
    level = np.ones(days)
    for day in rng.choice(days, max(1, days // 150), replace=False):
        level[day:] *= np.exp(rng.normal(0, 0.5))
    return 500 * level * repeated(profile(rng), days) * np.exp(rng.normal(0, 0.15, days))


def growth_or_decline(rng: Generator, days: int, start: dt.date) -> Floats:
    """A young business: it grows, or in one of three cases shrinks, by the same share every day."""
    growth = rng.uniform(0.3, 1.5) * float(rng.choice([1, 1, -1]))
    week = repeated(profile(rng), days)
    return 300 * week * np.exp(growth * np.arange(days) / 365 + lagged(rng, days, 0.5, 0.08))


def yearly_season(rng: Generator, days: int, start: dt.date) -> Floats:
    """Ice cream or heating: a season of the year that is larger than the week."""
    week = repeated(profile(rng, 0.25), days)
    year = yearly(rng, days, rng.uniform(0.3, 0.7))
    return 400 * week * np.exp(year + lagged(rng, days, 0.6, 0.1))


def intermittent_sales(rng: Generator, days: int, start: dt.date) -> Floats:
    """A spare part: a few pieces on one day in two to ten."""
    sold = np.clip(rng.uniform(0.1, 0.6) * repeated(profile(rng, 0.3), days), 0, 1)
    busy = rng.random(days) < sold
    return np.where(busy, 1.0 + rng.poisson(rng.uniform(0.5, 4), days), 0.0)


def outliers(rng: Generator, days: int, start: dt.date) -> Floats:
    """A steady shop whose records are wrong on three days in a hundred: multiples, or almost nothing."""
    values = 200 * repeated(profile(rng), days) * np.exp(rng.normal(0, 0.12, days))
    wrong = rng.random(days) < 0.03
    count = int(wrong.sum())
    values[wrong] *= np.where(rng.random(count) < 0.5, rng.uniform(2, 6, count), 0.05)
    return values


def cash_machines(rng: Generator, days: int, start: dt.date) -> Floats:
    """Withdrawals: paydays, Christmas, Easter, days out of order (zeros) and days not recorded (nan)."""
    dates = [start + dt.timedelta(day) for day in range(days)]
    month, of_month = np.array([day.month for day in dates]), np.array([day.day for day in dates])
    week = np.exp(np.array([-0.1, -0.05, 0, 0.15, 0.45, 0.2, -0.5]) + rng.normal(0, 0.25, WEEK))
    week /= week.mean()
    payday = rng.uniform(0, 0.25) * np.isin(of_month, [1, 2, 27, 28, 29, 30, 31])
    december = rng.uniform(0, 0.4) * ((month == 12) & (of_month > 8) & (of_month < 25))
    january = -rng.uniform(0, 0.25) * ((month == 1) & (of_month < 25))
    christmas = np.where((month == 12) & np.isin(of_month, [25, 26]), -1.2, 0)
    level = lagged(rng, days, 0.98, 0.03) + np.cumsum(rng.normal(0, 0.006, days))
    calendar = payday + december + january + around_easter(dates) * rng.uniform(0.3, 1) + christmas
    noise = rng.normal(0, rng.uniform(0.15, 0.4), days)
    values: Floats = 20 * week[weekdays(start, days)] * np.exp(level + calendar + noise)
    chance = rng.random(days)
    values[chance < 0.008] = 0
    values[(chance > 0.01) & (chance < 0.03)] = np.nan
    if rng.random() < 0.3 and days > 200:
        closed = rng.integers(0, days - 150)
        values[closed : closed + rng.integers(3, 15)] = 0
    return np.round(values, 2)


def strong_autocorrelation(rng: Generator, days: int, start: dt.date) -> Floats:
    """Demand that stays away from its mean for weeks, and comes back."""
    week = repeated(profile(rng, 0.2), days)
    return 500 * week * np.exp(lagged(rng, days, rng.uniform(0.85, 0.97), 0.1))


def heavy_tails(rng: Generator, days: int, start: dt.date) -> Floats:
    """Wholesale: a single large order can be a multiple of a usual day."""
    return 100 * repeated(profile(rng), days) * np.exp(0.25 * rng.standard_t(2.5, days).clip(-15, 15))


def promotions(rng: Generator, days: int, start: dt.date) -> Floats:
    """Units of a product that is on offer now and then, for three to fourteen days."""
    uplift = np.ones(days)
    day = int(rng.integers(5, 30))
    while day < days:
        length = int(rng.integers(3, 15))
        uplift[day : day + length] *= rng.uniform(1.3, 2.5)
        day += length + int(rng.integers(14, 60))
    expected = 60 * repeated(profile(rng), days) * uplift * np.exp(rng.normal(0, 0.1, days))
    return rng.poisson(expected).astype(float)


def web_visits(rng: Generator, days: int, start: dt.date) -> Floats:
    """Visits of a site: a wandering level, and bursts of attention that fade within days."""
    level = np.cumsum(rng.normal(0, 0.02, days)) + lagged(rng, days, 0.8, 0.06)
    bursts = np.zeros(days)
    for day in np.nonzero(rng.random(days) < 0.01)[0]:
        bursts[day:] += rng.exponential(1.0) * np.exp(-np.arange(days - day) / rng.uniform(1, 6))
    return np.round(2000 * repeated(profile(rng, 0.2), days) * np.exp(level + bursts))


def call_centres(rng: Generator, days: int, start: dt.date) -> Floats:
    """Calls to an office: none on Sundays, next to none on Saturdays and public holidays (US)."""
    week = np.array([1.3, 1.1, 1.0, 1.0, 0.95, 0.1, 0.0]) * np.exp(rng.normal(0, 0.05, WEEK))
    mean = rng.uniform(50, 400) * week[weekdays(start, days)]
    calls = rng.poisson(mean * np.exp(yearly(rng, days, 0.1) + lagged(rng, days, 0.7, 0.06))).astype(float)
    free = holidays_of("US")
    calls[[start + dt.timedelta(day) in free for day in range(days)]] *= 0.05
    return np.round(calls)


def electricity(rng: Generator, days: int, start: dt.date) -> Floats:
    """Load of a grid: it rises with the distance of the temperature from a mild one; little noise."""
    angle = 2 * np.pi * (np.arange(days) / 365.25 + rng.uniform())
    temperature = -np.cos(angle) * 10 + lagged(rng, days, 0.8, 2.0)
    week = repeated(profile(rng, 0.07), days)
    return 1000 * (1 + 0.012 * np.abs(temperature - 3)) * week * np.exp(rng.normal(0, 0.015, days))


def small_counts(rng: Generator, days: int, start: dt.date) -> Floats:
    """Units of a slow product: one to six a day, more uneven than Poisson's."""
    mean = rng.uniform(1, 6) * repeated(profile(rng), days) * np.exp(lagged(rng, days, 0.95, 0.08))
    return rng.negative_binomial(3, 3 / (3 + mean)).astype(float)


def changing_week(rng: Generator, days: int, start: dt.date) -> Floats:
    """A shop whose weekdays slowly change places."""
    weeks = np.zeros((days // WEEK + 2, WEEK))
    weeks[0] = rng.normal(0, 0.4, WEEK)
    for number in range(1, len(weeks)):
        weeks[number] = weeks[number - 1] + rng.normal(0, 0.05, WEEK)
    return 300 * np.exp(weeks.ravel()[:days] + rng.normal(0, 0.1, days) + lagged(rng, days, 0.9, 0.04))


def noise_only(rng: Generator, days: int, start: dt.date) -> Floats:
    """Nothing to learn but the level and its spread."""
    return 100 * np.exp(rng.normal(0, 0.3, days))


def generator_demand(rng: Generator, days: int, start: dt.date) -> Floats:
    """What this project's order generator sells: its demand curve, as in `make backtest`, on any dates."""
    first = (start - dt.date(1970, 1, 1)).days
    shop, lines = int(rng.integers(1, 10000)), 24 * rng.choice([0.5, 2, 10, 60])
    expected = [lines * demand.day(shop, first + day).factor for day in range(days)]
    return np.array([rng.lognormal(3.5, 0.8, rng.poisson(mean)).sum() for mean in expected])


# A family's place here is part of its seed: new ones go to the end.
FAMILIES: dict[str, Family] = {
    family.__name__: family
    for family in (
        shops, log_random_walk_with_week, random_walk, random_walk_with_week, level_shifts,
        growth_or_decline, yearly_season, intermittent_sales, outliers, cash_machines,
        strong_autocorrelation, heavy_tails, promotions, web_visits, call_centres, electricity,
        small_counts, changing_week, noise_only, generator_demand,
    )
}  # fmt: skip


def simulated(name: str, seed: int, history: int, number: int, ahead: int = 56) -> tuple[dt.date, Floats]:
    """Series `number` of a family: its first date, and `history` days with the `ahead` days after them."""
    rng = np.random.default_rng([seed, list(FAMILIES).index(name), history, number])
    start = dt.date(2021, 1, 1) + dt.timedelta(int(rng.integers(0, 900)))
    return start, FAMILIES[name](rng, history + ahead, start)


def profile(rng: Generator, spread: float = 0.35) -> Floats:
    """Seven factors with the mean 1, `spread` apart on a logarithmic scale."""
    week = np.exp(rng.normal(0, spread, WEEK))
    return np.asarray(week / week.mean())


def repeated(week: Floats, days: int) -> Floats:
    return np.resize(week, days)


def yearly(rng: Generator, days: int, size: float) -> Floats:
    """A smooth wave of a year with two overtones, around 0."""
    year, phase = np.arange(days) / 365.25, rng.uniform(0, 1, 3)
    return np.asarray(
        size * np.sin(2 * np.pi * (year + phase[0]))
        + size / 2 * np.sin(4 * np.pi * (year + phase[1]))
        + size / 4 * np.sin(6 * np.pi * (year + phase[2]))
    )


def lagged(rng: Generator, days: int, share: float, spread: float) -> Floats:
    """Noise around 0 of which `share` is left the day after: an autoregression of order 1."""
    values = rng.normal(0, spread, days)
    values[0] /= np.sqrt(1 - share**2)
    for day in range(1, days):
        values[day] += share * values[day - 1]
    return values


def weekdays(start: dt.date, days: int) -> NDArray[np.int64]:
    """0 for Monday."""
    return (start.weekday() + np.arange(days)) % WEEK


@cache
def holidays_of(country: str) -> holidays.HolidayBase:
    return holidays.country_holidays(country, years=YEARS)


def around_easter(dates: list[dt.date]) -> Floats:
    """0.35 on the four days before Easter Sunday, -0.3 on it and on the Monday."""
    found = np.zeros(len(dates))
    for friday in holidays_of("GB").get_named("Good Friday"):
        after = np.array([(day - friday).days for day in dates])
        found += 0.35 * ((after >= -2) & (after <= 1)) - 0.3 * ((after >= 2) & (after <= 3))
    return found
