"""The event that the function answers, and what is wrong with one that it does not.

All fields are optional: `{}` projects today, 28 days ahead, and publishes. The scheduler sends this, with the
events of the parameter PlannedEvents.
"""

import datetime as dt
from typing import Annotated

from aws_lambda_powertools.utilities.parser import BaseModel, Field, ValidationError, parse
from pydantic import BeforeValidator, ConfigDict, StrictBool, StrictInt, StrictStr

from forecast import MAX_HORIZON
from planned import Event

HORIZON = 28
MOST_EVENTS = 500


def _date(value: object) -> dt.date:
    if isinstance(value, str):
        return dt.date.fromisoformat(value)
    raise ValueError


class Planned(BaseModel):
    """A promotion or a closure, past or to come, from `first` to `last` (one day if absent).

    Events of one name are of one kind. On a `closed` day nothing is sold.
    """

    model_config = ConfigDict(extra="forbid")

    name: Annotated[StrictStr, Field(min_length=1, max_length=60)]
    first: Annotated[dt.date, BeforeValidator(_date)]
    last: Annotated[dt.date, BeforeValidator(_date)] | None = None
    closed: StrictBool = False

    @property
    def event(self) -> Event:
        return Event(self.name, self.first, max(self.first, self.last or self.first), self.closed)


class Request(BaseModel):
    """A projection.

    `date`: the run date, UTC; its history ends the day before; today if absent. `horizon`: days. `series`:
    whose history and projection to answer: total, or BREAKDOWN:NAME. `publish`: false answers without
    writing. `events`: what is planned, or was.
    """

    model_config = ConfigDict(extra="forbid")

    date: Annotated[dt.date, BeforeValidator(_date)] | None = None
    horizon: Annotated[StrictInt, Field(ge=1, le=MAX_HORIZON)] = HORIZON
    series: tuple[StrictStr, ...] = ()
    publish: StrictBool = True
    events: Annotated[tuple[Planned, ...], Field(max_length=MOST_EVENTS)] = ()


_MUST_BE = {
    "date": "must be a date such as 2026-11-20",
    "horizon": f"must be a whole number of days, 1 to {MAX_HORIZON}",
    "series": 'must be a list such as ["total", "country:France"]',
    "publish": "must be true or false",
    "events": 'must be a list such as [{"name": "offer", "first": "2026-11-27", "last": "2026-11-30"}]',
    "event": 'must be an object such as {"horizon": 28}',
}


class EventError(ValueError):
    """An event that cannot be answered: the field that is wrong, and why, with a remedy, in one line."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


def read(event: object, today: dt.date) -> Request:
    """Raises EventError for the first thing that is wrong with the event."""
    try:
        request: Request = parse(event=event, model=Request)  # type: ignore[call-overload]
    except ValidationError as error:
        path = error.errors(include_url=False, include_input=False)[0]["loc"]
        field = str(path[0]) if path else "event"
        unknown = f"is not a field of the event; there are {', '.join(sorted(Request.model_fields))}"
        raise EventError(field, _MUST_BE.get(field, unknown)) from None
    if request.date and request.date > today:
        raise EventError("date", f"{request.date} has not come yet; the last run date is {today}")
    return request
