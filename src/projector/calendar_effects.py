"""What the year does to a series: last year's course, days that were special a year ago, public holidays.

Each is a matrix (origins, horizon) of what it would add to a forecast, made at every origin from the
days before it. How much of it is believed is fitted on the errors of the rolling origins (`fitted`).
"""

import datetime as dt
from functools import lru_cache

import numpy as np

from smoothing import WEEK, Days, Floats

YEAR = 364  # 52 weeks: a year later on the same weekday
LEAST = YEAR + 60
SPECIAL = 3.6  # median absolute deviations from its surroundings that make a day special
# Names under which shops' records know countries, where they are not in the holidays library.
ALIASES = {"eire": "IE", "usa": "US", "uk": "GB", "greatbritain": "GB", "rsa": "ZA", "uae": "AE"}


def residuals(z: Floats) -> tuple[Floats, Floats]:
    """Each day's local level (n,), and how far off it the day was (n,), both without the weekly profile."""
    n = len(z)
    profile = np.array([np.median(z[day::WEEK]) for day in range(WEEK)])
    flat = z - np.resize(profile, n)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(flat, 7, mode="reflect"), 15)
    local = np.median(windows, axis=1)
    return local, flat - local


def last_year(z: Floats, origins: Days, horizon: int) -> Floats:
    """The change from the origin to the day a year before (mean of two years where there are), smoothed."""
    local, off = residuals(z)
    limit = SPECIAL * _spread(off)
    calm = local + np.clip(off, -limit, limit)
    wide = _moving_mean(calm, 29)
    course = (_moving_mean(calm, 9) + wide) / 2
    change = np.zeros((len(origins), horizon))
    years = np.zeros((len(origins), horizon))
    for lag in (YEAR, 2 * YEAR):
        reference = origins[:, None] - 1 - lag
        # Smoothing looks 14 days ahead, all of them before the origin as long as the horizon is below 300.
        day = origins[:, None] + np.arange(horizon) - lag
        known = np.broadcast_to(reference >= WEEK * 2, day.shape)
        change += np.where(known, course[np.maximum(day, 0)] - wide[np.maximum(reference, 0)], 0.0)
        years += known
    return np.asarray(change / np.maximum(years, 1))


def anniversaries(z: Floats, origins: Days, horizon: int) -> Floats:
    """How far off their surroundings special days were 365 days before."""
    off = residuals(z)[1]
    special = np.where(np.abs(off) > SPECIAL * _spread(off), off, 0.0)
    day = origins[:, None] + np.arange(horizon) - 365
    return np.where(day >= 0, special[np.maximum(day, 0)], 0.0)


def holiday_effects(z: Floats, origins: Days, horizon: int, names: list[str]) -> Floats:
    """Mean deviation on earlier days of the same name, drawn to the mean of all holidays where few are known.

    `names` has a name ("" for none) for each day of the history and of the horizon after it.
    """
    off = residuals(z)[1]
    seen = [(day, name) for day, name in enumerate(names[: len(z)]) if name]
    effects = np.zeros((len(origins), horizon))
    for row, origin in enumerate(origins):
        past = [(name, off[day]) for day, name in seen if day < origin - WEEK]
        if not past:
            continue
        overall = sum(value for _, value in past) / (len(past) + 3)
        for step in range(horizon):
            if name := names[origin + step] if origin + step < len(names) else "":
                same = [value for known, value in past if known == name]
                effects[row, step] = (sum(same) + overall) / (len(same) + 1)
    return effects


def holiday_names(start: dt.date, days: int, country: str) -> list[str]:
    """The public holiday of each day ("" for none); all "" for a country that the holidays library lacks."""
    code = _code(country)
    if code is None:
        return [""] * days
    import holidays  # 0.1 s, and only where a country is known

    last = start + dt.timedelta(days=days)
    known = holidays.country_holidays(code, years=range(start.year, last.year + 1))
    return [str(known.get(start + dt.timedelta(days=day), "")) for day in range(days)]


@lru_cache(maxsize=256)
def _code(country: str) -> str | None:
    """The library's code of a country given by ISO code or name."""
    from holidays.registry import COUNTRIES

    wanted = "".join(letter for letter in country.lower() if letter.isalnum())
    wanted = ALIASES.get(wanted, wanted).lower()
    for module, (name, *codes) in COUNTRIES.items():
        if wanted in (module.replace("_", ""), name.lower(), *(code.lower() for code in codes)):
            return str(codes[0])
    return None


def fitted(effect: Floats, errors: Floats, prior: float, weight: float) -> float:
    """How much of an effect to believe, 0 to 1: least squares on clipped errors, drawn to `prior`.

    effect and errors: (origins, horizon), errors nan where the day has not come. `weight`: what the prior
    weighs as a share of the evidence.
    """
    known = np.isfinite(errors) & (effect != 0)
    if not known.any():
        return prior
    clip = 4 * float(np.median(np.abs(errors[known])))
    squares = float(np.sum(effect[known] ** 2))
    product = float(np.sum(effect[known] * np.clip(errors[known], -clip, clip)))
    if squares < 1e-18:
        return 0.0
    return float(np.clip((product / squares + prior * weight) / (1 + weight), 0.0, 1.0))


def _spread(values: Floats) -> float:
    return float(np.median(np.abs(values - np.median(values)))) + 1e-12


def _moving_mean(values: Floats, width: int) -> Floats:
    ones = np.ones(width)
    return np.asarray(np.convolve(values, ones, "same") / np.convolve(np.ones(len(values)), ones, "same"))
