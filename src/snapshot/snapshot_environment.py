"""The function's environment variables: one frozen model, read once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache


class VariableError(ValueError):
    """An environment variable that is missing: its name, and the remedy."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the template sets: the table to copy, the bucket that the copy goes to, the stack's name."""

    inventory_table: str
    lake: str
    stack: str = "salescast"

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> "Settings":
        """Raises VariableError for the first variable that is missing."""
        return cls(
            inventory_table=_value(variables, "INVENTORY_TABLE"),
            lake=_value(variables, "LAKE"),
            stack=_value(variables, "STACK_NAME"),
        )


@cache
def environment() -> Settings:
    """The settings of this process, read at the first invocation."""
    return Settings.read(os.environ)


def _value(variables: Mapping[str, str], name: str) -> str:
    if not (text := variables.get(name)):
        raise VariableError(f"{name}: the variable is missing; deploy template.yaml, which sets it")
    return text
