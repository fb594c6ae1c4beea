"""`make backtest-hierarchy`: ways to make parts add up to their total, on days that came after.

The series of each file of SERIES=folder, and the countries of RETAIL=path, are the parts, at most fourteen
with the rest as one, and their sum the total; 28 days ahead of several past days, a month or two apart. MASE
of the parts, and of the total:

    apart          parts and total as they were projected; they do not add up
    bottom-up      the total is the parts' sum
    proportional   the total stays, and all parts are multiplied alike: hierarchy.py
    width          the total stays, and the parts share the difference by the widths of their intervals
    MinT           all give way by their variances, from the widths: minimum trace with a diagonal matrix
                   (Wickramasuriya and others, Optimal Forecast Reconciliation, 2019)
"""

from __future__ import annotations

import argparse
import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forecast import Projection, project
from hierarchy import reconciled
from tests.bench import retail_file
from tests.bench.backtest import folder
from tests.bench.forecasters import MONTH, WEEK

MOST_PARTS = 14
ORIGINS = 4
LONG = 400  # days from which on origins are two months apart, not one
LEAST_KNOWN = 0.9  # share of a part's days
LEAST_DAYS = 90  # of history

Means = dict[str, tuple[np.ndarray, np.ndarray]]  # of a way: parts (parts, days), total (days,)


@dataclass(frozen=True)
class Panel:
    """Parts (parts, days) that begin at `start`."""

    name: str
    start: dt.date
    parts: np.ndarray


def panels(series: Path | None, retail: Path | None) -> Iterator[Panel]:
    if retail:
        file = retail_file.read(retail)
        yield Panel("retail countries", file.start, _grouped(np.array(retail_file.largest(file.countries))))
    everything = folder(series) if series else []
    for group in dict.fromkeys(one.group for one in everything):
        same = [one for one in everything if one.group == group]
        start = max(one.start for one in same)
        days = min(len(one.values) - (start - one.start).days for one in same)
        values = np.array([one.values[(start - one.start).days :][:days] for one in same])
        whole = values[np.isfinite(values).mean(axis=1) >= LEAST_KNOWN]
        yield Panel(group, start, _grouped(np.nan_to_num(whole)))


def _grouped(parts: np.ndarray) -> np.ndarray:
    if len(parts) <= MOST_PARTS + 1:
        return parts
    return np.vstack([parts[:MOST_PARTS], parts[MOST_PARTS:].sum(axis=0)])


def ways(total: Projection, parts: list[Projection], signed: list[bool]) -> Means:
    means = np.array([part.mean for part in parts])
    widths = np.array([part.hi80 - part.lo80 for part in parts]) + 1e-9
    gap = total.mean - means.sum(axis=0)
    own, others = (total.hi80 - total.lo80) ** 2, widths**2
    given = own / (own + others.sum(axis=0))
    moved = others / others.sum(axis=0) * (1 - given) * gap
    return {
        "apart": (means, total.mean),
        "bottom-up": (means, means.sum(axis=0)),
        "proportional": (np.array([one.mean for one in reconciled(total, parts, signed)]), total.mean),
        "width": (means + widths / widths.sum(axis=0) * gap, total.mean),
        "MinT": (means + moved, total.mean - given * gap),
    }


def scored(panel: Panel) -> dict[str, tuple[float, float]]:
    """MASE of a way's parts and total, means over origins."""
    errors: dict[str, list[tuple[float, float]]] = defaultdict(list)
    days = panel.parts.shape[1]
    for month in range(ORIGINS):
        origin = days - MONTH * (1 + month * (2 if days >= LONG else 1))
        if origin < LEAST_DAYS:
            break
        past, truth = panel.parts[:, :origin], panel.parts[:, origin : origin + MONTH]
        parts = [project(values, MONTH, start=panel.start) for values in past]
        total = project(past.sum(axis=0), MONTH, start=panel.start)
        signed = [bool((values < 0).any()) for values in past]
        for way, (of_parts, of_total) in ways(total, parts, signed).items():
            each = [_mase(*three) for three in zip(past, truth, of_parts, strict=True)]
            errors[way].append((float(np.mean(each)), _mase(past.sum(axis=0), truth.sum(axis=0), of_total)))
    return {way: (float(np.mean([a for a, _ in each])), float(np.mean([b for _, b in each])))
            for way, each in errors.items()}  # fmt: skip


def _mase(past: np.ndarray, truth: np.ndarray, mean: np.ndarray) -> float:
    return float(np.abs(truth - mean).mean() / max(np.abs(past[WEEK:] - past[:-WEEK]).mean(), 1e-9))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--retail", type=Path, help="an Online Retail CSV, gzip or plain")
    parser.add_argument("--series", type=Path, help="a folder of CSV files, as for make backtest")
    given = parser.parse_args()
    found = {panel.name: scored(panel) for panel in panels(given.series, given.retail)}
    if not found:
        parser.error("name RETAIL or SERIES")
    names = list(next(iter(found.values())))
    for place, what in enumerate(("parts", "total")):
        print(f"{what:<18}" + "".join(f"{name:>14}" for name in names))
        for panel, of_ways in found.items():
            print(f"{panel:<18}" + "".join(f"{of_ways[name][place]:14.3f}" for name in names))
        means = [np.mean([of_ways[name][place] for of_ways in found.values()]) for name in names]
        print(f"{'mean':<18}" + "".join(f"{mean:14.3f}" for mean in means))


if __name__ == "__main__":
    main()
