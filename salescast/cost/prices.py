"""List prices, from one dated file: prices.json says of each what it is per, and where it was looked up."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("prices.json")


@dataclass(frozen=True)
class Price:
    """US dollars, what for, and where that is from; `unsure` rests on a single source."""

    usd: float
    per: str
    source: str
    unsure: bool = False


@dataclass(frozen=True)
class Prices:
    """The list prices of a region, as looked up in a month (yyyy-MM)."""

    region: str
    looked_up: str
    of: dict[str, Price]

    def __getitem__(self, name: str) -> float:
        return self.of[name].usd


@cache
def prices() -> Prices:
    """The prices of the file."""
    content = json.loads(FILE.read_text())
    listed = {name: Price(**price) for name, price in content["prices"].items()}
    return Prices(content["region"], content["looked_up"], listed)
