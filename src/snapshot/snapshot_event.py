"""The event that the function answers, and what is wrong with one that it does not.

`{"time": "2026-11-20T10:00:00Z"}`: the scheduler sends exactly this. Without time: now.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from aws_lambda_powertools.utilities.parser import BaseModel, ValidationError, parse
from pydantic import BeforeValidator, ConfigDict

# A later run would file today's stock under a day that has gone.
OLDEST = timedelta(hours=1)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)")


def _time(value: object) -> datetime:
    if isinstance(value, str) and _TIME.fullmatch(value):
        return datetime.fromisoformat(value).astimezone(UTC)
    raise ValueError


class Snapshot(BaseModel):
    """A snapshot of the stock, filed under the UTC date of `time`."""

    model_config = ConfigDict(extra="forbid")

    time: Annotated[datetime, BeforeValidator(_time)] | None = None


_MUST_BE = {
    "time": "must be an ISO 8601 time with its zone, such as 2026-11-20T10:00:00Z",
    "event": 'must be an object such as {"time": "2026-11-20T10:00:00Z"}',
}


class EventError(ValueError):
    """An event that cannot be answered: the field that is wrong, and why, with a remedy, in one line."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


def read(event: object, now: datetime) -> datetime:
    """The time that an event names, UTC. Raises EventError for the first thing that is wrong with it."""
    try:
        parsed: Snapshot = parse(event=event, model=Snapshot)  # type: ignore[call-overload]
    except ValidationError as error:
        path = error.errors(include_url=False, include_input=False)[0]["loc"]
        field = str(path[0]) if path else "event"
        raise EventError(
            field, _MUST_BE.get(field, "is not a field of the event; leave it out, there is only time")
        ) from None
    time = parsed.time or now
    if not now - OLDEST <= time <= now + timedelta(minutes=1):
        raise EventError("time", "must be of the last hour: a snapshot shows the stock there is now")
    return time
