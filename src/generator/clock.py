"""Time as a run sees it."""

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass

# A run stops this long before its time is over: enough for one transaction with its retries, and the answer.
_RESERVE_MS = 15_000


@dataclass(frozen=True, slots=True)
class Clock:
    """`now` in UTC, `sleep` in seconds, `remaining_ms` until Lambda ends the run."""

    now: Callable[[], dt.datetime]
    sleep: Callable[[float], None]
    remaining_ms: Callable[[], int]

    @classmethod
    def real(cls, remaining_ms: Callable[[], int]) -> "Clock":
        return cls(lambda: dt.datetime.now(dt.UTC), time.sleep, remaining_ms)

    def has(self, seconds: float = 0) -> bool:
        """Whether `seconds` may still be spent."""
        return self.remaining_ms() - _RESERVE_MS > seconds * 1000


def minute_of(instant: dt.datetime) -> int:
    """The UTC minute that the instant is in, counted from 1970-01-01T00:00Z."""
    return int(instant.timestamp()) // 60


def iso(instant: dt.datetime) -> str:
    """UTC ISO 8601 with milliseconds and Z."""
    return instant.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
