"""Projections of sales: the projector function, asked for series."""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from salescast.functions.invoke import Event, invoke
from salescast.stack.errors import SalescastError
from salescast.stack.stack import Stack

BOUNDS = ("mean", "lo80", "hi80", "lo95", "hi95")


@dataclass(frozen=True)
class PlannedEvent:
    """What the run was told of: a promotion, or a closure, of these days."""

    name: str
    first: date
    last: date


@dataclass(frozen=True)
class Projected:
    """A series as the function answers it: daily `history` from `history_start`, then the bounds' days.

    explanation: sentences on what it rests on, what changed, and what the next days add up to.
    """

    series: str
    measure: str
    method: str
    history_start: date
    history: list[float]
    bounds: dict[str, list[float]]
    explanation: tuple[str, ...] = ()
    events: tuple[PlannedEvent, ...] = ()

    @property
    def start(self) -> date:
        """The first projected day."""
        return self.history_start + timedelta(days=len(self.history))

    @property
    def title(self) -> str:
        return f"{self.series}, {self.measure}"


def run(stack: Stack, event: Event) -> Event:
    """Call the projector and return its answer. Raises SalescastError with its reason when there is none."""
    return invoke(stack, "projector", event, key="projections", failure="there is no new projection")


def read_events(path: Path) -> list[Any]:
    """The events of a file, as the function takes them. Raises SalescastError where it holds no JSON list."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SalescastError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise SalescastError(
            f'{path} must hold a JSON list such as [{{"name": "offer", "first": "2026-11-27"}}]'
        )
    return found


def series(answer: dict[str, Any], measure: str) -> list[Projected]:
    """The answer's series in one measure."""
    return [
        Projected(
            one["series"],
            one["measure"],
            one["method"],
            date.fromisoformat(one["history_start"]),
            one["history"],
            one["projection"],
            _explanation(one),
            tuple(
                PlannedEvent(
                    event["name"], date.fromisoformat(event["first"]), date.fromisoformat(event["last"])
                )
                for event in one.get("events", [])
            ),
        )
        for one in answer["projections"]
        if one["measure"] == measure
    ]


def _explanation(one: dict[str, Any]) -> tuple[str, ...]:
    sums = [
        f"The next {total['days']} days add up to {total['mean']:,.0f} "
        f"(80 %: {total['lo80']:,.0f} to {total['hi80']:,.0f})."
        for total in one.get("sums", [])
    ]
    return tuple(filter(None, [one.get("explanation", ""), *sums]))


def summary(answer: dict[str, Any]) -> str:
    """What the run did, a line for each thing."""
    lines = [f"{answer['series']} series projected as of {answer['run_date']}, in {answer['seconds']:.1f} s"]
    if accuracy := answer["accuracy"]:
        lines.append(
            f"past projections of the total: off by {accuracy['Wape']:.0f} % of sales; "
            f"{accuracy['Coverage80']:.0f} % of the days that came were in the 80 % interval, "
            f"{accuracy['Coverage95']:.0f} % in the 95 % interval"
        )
    if "intraday" in answer:
        today, currency = answer["intraday"], answer["currency"]
        lines.append(
            f"today so far: {today['so_far']:,.2f} {currency}; at its close {today['mean']:,.0f} {currency}, "
            f"80 % between {today['lo80']:,.0f} and {today['hi80']:,.0f}"
        )
    return "\n".join(lines)
