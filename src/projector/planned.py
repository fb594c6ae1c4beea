"""What is known of days to come: promotions and closures, by name and date, in the past and ahead."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.openings import Flags
from models.smoothing import Floats

EVENT = "event: "  # before their names


@dataclass(frozen=True, slots=True)
class Event:
    """From `first` to `last`, both included. Events of one name are of one kind: what the past ones did is
    expected of those ahead. On a `closed` day nothing is sold."""

    name: str
    first: dt.date
    last: dt.date
    closed: bool = False


def columns(events: Sequence[Event], start: dt.date, days: int) -> dict[str, Floats]:
    """By name of the events that are no closures, arrays (days,) of 0.0 and 1.0 from `start` on."""
    found: dict[str, Floats] = {}
    for event in events:
        if not event.closed:
            column = found.setdefault(EVENT + event.name, np.zeros(days))
            column[_place(event, start, days)] = 1.0
    return {name: column for name, column in found.items() if column.any()}


def closed(events: Sequence[Event], start: dt.date, days: int) -> Flags:
    """Which days (days,) from `start` on a planned closure holds."""
    found = np.zeros(days, dtype=bool)
    for event in events:
        if event.closed:
            found[_place(event, start, days)] = True
    return found


def _place(event: Event, start: dt.date, days: int) -> slice:
    first = (event.first - start).days
    return slice(min(max(0, first), days), min(max(0, (event.last - start).days + 1), days))
