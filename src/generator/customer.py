"""Customers: who buys, where they live, and the personal data that never reaches the lake.

A customer is a number; everything else follows from it. Regulars are a fixed group in which the first buy
most often (Zipf-like). The others come and go: numbers are taken from a window that moves on by a few numbers
a day and favour its newest end, so a customer buys more often at first and is gone after some months.
"""

import re
import unicodedata
from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING

import dice
from catalogue import cumulative
from demand import MINUTES_PER_DAY

if TYPE_CHECKING:
    from faker import Faker

ERASED = "erased"

_REGULARS = 500
_REGULAR_SHARE = 0.35
_WINDOW = 2000
_NEW_PER_DAY = 20
_FORGOTTEN_SHARE = 0.01

_COUNTRIES = {
    "United Kingdom": (0.62, "en_GB"),
    "Germany": (0.12, "de_DE"),
    "France": (0.10, "fr_FR"),
    "Netherlands": (0.07, "nl_NL"),
    "Ireland": (0.05, "en_IE"),
    "Spain": (0.04, "es_ES"),
}
COUNTRIES = tuple(_COUNTRIES)
_COUNTRY_SHARES = cumulative([share for share, _ in _COUNTRIES.values()])


def number_of(minute: int, kind: float, who: float) -> int:
    """Customer number for a basket of the minute; `kind` and `who` in [0, 1)."""
    if kind < _REGULAR_SHARE:
        return int(_REGULARS * who * who * who)
    newest = _REGULARS + _WINDOW + minute // MINUTES_PER_DAY * _NEW_PER_DAY
    return newest - int(_WINDOW * who * who)


def customer_id(number: int) -> str:
    return f"C{number:06d}"


@lru_cache(maxsize=20_000)
def home(seed: int, number: int) -> tuple[str, bool]:
    """The customer's country, and whether they ask to be forgotten after an order."""
    where, forgotten, *_ = dice.uniforms(dice.root("customer", seed), number)
    return COUNTRIES[bisect_right(_COUNTRY_SHARES, where)], forgotten < _FORGOTTEN_SHARE


@lru_cache(maxsize=20_000)
def identity(seed: int, number: int, country: str) -> tuple[str, str]:
    """Name and e-mail address (always of example.com, which RFC 2606 reserves).

    They are Faker's for this seed and number, so they follow the pinned version of Faker.
    """
    faker = _faker(_COUNTRIES[country][1])
    faker.seed_instance(f"{seed}/{number}")
    first, last = faker.first_name(), faker.last_name()
    local = re.sub(r"[^a-z.]", "", unicodedata.normalize("NFKD", f"{first}.{last}".lower()))
    return f"{first} {last}", f"{local}.{number}@example.com"


@lru_cache(maxsize=len(_COUNTRIES))
def _faker(locale: str) -> "Faker":
    # Imported on first use: 0.3 s that an invalid event or a repeated tick need not pay.
    from faker import Faker

    return Faker(locale)
