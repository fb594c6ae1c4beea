"""Days that sell as no other day of their week: feasts by name, so that one that moves is found again.

Each is a column of zeros and ones over the days of a history and of the days after it. Without a country
they are those of the Christian year and of shops; with one, also its public holidays, each by its name, and
the days before them.
"""

import datetime as dt
from functools import lru_cache

import numpy as np

from models.smoothing import Floats

# Names under which shops' records know countries, where they are not in the holidays library.
ALIASES = {"eire": "IE", "usa": "US", "uk": "GB", "greatbritain": "GB", "rsa": "ZA", "uae": "AE"}
EASTER = {  # days after Easter Sunday
    "Holy Week": range(-6, -2),
    "Good Friday": range(-2, -1),
    "Easter Saturday": range(-1, 0),
    "Easter Sunday": range(1),
    "Easter Monday": range(1, 2),
}
FIXED = {  # month and days of it
    "before Christmas": (12, range(17, 24)),
    "24 December": (12, range(24, 25)),
    "25 December": (12, range(25, 26)),
    "26 December": (12, range(26, 27)),
    "after Christmas": (12, range(27, 31)),
    "31 December": (12, range(31, 32)),
    "1 January": (1, range(1, 2)),
}
THANKSGIVING = {
    "Thanksgiving": 0,
    "Black Friday": 1,
    "Cyber Monday": 4,
}  # days after the fourth Thursday of November
HOLIDAY = "holiday: "  # before the names of public holidays
ANY, EVE = "any holiday", "day before a holiday"


def columns(start: dt.date, days: int, country: str | None) -> dict[str, Floats]:
    """By name, arrays (days,) of 0.0 and 1.0 from `start` on; names that no day has are left out."""
    last = start + dt.timedelta(days=days - 1)
    found = {name: np.zeros(days) for name in (*EASTER, *FIXED, *THANKSGIVING)}

    def mark(name: str, day: dt.date) -> None:
        if start <= day <= last:
            found[name][(day - start).days] = 1.0

    for year in range(start.year, last.year + 1):
        sunday = easter(year)
        for name, offsets in EASTER.items():
            for offset in offsets:
                mark(name, sunday + dt.timedelta(days=offset))
        for name, (month, of_month) in FIXED.items():
            for day in of_month:
                mark(name, dt.date(year, month, day))
        thursday = thanksgiving(year)
        for name, offset in THANKSGIVING.items():
            mark(name, thursday + dt.timedelta(days=offset))
    if country:
        names = holiday_names(start, days + 1, country)
        for name in dict.fromkeys(filter(None, names[:days])):
            found[HOLIDAY + name] = np.array([float(other == name) for other in names[:days]])
        found[ANY] = np.array([float(bool(name)) for name in names[:days]])
        found[EVE] = np.array([float(bool(name)) for name in names[1:]])
    return {name: column for name, column in found.items() if column.any()}


def easter(year: int) -> dt.date:
    """Easter Sunday of the Gregorian calendar (Butcher's rule, The Ecclesiastical Calendar, 1876)."""
    golden, century, of_century = year % 19, year // 100, year % 100
    skipped = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - century // 4 - skipped + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (of_century // 4) - epact - of_century % 4) % 7
    shift = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * shift + 114, 31)
    return dt.date(year, month, day + 1)


def thanksgiving(year: int) -> dt.date:
    """The fourth Thursday of November."""
    first = dt.date(year, 11, 1)
    return first + dt.timedelta(days=(3 - first.weekday()) % 7 + 21)


def holiday_names(start: dt.date, days: int, country: str) -> list[str]:
    """The public holiday of each day ("" for none); all "" for a country that the holidays library lacks."""
    code = _code(country)
    if code is None:
        return [""] * days
    last = start + dt.timedelta(days=days)
    known = _holidays(code, start.year, last.year)
    return [known.get(start + dt.timedelta(days=day), "") for day in range(days)]


@lru_cache(maxsize=64)
def _holidays(code: str, first: int, last: int) -> dict[dt.date, str]:
    import holidays  # 0.1 s, and only where a country is known

    known = holidays.country_holidays(code, years=range(first, last + 1))
    # A holiday that is moved to a working day keeps its name: "Christmas Day (substitute day)" is its own.
    return {day: str(name) for day, name in known.items()}


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
