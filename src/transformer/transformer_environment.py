"""The function's environment variables: one frozen model, read once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache


class VariableError(ValueError):
    """An environment variable that is wrong: its name, and the remedy."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the template sets. `first_order_date` (yyyy-MM-dd) bounds order_date, metrics carry `stack`; each
    has a default: rows can be made anywhere.
    """

    first_order_date: str = "2000-01-01"
    stack: str = "salescast"

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Settings:
        """Raises VariableError for the first variable that is wrong."""
        text = variables.get("FIRST_ORDER_DATE") or cls().first_order_date
        try:
            day = date.fromisoformat(text).isoformat()
        except ValueError:
            raise VariableError(
                f"FIRST_ORDER_DATE: {text!r} is not valid; give a date such as 2000-01-01"
            ) from None
        return cls(first_order_date=day, stack=variables.get("STACK_NAME") or cls().stack)


@cache
def environment() -> Settings:
    """The settings of this process, read at the first invocation."""
    return Settings.read(os.environ)
