"""Events that the function answers, and what is wrong with one that it does not.

A tick: `{"action": "tick", "time": "2026-11-20T10:15:00Z"}`. The scheduler sends exactly this. A backfill:
`{"action": "backfill", "start": "2026-07-01", "end": "2026-10-31", "orders": 2000}`.
"""

import datetime as dt
import re
from typing import Annotated, Any, Literal

from aws_lambda_powertools.utilities.parser import BaseModel, Field, ValidationError, parse
from pydantic import AwareDatetime, BeforeValidator, ConfigDict, StrictInt
from pydantic_core import PydanticCustomError

from generator_environment import MAX_RATE

MAX_ORDERS = 10_000_000
MAX_PER_SECOND = 1_000

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?Z")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_DAY = dt.timedelta(days=1)


def _time_text(value: object) -> object:
    if isinstance(value, str) and _TIME.fullmatch(value):
        return value
    raise PydanticCustomError("time_text", "must be a UTC time as text")


def _date_text(value: object) -> object:
    if isinstance(value, str) and _DATE.fullmatch(value):
        return value
    raise PydanticCustomError("date_text", "must be a date as text")


def _end_text(value: object) -> object:
    """A date ends with its last minute, that is at the midnight after it."""
    if isinstance(value, str) and _TIME.fullmatch(value):
        return value
    try:
        date = dt.date.fromisoformat(str(_date_text(value)))
        return dt.datetime.combine(date, dt.time(), dt.UTC) + _DAY
    except (ValueError, OverflowError):
        raise PydanticCustomError("end_text", "must be a date or a UTC time as text") from None


Time = Annotated[AwareDatetime, BeforeValidator(_time_text)]
End = Annotated[AwareDatetime, BeforeValidator(_end_text)]
Date = Annotated[dt.date, BeforeValidator(_date_text)]
Rate = Annotated[float, Field(strict=True, gt=0, le=MAX_RATE, allow_inf_nan=False)]


class Tick(BaseModel):
    """The UTC minute that ends at `time` (cut to the minute), and the changes due in it.

    `rate_per_hour`: average order lines per hour, to which demand is applied, of this minute and of the
    earlier ones whose orders it changes; the configured rate if absent. `orders_per_second`: instead, the
    mean in this minute whatever its demand; earlier orders change at the configured rate. `from_second`,
    `to_second`: only the baskets placed in that part of the minute; the part that begins at 0 makes the
    changes of earlier orders.
    """

    model_config = ConfigDict(extra="forbid")

    action: Literal["tick"]
    time: Time
    rate_per_hour: Rate | None = None
    orders_per_second: (
        Annotated[float, Field(strict=True, gt=0, le=MAX_PER_SECOND, allow_inf_nan=False)] | None
    ) = None
    from_second: Annotated[StrictInt, Field(ge=0, le=59)] = 0
    to_second: Annotated[StrictInt, Field(ge=1, le=60)] = 60


class Resume(BaseModel):
    """Where an earlier backfill stopped: as its answer had it."""

    model_config = ConfigDict(extra="forbid")

    date: Date
    basket: Annotated[StrictInt, Field(ge=0)] = 0


class Backfill(BaseModel):
    """Past UTC dates, `start` to `end`, both included; or up to the UTC time `end`, which has passed.

    Read, `end` is the midnight after the last date, or that time: no order is placed at it or later.

    `orders`: exact number of order lines over the range. `rate_per_hour`: average order lines per hour
    instead. Neither: the configured rate. `resume`: from the answer of a backfill of the same fields.
    """

    model_config = ConfigDict(extra="forbid")

    action: Literal["backfill"]
    start: Date
    end: End
    orders: Annotated[StrictInt, Field(ge=1, le=MAX_ORDERS)] | None = None
    rate_per_hour: Rate | None = None
    resume: Resume | None = None

    @property
    def last(self) -> dt.date:
        """The last date on which orders are placed."""
        return (self.end - dt.timedelta(microseconds=1)).date()


Event = Annotated[Tick | Backfill, Field(discriminator="action")]

_REMEDIES = {
    "action": "use tick or backfill",
    "time": "give a UTC time such as 2026-11-20T10:15:00Z",
    "rate_per_hour": f"give order lines per hour, above 0 and at most {MAX_RATE}",
    "orders_per_second": f"give order lines per second, above 0 and at most {MAX_PER_SECOND}",
    "from_second": "give a whole second of the minute, 0 to 59",
    "to_second": "give a whole second of the minute, 1 to 60, after from_second",
    "start": "give a date such as 2026-07-01",
    "end": "give a date such as 2026-10-31, or a UTC time such as 2026-11-20T10:15:00Z",
    "orders": f"give a whole number from 1 to {MAX_ORDERS}",
    "resume": "pass the `resume` object of the earlier answer unchanged, or leave it out",
    "event": 'send an object such as {"action": "tick", "time": "2026-11-20T10:15:00Z"}',
}

_WHAT = {"missing": "is missing", "model_type": "must be an object"}


class EventError(ValueError):
    """An event that cannot be answered: the field that is wrong, and why, with a remedy, in one line."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


def read(event: object) -> Tick | Backfill:
    """Raises EventError for the first thing that is wrong with the event."""
    if not isinstance(event, dict):
        raise EventError("event", f"must be an object; {_REMEDIES['event']}")
    if "action" not in event:
        raise EventError("action", f"is missing; {_REMEDIES['action']}")
    try:
        parsed: Tick | Backfill = parse(event=event, model=Event)  # type: ignore[call-overload]
    except ValidationError as error:
        raise _event_error(error.errors(include_url=False, include_input=False)[0]) from None
    if isinstance(parsed, Tick):
        if parsed.from_second >= parsed.to_second:
            raise EventError("to_second", f"is not after from_second; {_REMEDIES['to_second']}")
        if parsed.orders_per_second is not None and parsed.rate_per_hour is not None:
            raise EventError(
                "orders_per_second", "cannot be combined with rate_per_hour; leave one of them out"
            )
        return parsed
    if dt.datetime.combine(parsed.start, dt.time(), dt.UTC) >= parsed.end:
        raise EventError("end", "is before start; give an end on or after it")
    if parsed.orders is not None and parsed.rate_per_hour is not None:
        raise EventError("orders", "cannot be combined with rate_per_hour; leave one of them out")
    if parsed.resume and not parsed.start <= parsed.resume.date <= parsed.last:
        raise EventError("resume.date", f"is not between start and end; {_REMEDIES['resume']}")
    return parsed


def _event_error(error: Any) -> EventError:
    if error["type"] == "union_tag_invalid":
        return EventError("action", f"is not known; {_REMEDIES['action']}")
    path = [str(part) for part in error["loc"][1:]]  # the first part is the action
    if error["type"] == "extra_forbidden":
        return EventError(".".join(path), "is not a field of this action; leave it out")
    what = _WHAT.get(error["type"]) or error["msg"].removeprefix("Input ")
    return EventError(".".join(path), f"{what}; {_REMEDIES.get(path[0], _REMEDIES['event'])}")
