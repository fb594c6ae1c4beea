"""Options that commands share, and what their texts mean."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from salescast.stack.errors import SalescastError
from salescast.stack.stack import Stack

StateOption = Annotated[
    Path, typer.Option("--state", help="Folder of the laptop stack.", show_default=".salescast")
]
StackOption = Annotated[str | None, typer.Option("--stack", help="A stack on AWS, by name.", metavar="NAME")]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask before writing to AWS.")]


def stack(state: Path, name: str | None) -> Stack:
    """The stack that --stack names on AWS, or else the one in the folder of --state."""
    return Stack.aws(name, state.resolve()) if name else Stack.laptop(state.resolve())


def pairs(given: list[str] | None, example: str) -> dict[str, str]:
    """NAME=VALUE options as a mapping. Raises SalescastError, quoting the example."""
    found = {}
    for text in given or []:
        name, mark, value = text.partition("=")
        if not mark or not name:
            raise SalescastError(f"{text!r} is not NAME=VALUE; write for example {example}")
        found[name] = value
    return found


def backfill(days: int | None, start: str | None, end: str | None, orders: int | None) -> dict[str, Any]:
    """The generator's event for past days, up to yesterday unless `end` says otherwise."""
    last = day("--end", end) if end else datetime.now(UTC).date() - timedelta(days=1)
    first = day("--start", start) if start else last - timedelta(days=(days or 1) - 1)
    event: dict[str, Any] = {"action": "backfill", "start": first.isoformat(), "end": last.isoformat()}
    return event | ({"orders": orders} if orders else {})


def day(option: str, text: str) -> date:
    """A date. Raises SalescastError, naming the option."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise SalescastError(f"{option} {text!r} is not a date such as 2026-11-20") from error


def instant(option: str, text: str) -> datetime:
    """A date or a time, UTC unless it says otherwise. Raises SalescastError, naming the option."""
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise SalescastError(f"{option} {text!r} is not a time such as 2026-11-20T10:15") from error
    return given if given.tzinfo else given.replace(tzinfo=UTC)
