"""Daily sums of an Online Retail file: revenue in all, by country, hour and price; units by product."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

DEAREST = 8  # pounds: prices from there on are one class

Sums = dict[str, np.ndarray]


@dataclass
class Retail:
    """Sums by name, each an array of the file's days from `start` on."""

    start: dt.date
    total: np.ndarray
    countries: Sums
    hours: Sums
    prices: Sums
    products: Sums


def read(path: Path) -> Retail:
    """Of a CSV file, gzip or plain. A price class is the whole pounds of an article's price."""
    kinds = ("total", "countries", "hours", "prices", "products")
    sums: dict[str, dict[str, dict[str, float]]] = {
        kind: defaultdict(lambda: defaultdict(float)) for kind in kinds
    }
    with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as lines:
        for row in csv.DictReader(lines):
            day, quantity, price = row["InvoiceDate"][:10], float(row["Quantity"]), float(row["UnitPrice"])
            names = ("", row["Country"], row["InvoiceDate"][11:13], str(min(DEAREST, int(price))))
            for kind, name in zip(kinds, names, strict=False):
                sums[kind][name][day] += quantity * price
            sums["products"][row["StockCode"]][day] += quantity
    start, end = (dt.date.fromisoformat(pick(sums["total"][""])) for pick in (min, max))
    days = [(start + dt.timedelta(days=day)).isoformat() for day in range((end - start).days + 1)]
    total, *others = (
        {name: np.array([of.get(day, 0.0) for day in days]) for name, of in sums[kind].items()}
        for kind in kinds
    )
    return Retail(start, total[""], *others)


def largest(sums: Sums) -> list[np.ndarray]:
    """The sums by size, the largest over all days first."""
    return [sums[name] for name in sorted(filter(None, sums), key=lambda name: -sums[name].sum())]
