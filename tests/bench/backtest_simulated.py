"""`make backtest-simulated`: the projection against seasonal naive and libraries on simulated families.

Twelve series of each family (simulations.py) and length of history, projected once, 28 and 56 days ahead;
neither start nor country is given. With RETAIL=path also products of an Online Retail file of ranks 65 to
114 by units, and every other one of its sums by hour and price class, at three origins each. SEED chooses
the series: 900, the default, are those that docs/projection.md quotes; the projection's settings were
chosen on 100 and 200, so these two flatter it. FAMILY=cash_machines,shops takes these only. BEFORE=folder
compares with the src/projector of an earlier version; the last column is then by how much MASE changed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.bench import retail_file
from tests.bench.forecasters import BEFORE, Model, Series, models
from tests.bench.scores import Score
from tests.bench.simulations import FAMILIES, simulated

SEED = 900
HORIZONS = (28, 56)
LENGTHS = (60, 120, 300, 730)  # of history
EACH = 12
LEAST_KNOWN = 30  # days of history with a value
RETAIL_ORIGINS = (100, 128, 156)
RETAIL_RANKS = slice(64, 114)  # by units; the settings were chosen on better-selling products
LEAST_SOLD = 5  # days of a product's history
EMPTY_SUM = 0.5  # sums with no revenue on as many days are left out
WIDTH = 27  # of the tables' first column


@dataclass(frozen=True)
class Task:
    """A series and the day before which its history ends."""

    series: Series
    origin: int


@dataclass(frozen=True)
class Cell:
    """What one line of a table can be about."""

    family: str
    origin: int
    horizon: int


Scores = dict[Cell, dict[str, Score]]  # by model


def simulations(family: str, seed: int) -> Iterator[Task]:
    for history in LENGTHS:
        for number in range(EACH):
            start, values = simulated(family, seed, history, number, max(HORIZONS))
            past = values[:history]
            # Of a history that is all gaps or zeros there is nothing to compare.
            if np.isfinite(past).sum() >= LEAST_KNOWN and np.nanmax(past) > 0:
                yield Task(Series(family, start, values), history)


def retail(path: Path) -> Iterator[Task]:
    """Products and sums on which no setting was chosen."""
    file = retail_file.read(path)
    classes = [of[name] for of in (file.hours, file.prices) for name in sorted(of, key=by_text)]
    groups = {
        "retail products": retail_file.largest(file.products)[RETAIL_RANKS],
        "retail sums": [values for values in classes[1::2] if (values == 0).mean() < EMPTY_SUM],
    }
    for group, all_values in groups.items():
        for values in all_values:
            for origin in RETAIL_ORIGINS:
                if np.count_nonzero(values[:origin]) >= LEAST_SOLD:
                    yield Task(Series(group, file.start, values), origin)


def by_text(name: str) -> str:
    """Hours and prices without leading zeros: "10" before "6"."""
    return str(int(name))


def scored(tasks: Iterable[Task], compared: Mapping[str, Model]) -> Scores:
    """Every model's errors; says on stderr how far it is."""
    found: Scores = {}
    family, count, begin = "", 0, time.perf_counter()
    for task in tasks:
        if task.series.group != family:
            family = task.series.group
            print(f"{time.perf_counter() - begin:5.0f} s, {count} series: {family}", file=sys.stderr)
        for horizon in HORIZONS:
            scores = found.setdefault(
                Cell(family, task.origin, horizon), {name: Score() for name in compared}
            )
            for name, model in compared.items():
                scores[name].add(model, task.series, task.origin, horizon)
        count += 1
    print(f"{time.perf_counter() - begin:5.0f} s, {count} series", file=sys.stderr)
    return found


def table(title: str, scores: Scores, label: Callable[[Cell], str]) -> Iterator[str]:
    """Mean MASE of every model, and the projection's intervals, by label and horizon."""
    names = list(next(iter(scores.values())))
    columns = "".join(f"{name:>16}" for name in names)
    change = f"{'change':>9}" if BEFORE in names else ""
    yield f"{title:<{WIDTH}}{'h':>4}{'forecasts':>11}{columns}{'in 80%':>8}{'in 95%':>8}{change}"
    for row, horizon in dict.fromkeys((label(cell), cell.horizon) for cell in scores):
        cells = [cell for cell in scores if (label(cell), cell.horizon) == (row, horizon)]
        sums = {name: Score.together(scores[cell][name] for cell in cells) for name in names}
        ours = sums["projection"]
        errors = "".join(f"{sums[name].mase:16.3f}" for name in names)
        covered = "".join(
            f"{share:8.2f}" if np.isfinite(share := ours.covered(level)) else " " * 8
            for level in ("80", "95")
        )
        change = f"{ours.mase / sums[BEFORE].mase - 1:+9.1%}" if BEFORE in names else ""
        yield f"{row:<{WIDTH}}{horizon:>4}{len(ours.mases):>11}{errors}{covered}{change}"


def naive_wins(scores: Scores) -> str:
    """In how many cells seasonal naive was the better one, and how surely."""
    errors = []
    for models_of_cell in scores.values():
        ours, naive = (np.array(models_of_cell[name].mases) for name in ("projection", "seasonal naive"))
        lead = ours - naive
        if lead.mean() > 0:
            errors.append(lead.mean() / max(lead.std() / np.sqrt(len(lead)), 1e-9))
    text = f"Seasonal naive was better in {len(errors)} of {len(scores)} cells of family, length and horizon"
    return f"{text}, by at most {max(errors):.1f} standard errors." if errors else f"{text}."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the simulated series ({SEED})")
    parser.add_argument("--family", help=f"only these, by comma: {', '.join(FAMILIES)}")
    parser.add_argument("--retail", type=Path, help="an Online Retail CSV, gzip or plain")
    parser.add_argument("--before", type=Path, help="src/projector of an earlier version, to compare with")
    parser.add_argument("--no-libraries", action="store_true", help="leave installed libraries out")
    given = parser.parse_args()
    families = given.family.split(",") if given.family else list(FAMILIES)
    if unknown := [name for name in families if name not in FAMILIES]:
        parser.error(f"there is no family {unknown[0]}; there are {', '.join(FAMILIES)}")
    compared = models(dates=False, before=given.before, libraries=not given.no_libraries)
    invented = scored((task for family in families for task in simulations(family, given.seed)), compared)
    sold = scored(retail(given.retail), compared) if given.retail else {}
    print(*table("family", {**invented, **sold}, lambda cell: cell.family.replace("_", " ")), sep="\n")
    print(*table("\nhistory, simulated", invented, lambda cell: f"{cell.origin} days"), sep="\n")
    print(f"\n{naive_wins(invented)}")


if __name__ == "__main__":
    main()
