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
from pathlib import Path

import numpy as np

import demand
from tests.bench import retail_file
from tests.bench.forecasters import Series, models
from tests.bench.scores import Score

SEED = 5
DAYS = 730
ORIGINS = 3
LEAST_DAYS = 60  # of history
RATES = (0.5, 2.0, 10.0, 60.0)  # order lines an hour: shops from 12 to 1,440 lines a day
SHOPS = 4


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
    file = retail_file.read(path)
    countries = sorted(file.countries, key=lambda name: -file.countries[name].sum())[:6]
    return [
        Series("retail total", file.start, file.total, "GB"),
        *(Series("retail countries", file.start, file.countries[name], name) for name in countries),
        *(
            Series("retail products", file.start, values, "GB")
            for values in retail_file.largest(file.products)[:14]
        ),
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--retail", type=Path, help="an Online Retail CSV, gzip or plain")
    parser.add_argument("--series", type=Path, help="a folder of CSV files with the columns date and value")
    given = parser.parse_args()
    everything = generated()
    everything += retail(given.retail) if given.retail else []
    everything += folder(given.series) if given.series else []
    print(
        f"{'series':<18}{'h':>4}  {'model':<16}{'MASE':>7}{'WAPE':>7}{'in 80%':>8}{'in 95%':>8}{'ms each':>9}"
    )
    for group in dict.fromkeys(one.group for one in everything):
        for horizon in (28, 56):
            for name, model in models().items():
                total = Score()
                for series in everything:
                    if series.group == group:
                        last = len(series.values) - horizon
                        for origin in range(last, last - ORIGINS * horizon, -horizon):
                            if origin >= LEAST_DAYS:
                                total.add(model, series, origin, horizon)
                print(
                    f"{group:<18}{horizon:>4}  {name:<16}{total.mase:7.3f}{total.wape:7.3f}"
                    f"{total.covered('80')}{total.covered('95')}"
                    f"{1000 * total.seconds / len(total.mases):9.1f}"
                )


if __name__ == "__main__":
    main()
