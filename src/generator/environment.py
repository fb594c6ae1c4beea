"""What a run has around it: its settings, its clock, and what it has done so far."""

import datetime as dt
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TypeVar

from order import LEAST_GAP

LAMBDA_LIMIT_SECONDS = 900  # no function runs longer: https://docs.aws.amazon.com/lambda/latest/dg/

MAX_RATE = 1_000_000  # order lines per hour: 277 a second

# A run stops this long before its time is over: enough for one transaction with its retries, and the answer.
_RESERVE_MS = 15_000

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Settings:
    """The function's environment variables; `rate` is the average number of order lines per hour."""

    orders_table: str
    inventory_table: str
    seed: int
    rate: float
    max_event_age: dt.timedelta
    firehose_interval: dt.timedelta
    first_order_date: dt.date

    @classmethod
    def read(cls, variables: Mapping[str, str] = os.environ) -> "Settings":
        """Raises ValueError naming the variable that is missing or wrong."""
        settings = cls(
            orders_table=_value(variables, "ORDERS_TABLE", str),
            inventory_table=_value(variables, "INVENTORY_TABLE", str),
            seed=_value(variables, "GENERATOR_SEED", int),
            rate=_value(variables, "ORDERS_PER_HOUR", float),
            max_event_age=_value(variables, "MAX_EVENT_AGE_SECONDS", _seconds),
            firehose_interval=_value(variables, "FIREHOSE_INTERVAL_SECONDS", _seconds),
            first_order_date=_value(variables, "FIRST_ORDER_DATE", dt.date.fromisoformat),
        )
        if not 0 < settings.rate <= MAX_RATE:
            raise ValueError(f"ORDERS_PER_HOUR: must be above 0 and at most {MAX_RATE}")
        longest = LEAST_GAP * 60 - LAMBDA_LIMIT_SECONDS
        if settings.max_event_age.total_seconds() >= longest:
            # A later tick could otherwise change an order before a late one has inserted it.
            raise ValueError(f"MAX_EVENT_AGE_SECONDS: must be below {longest}, the least gap between changes")
        return settings


def _value(variables: Mapping[str, str], name: str, read: Callable[[str], _T]) -> _T:
    try:
        return read(variables[name])
    except KeyError:
        raise ValueError(f"{name}: the environment variable is missing") from None
    except ValueError:
        raise ValueError(f"{name}: {variables[name]!r} is not valid") from None


def _seconds(text: str) -> dt.timedelta:
    return dt.timedelta(seconds=int(text))


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as a run sees it: `now` in UTC, `sleep` in seconds, `remaining_ms` until Lambda ends the run."""

    now: Callable[[], dt.datetime]
    sleep: Callable[[float], None]
    remaining_ms: Callable[[], int]

    @classmethod
    def real(cls, remaining_ms: Callable[[], int]) -> "Clock":
        return cls(lambda: dt.datetime.now(dt.UTC), time.sleep, remaining_ms)

    def has(self, seconds: float = 0) -> bool:
        """Whether `seconds` may still be spent."""
        return self.remaining_ms() - _RESERVE_MS > seconds * 1000


@dataclass(slots=True)
class Tally:
    """Counts of a run. `repeated`: found already done; `absent`: changes of orders that are not there."""

    inserted: int = 0
    changed: int = 0
    removed: int = 0
    repeated: int = 0
    absent: int = 0
    test: int = 0
    restocked: int = 0

    def counts(self) -> dict[str, int]:
        return asdict(self)


def minute_of(instant: dt.datetime) -> int:
    """The UTC minute that the instant is in, counted from 1970-01-01T00:00Z."""
    return int(instant.timestamp()) // 60


def iso(instant: dt.datetime) -> str:
    """UTC ISO 8601 with milliseconds and Z."""
    return instant.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
