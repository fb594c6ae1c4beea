"""Orders from the generator function: a range of past days, single ticks, or a live rate."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from salescast.functions.invoke import Event, invoke
from salescast.stack.errors import SalescastError
from salescast.stack.services import order_items
from salescast.stack.stack import Stack

STALLED_MOST = 20
COUNTS = ("inserted", "changed", "removed", "repeated", "absent")

Progress = Callable[["Generated", float], None]
"""Called with what was written so far and the share that is done, 0 to 1."""


@dataclass
class Generated:
    """What the generator wrote, summed over its invocations. Each of the first three is a stream record."""

    inserted: int = 0
    changed: int = 0
    removed: int = 0
    repeated: int = 0
    absent: int = 0
    invocations: int = 0
    seconds: float = 0.0
    first_write: datetime | None = None

    @property
    def changes(self) -> int:
        return self.inserted + self.changed + self.removed

    def add(self, answer: Event) -> None:
        self.invocations += 1
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + int(answer.get(name, 0)))

    def join(self, other: "Generated") -> None:
        """Count what another run wrote, too."""
        for name in (*COUNTS, "invocations", "seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def run(stack: Stack, event: Event, progress: Progress = lambda *_: None) -> Generated:
    """Invoke the generator, and again with what it says is left, until it is done."""
    result = Generated(first_write=datetime.now(UTC))
    begin = time.monotonic()
    stalled = 0
    while True:
        answer = _invoke(stack, event)
        result.add(answer)
        done = answer["done"]
        progress(result, 1.0 if done else _share(event, answer))
        if done:
            break
        stalled = 0 if any(answer.get(name) for name in COUNTS) else stalled + 1
        if stalled == STALLED_MOST:
            raise SalescastError("the generator makes no progress; see its log group")
        # A backfill says where to go on, a tick is sent again as it was.
        event = event | {"resume": answer["resume"]} if "resume" in answer else event
    result.seconds = time.monotonic() - begin
    return result


def live(stack: Stack, rate: float | None, seconds: int, progress: Progress = lambda *_: None) -> Generated:
    """Write about `rate` orders per second for `seconds` seconds, one invocation a second.

    Without a rate at the shop's own pace, the parameter OrdersPerHour by the hour of the day. The generator's
    orders belong to seconds, so each second that has passed is asked for once, also when an invocation took
    longer than a second; a repeated run in the same minute writes nothing twice.
    """
    result = Generated(first_write=datetime.now(UTC))
    begin = time.monotonic()
    first = datetime.now(UTC).replace(microsecond=0)
    for index in range(seconds):
        second = first + timedelta(seconds=index)
        minute = second.replace(second=0)
        event = {
            "action": "tick",
            # A tick is named by its end.
            "time": (minute + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "from_second": second.second,
            "to_second": second.second + 1,
        } | ({"orders_per_second": rate} if rate else {})
        result.add(_invoke(stack, event))
        progress(result, (index + 1) / seconds)
        time.sleep(max(0.0, begin + index + 1 - time.monotonic()))
    result.seconds = time.monotonic() - begin
    return result


def _invoke(stack: Stack, event: Event) -> Event:
    order_items.refuse(stack, "sample orders")
    return invoke(stack, "generator", event, key="done", failure="the generator failed")


def _share(event: Event, answer: Event) -> float:
    """How much of a backfill is done, judged by the day it goes on from."""
    try:
        start, end = date.fromisoformat(event["start"]), date.fromisoformat(event["end"])
        reached = date.fromisoformat(answer["resume"]["date"])
    except (KeyError, TypeError, ValueError):
        return 0.0
    return (reached - start).days / ((end - start).days + 1)
