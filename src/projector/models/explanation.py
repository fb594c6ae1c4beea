"""In a sentence: what a projection rests on, and what changed since an earlier one."""

import datetime as dt

import numpy as np

from models import feasts
from models.additive import Forecasts
from models.design import Design
from models.smoothing import Floats

LEAST = 0.01  # a share that is worth saying
MOST_FEASTS = 4
GENERAL = (feasts.ANY, feasts.EVE)  # columns that others already name


def rests_on(days: int, found: Forecasts, design: Design, start: dt.date | None, horizon: int) -> str:
    """Of so many `days` with a value; percentages are of a projected day."""
    n = len(design.columns) - horizon
    parts = [f"{days:,} days of sales"]
    if abs(found.trend) >= LEAST:
        parts.append(f"a trend of {_percent(found.trend)} over the {horizon} days ahead")
    best = int(np.argmax(found.week))
    if found.week[best] >= LEAST:
        name = "one weekday" if start is None else f"{start + dt.timedelta(days=best):%A}s"
        parts.append(f"the week ({name} {_percent(float(found.week[best]))})")
    if abs(found.year) >= LEAST:
        parts.append(f"the time of year ({_percent(found.year)} against the last four weeks)")
    if start is not None and (ahead := _ahead(found, design, start, n)):
        parts.append("days of their own: " + ", ".join(ahead))
    return "Rests on " + "; ".join(parts) + "."


def changed(before: Floats, after: Floats, days: int) -> str:
    """Of two projections of the same days, the earlier one made so many `days` before."""
    old, new = float(np.sum(before)), float(np.sum(after))
    share = (new - old) / max(abs(old), 1e-12)
    if abs(new - old) <= LEAST * max(abs(old), abs(new)):
        return f"The last {days} days changed nothing much."
    more = "more" if new > old else "less"
    return f"The last {days} days made it {abs(100 * share):,.0f} % {more} than was expected before them."


def _ahead(found: Forecasts, design: Design, start: dt.date, n: int) -> list[str]:
    """The feasts and events ahead that matter most, in order of their days."""
    block = design.columns[n:, design.columns.shape[1] - len(design.names) :]
    added, mean = found.feasts[-1], found.mean[-1]
    share = added / np.maximum(np.abs(mean - added), 1e-12)
    named = [
        (day, name.removeprefix(feasts.HOLIDAY).removeprefix("event: "))
        for place, name in enumerate(design.names)
        if name not in GENERAL
        for day in np.nonzero(block[:, place])[0][:1]
        if abs(share[day]) >= LEAST
    ]
    named = list(dict(sorted(named)).items())
    largest = sorted(named, key=lambda pair: -abs(share[pair[0]]))[:MOST_FEASTS]
    return [
        f"{name} ({start + dt.timedelta(days=n + int(day)):%d %b}, {_percent(float(share[day]))})"
        for day, name in sorted(largest)
    ]


def _percent(share: float) -> str:
    return f"{100 * share:+,.0f} %"
