"""Options that commands share, and what their texts mean."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from salescast.cli.json_output import JsonOutput
from salescast.cli.output import Output
from salescast.cli.text_output import CsvOutput
from salescast.stack.stack import Stack


class UsageError(typer.TyperException):
    """What is wrong with the command as it was typed, and how to type it; status 2, as of Typer's."""

    exit_code = 2


def _answer_with(format_: type[Output]) -> Callable[[typer.Context, bool], bool]:
    """What an option does that chooses the format: it puts the Output of all answers into the context."""

    def choose(context: typer.Context, chosen: bool) -> bool:
        if chosen:
            if isinstance(context.obj, JsonOutput | CsvOutput) and not isinstance(context.obj, format_):
                raise UsageError("an answer is either CSV or JSON; leave out one of --csv and --json")
            context.obj = format_()
        return chosen

    return choose


StateOption = Annotated[
    Path, typer.Option("--state", help="Folder of the laptop stack.", show_default=".salescast")
]
StackOption = Annotated[str | None, typer.Option("--stack", help="A stack on AWS, by name.", metavar="NAME")]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Answer as JSON.", callback=_answer_with(JsonOutput))
]
CsvOption = Annotated[bool, typer.Option("--csv", help="Answer as CSV.", callback=_answer_with(CsvOutput))]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask before writing to AWS.")]


def stack(state: Path, name: str | None, attempts: int = 6) -> Stack:
    """The stack that --stack names on AWS, or else the one in the folder of --state."""
    return Stack.aws(name, state.resolve(), attempts) if name else Stack.laptop(state.resolve())


def pairs(options: list[str] | None, example: str) -> dict[str, str]:
    """NAME=VALUE options as a mapping. Raises UsageError, quoting the example."""
    values = {}
    for text in options or []:
        name, mark, value = text.partition("=")
        if not mark or not name:
            raise UsageError(f"{text!r} is not NAME=VALUE; write for example {example}")
        values[name] = value
    return values


def backfill(
    days: int | None, start: str | None = None, end: str | None = None, orders: int | None = None
) -> dict[str, Any]:
    """The generator's event for past days, up to yesterday unless `end` says otherwise."""
    last = day("--end", end) if end else datetime.now(UTC).date() - timedelta(days=1)
    first = day("--start", start) if start else last - timedelta(days=(days or 1) - 1)
    if first > last:
        raise UsageError(f"the first day, {first}, is after the last, {last}; give an earlier --start")
    event: dict[str, Any] = {"action": "backfill", "start": first.isoformat(), "end": last.isoformat()}
    return event | ({"orders": orders} if orders else {})


def day(option: str, text: str) -> date:
    """A date. Raises UsageError, naming the option."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option} {text!r} is not a date such as 2026-11-20") from error


def instant(option: str, text: str) -> datetime:
    """A date or a time, UTC unless it says otherwise. Raises UsageError, naming the option."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option} {text!r} is not a time such as 2026-11-20T10:15") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
