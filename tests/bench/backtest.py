"""`make backtest`: the projection at rolling origins, against seasonal naive and, if installed, AutoETS.

Series: the generator's demand curve as noisy shops of several sizes, with RETAIL=path the totals,
countries and products of an Online Retail file, and with SERIES=folder every *.csv in it: columns `date`
(ISO) and `value`, a row per day; a day without a row or a value is a gap. Prints one table;
docs/projection.md quotes it. AutoETS is statsforecast's, which is too large to be a requirement:
`.venv/bin/uv pip install statsforecast` adds it to the environment.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import gzip
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

import demand
from forecast import project

SEED = 5
DAYS = 730
ORIGINS = 3
RATES = (0.5, 2.0, 10.0, 60.0)  # order lines an hour: shops from 12 to 1,440 lines a day
SHOPS = 4


@dataclass
class Series:
    group: str
    start: dt.date
    values: np.ndarray
    country: str | None = None


@dataclass
class Score:
    """Sums over forecasts of one model on one group of series."""

    mase: list[float] = field(default_factory=list)
    error: float = 0.0
    actual: float = 0.0
    inside: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    seconds: float = 0.0


def generated() -> list[Series]:
    """The generator's daily demand, as revenue: Poisson numbers of lines with prices of a wide spread."""
    found: list[Series] = []
    for rate in RATES:
        for shop in range(SHOPS):
            # Spread over a year, so that the projected weeks are not the same ones for every shop.
            start = dt.date(2023, 1, 1) + dt.timedelta(days=23 * len(found))
            first = (start - dt.date(1970, 1, 1)).days
            rng = np.random.default_rng([SEED, shop, int(rate * 10)])
            expected = [24 * rate * demand.day(shop + 1, first + day).factor for day in range(DAYS)]
            values = np.array([rng.lognormal(3.5, 0.8, rng.poisson(mean)).sum() for mean in expected])
            found.append(Series("generator", start, values, "DE"))
    return found


def retail(path: Path) -> list[Series]:
    """Total, six countries (revenue) and fourteen products (units) of an Online Retail file."""
    revenue: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    units: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as lines:
        for row in csv.DictReader(lines):
            day, quantity = row["InvoiceDate"][:10], float(row["Quantity"])
            for name in ("", row["Country"]):
                revenue[name][day] += quantity * float(row["UnitPrice"])
            units[row["StockCode"]][day] += quantity
    start, end = (dt.date.fromisoformat(pick(revenue[""])) for pick in (min, max))
    days = [(start + dt.timedelta(days=day)).isoformat() for day in range((end - start).days + 1)]

    def largest(of: dict[str, dict[str, float]], count: int) -> list[str]:
        return sorted((name for name in of if name), key=lambda name: -sum(of[name].values()))[:count]

    def values(one: dict[str, float]) -> np.ndarray:
        return np.array([one.get(day, 0.0) for day in days])

    return [
        Series("retail total", start, values(revenue[""]), "GB"),
        *(Series("retail countries", start, values(revenue[name]), name) for name in largest(revenue, 6)),
        *(Series("retail products", start, values(units[name]), "GB") for name in largest(units, 14)),
    ]


def folder(path: Path) -> list[Series]:
    """Every CSV of a folder, as one group named as the folder."""
    found = []
    for file in sorted(path.glob("*.csv")):
        with file.open(newline="") as lines:
            values = {dt.date.fromisoformat(row["date"][:10]): row["value"] for row in csv.DictReader(lines)}
        days = [min(values) + dt.timedelta(days=day) for day in range((max(values) - min(values)).days + 1)]
        found.append(
            Series(path.name[:18], days[0], np.array([float(values.get(day) or "nan") for day in days]))
        )
    return found


Model = Callable[[Series, int, int], dict[str, np.ndarray]]


def ours(series: Series, origin: int, horizon: int) -> dict[str, np.ndarray]:
    found = project(series.values[:origin], horizon, start=series.start, country=series.country)
    return {name: getattr(found, name) for name in ("mean", "lo80", "hi80", "lo95", "hi95")}


def seasonal_naive(series: Series, origin: int, horizon: int) -> dict[str, np.ndarray]:
    return {"mean": np.resize(filled(series.values[:origin])[-7:], horizon)}


def filled(past: np.ndarray) -> np.ndarray:
    """A gap as the same day of the last week that has it; before there is one, as the median."""
    found = past.copy()
    for day in range(len(found)):
        if np.isnan(found[day]):
            found[day] = found[day - 7] if day >= 7 else np.nanmedian(past)
    return found


def auto_ets() -> Model | None:
    try:
        models: Any = import_module("statsforecast.models")
    except ImportError:
        return None
    model = models.AutoETS(season_length=7)

    def forecast(series: Series, origin: int, horizon: int) -> dict[str, np.ndarray]:
        found = model.forecast(filled(series.values[:origin]), h=horizon, level=[80, 95])
        names = {"mean": "mean", "lo-80": "lo80", "hi-80": "hi80", "lo-95": "lo95", "hi-95": "hi95"}
        return {names[name]: values for name, values in found.items()}

    return forecast


def score(model: Model, series: Series, horizon: int, into: Score) -> None:
    last = len(series.values) - horizon
    for origin in range(last, last - ORIGINS * horizon, -horizon):
        if origin < 60:
            break
        truth = series.values[origin : origin + horizon]
        known = np.isfinite(truth)
        if not known.any():
            continue
        begin = time.perf_counter()
        found = model(series, origin, horizon)
        into.seconds += time.perf_counter() - begin
        past = series.values[:origin]
        error = np.abs(truth - found["mean"])[known]
        into.mase.append(float(error.mean() / max(np.nanmean(np.abs(past[7:] - past[:-7])), 1e-9)))
        into.error += float(error.sum())
        into.actual += float(np.abs(truth[known]).sum())
        for level in ("80", "95"):
            if f"lo{level}" in found:
                inside = (found[f"lo{level}"] <= truth) & (truth <= found[f"hi{level}"])
                into.inside[level] += inside[known].tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--retail", type=Path, help="an Online Retail CSV, gzip or plain")
    parser.add_argument("--series", type=Path, help="a folder of CSV files with the columns date and value")
    given = parser.parse_args()
    everything = generated()
    everything += retail(given.retail) if given.retail else []
    everything += folder(given.series) if given.series else []
    models: dict[str, Model | None] = {
        "projection": ours, "seasonal naive": seasonal_naive, "AutoETS": auto_ets()
    }  # fmt: skip
    head = (
        f"{'series':<18}{'h':>4}  {'model':<16}{'MASE':>7}{'WAPE':>7}{'in 80%':>8}{'in 95%':>8}{'ms each':>9}"
    )
    print(head)
    for group in dict.fromkeys(one.group for one in everything):
        for horizon in (28, 56):
            for name, model in models.items():
                if model is None:
                    continue
                total = Score()
                for series in everything:
                    if series.group == group:
                        score(model, series, horizon, total)
                covered = [
                    f"{np.mean(total.inside[level]):8.2f}" if total.inside[level] else f"{'':8}"
                    for level in ("80", "95")
                ]
                print(
                    f"{group:<18}{horizon:>4}  {name:<16}{np.mean(total.mase):7.3f}"
                    f"{total.error / max(total.actual, 1e-9):7.3f}{''.join(covered)}"
                    f"{1000 * total.seconds / len(total.mase):9.1f}"
                )


if __name__ == "__main__":
    main()
