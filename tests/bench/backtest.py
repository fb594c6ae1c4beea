"""`make backtest`: the projection at rolling origins, against seasonal naive and installed libraries.

Series: the generator's demand curve as noisy shops of several sizes, with RETAIL=path the totals,
countries and products of an Online Retail file, and with SERIES=folder every *.csv in it: a column `date`
(ISO) and one for each series, a row per day; a day without a row or a value is a gap. BEFORE=folder compares
with the src/projector of an earlier version. Prints one table; docs/projection.md quotes it. The libraries
are too large to be requirements: `.venv/bin/uv pip install statsforecast prophet` adds them to the
environment. They take a second and more each: MOST=6 takes six series of a group, ORIGINS=1 one origin.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import demand
from tests.bench import retail_file
from tests.bench.forecasters import Series, models
from tests.bench.scores import Score

SEED = 5
DAYS = 730
ORIGINS = 2
HORIZONS = (28, 56)
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
    """Every CSV of a folder, a group each: a column `date`, and one for each series."""
    found = []
    for file in sorted(path.glob("*.csv")):
        with file.open(newline="") as lines:
            rows = {dt.date.fromisoformat(row["date"][:10]): row for row in csv.DictReader(lines)}
        first, last = min(rows), max(rows)
        days = [first + dt.timedelta(days=day) for day in range((last - first).days + 1)]
        for name in next(iter(rows.values())):
            if name == "date":
                continue
            values = np.array([float(rows[day][name] or "nan") if day in rows else np.nan for day in days])
            known = np.nonzero(np.isfinite(values))[0]
            if len(known):
                part = slice(known[0], known[-1] + 1)
                found.append(Series(file.stem[:18], days[known[0]], values[part]))
    return found


def spread(everything: list[Series], most: int) -> list[Series]:
    """At most so many series of each group, evenly spread over it."""
    found: list[Series] = []
    for group in dict.fromkeys(series.group for series in everything):
        same = [series for series in everything if series.group == group]
        found += [same[round(place)] for place in np.linspace(0, len(same) - 1, min(most, len(same)))]
    return found


def tasks(everything: list[Series], origins: int) -> Iterator[tuple[Series, int]]:
    """Series and origins: the last ones after which the longest horizon is known, that far apart."""
    for series in everything:
        last = len(series.values) - max(HORIZONS)
        for origin in range(last, last - origins * max(HORIZONS), -max(HORIZONS)):
            past = series.values[: max(0, origin)]
            if np.isfinite(past).sum() >= LEAST_DAYS and np.nanmax(np.abs(past)) > 0:
                yield series, origin


def row(group: str, horizon: int, name: str, scores: list[Score]) -> str:
    """The means over `scores`, those of one group or one for each; blank where a model has none."""
    columns = (
        (7, 3, [one.mase for one in scores]),
        (7, 3, [one.wape for one in scores]),
        (8, 2, [one.covered("80") for one in scores]),
        (8, 2, [one.covered("95") for one in scores]),
        (9, 1, [100 * one.bias for one in scores]),
        (9, 2, [one.covered_sum for one in scores]),
        (9, 1, [1000 * one.seconds / len(one.mases) for one in scores]),
    )
    line = f"{group:<18}{horizon:>4}  {name:<16}"
    for width, digits, values in columns:
        known = [value for value in values if np.isfinite(value)]
        line += f"{np.mean(known):{width}.{digits}f}" if known else " " * width
    return line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--retail", type=Path, help="an Online Retail CSV, gzip or plain")
    parser.add_argument(
        "--series", type=Path, help="a folder of CSV files: `date`, and a column for each series"
    )
    parser.add_argument("--before", type=Path, help="src/projector of an earlier version, to compare with")
    parser.add_argument("--most", type=int, default=1000, help="series of a group at most, evenly spread")
    parser.add_argument("--origins", type=int, default=ORIGINS, help=f"of each series ({ORIGINS})")
    parser.add_argument("--no-libraries", action="store_true", help="leave installed libraries out")
    given = parser.parse_args()
    everything = generated()
    everything += retail(given.retail) if given.retail else []
    everything += folder(given.series) if given.series else []
    compared = models(before=given.before, libraries=not given.no_libraries)
    print(
        f"{'series':<18}{'h':>4}  {'model':<16}{'MASE':>7}{'WAPE':>7}{'in 80%':>8}{'in 95%':>8}"
        f"{'bias %':>9}{'sum 80%':>9}{'ms each':>9}"
    )
    means: dict[tuple[int, str], list[Score]] = {}
    for group in dict.fromkeys(series.group for series in everything):
        same = [series for series in everything if series.group == group]
        scores: dict[tuple[int, str], Score] = {}
        for series, origin in tasks(spread(same, given.most), given.origins):
            for name, model in compared.items():
                for horizon in HORIZONS:
                    scores.setdefault((horizon, name), Score()).add(model, series, origin, horizon)
        for (horizon, name), score in sorted(scores.items(), key=lambda item: item[0][0]):
            if score.mases:
                print(row(group, horizon, name, [score]), flush=True)
                means.setdefault((horizon, name), []).append(score)
    for (horizon, name), groups in sorted(means.items(), key=lambda item: item[0][0]):
        print(row("mean of groups", horizon, name, groups))


if __name__ == "__main__":
    main()
