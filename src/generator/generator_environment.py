"""The function's environment variables: one frozen model, read once."""

import datetime as dt
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from order import LEAST_GAP

LAMBDA_LIMIT_SECONDS = 900  # no function runs longer: https://docs.aws.amazon.com/lambda/latest/dg/

MAX_RATE = 1_000_000  # order lines per hour: 277 a second

_T = TypeVar("_T")


class VariableError(ValueError):
    """An environment variable that is missing or wrong: its name, and the remedy."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the template sets; `rate` is the average number of order lines per hour, metrics carry `stack`."""

    orders_table: str
    inventory_table: str
    seed: int
    rate: float
    max_event_age: dt.timedelta
    first_order_date: dt.date
    stack: str = "salescast"

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> "Settings":
        """Raises VariableError for the first variable that is missing or wrong."""
        settings = cls(
            orders_table=_value(variables, "ORDERS_TABLE", str, "give a table's name"),
            inventory_table=_value(variables, "INVENTORY_TABLE", str, "give a table's name"),
            seed=_value(variables, "GENERATOR_SEED", int, "give a whole number"),
            rate=_value(variables, "ORDERS_PER_HOUR", float, "give order lines per hour"),
            max_event_age=_value(variables, "MAX_EVENT_AGE_SECONDS", _seconds, "give whole seconds"),
            first_order_date=_value(
                variables, "FIRST_ORDER_DATE", dt.date.fromisoformat, "give a date such as 2000-01-01"
            ),
            stack=_value(variables, "STACK_NAME", str, "give the stack's name"),
        )
        if not 0 < settings.rate <= MAX_RATE:
            raise VariableError(f"ORDERS_PER_HOUR: must be above 0 and at most {MAX_RATE}")
        longest = LEAST_GAP * 60 - LAMBDA_LIMIT_SECONDS
        if settings.max_event_age.total_seconds() >= longest:
            # A later tick could otherwise change an order before a late one has inserted it.
            raise VariableError(
                f"MAX_EVENT_AGE_SECONDS: must be below {longest}, the least gap between changes"
            )
        return settings


@cache
def environment() -> Settings:
    """The settings of this process, read at the first invocation."""
    return Settings.read(os.environ)


def _value(variables: Mapping[str, str], name: str, read: Callable[[str], _T], remedy: str) -> _T:
    if not (text := variables.get(name)):
        raise VariableError(f"{name}: the variable is missing; deploy template.yaml, which sets it")
    try:
        return read(text)
    except (ValueError, OverflowError):
        raise VariableError(f"{name}: {text!r} is not valid; {remedy}") from None


def _seconds(text: str) -> dt.timedelta:
    return dt.timedelta(seconds=int(text))
