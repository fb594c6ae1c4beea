"""Queries through the stack's Athena workgroup: run, wait, read; named queries with parameters."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TextIO

from botocore.exceptions import BotoCoreError, ClientError

from salescast.stack.errors import SalescastError
from salescast.stack.polling import poll
from salescast.stack.services import time_travel
from salescast.stack.stack import Stack

POLL_FIRST = 0.05
POLL_LONGEST = 1.0
# https://aws.amazon.com/athena/pricing/
DOLLARS_PER_TB = 5.0
LEAST_BILLED_BYTES = 10_000_000
INTEGERS = frozenset({"tinyint", "smallint", "integer", "int", "bigint"})
FLOATS = frozenset({"float", "real", "double"})
FINAL = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})

Value = str | int | float | bool | Decimal | None

_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_TODAY = re.compile(r"today(?:([+-])([0-9]+))?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}(-[0-9]{2})?")


@dataclass(frozen=True)
class Column:
    name: str
    type: str


@dataclass(frozen=True)
class Result:
    """An answer. Values are Python's: decimals exact, timestamps and dates as Athena's text."""

    columns: list[Column]
    rows: list[list[Value]]
    bytes_scanned: int
    milliseconds: int
    parameters: Mapping[str, str] = field(default_factory=dict)  # of a named query, as it was asked

    @property
    def dollars(self) -> float:
        """What Athena bills in most regions: 5 USD for each TB read, 10 MB at the least."""
        return max(self.bytes_scanned, LEAST_BILLED_BYTES) * DOLLARS_PER_TB / 1e12

    def write_csv(self, file: TextIO) -> None:
        """Write names and rows as CSV: decimals exact, nothing for NULL."""
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([column.name for column in self.columns])
        writer.writerows([format(v, "f") if isinstance(v, Decimal) else v for v in row] for row in self.rows)


@dataclass(frozen=True)
class NamedQuery:
    """A query of the workgroup. `places` names the parameter of each `?` of the statement, in their order.

    They stand at the end of the query's description: `Parameters: days=28; to=today; days`. A parameter has
    its default where it stands first; a name alone repeats its value. A default that is a number takes
    numbers, one that is a date or a month takes these, any other takes text; `today`, `today-30` and
    `today+7` are dates, UTC.
    """

    name: str
    description: str
    statement: str
    defaults: dict[str, str]
    places: tuple[str, ...]

    def values(self, given: Mapping[str, str], today: datetime | None = None) -> dict[str, str]:
        """Every parameter's value: as given, else its default. Raises SalescastError for a wrong one."""
        if unknown := [name for name in given if name not in self.defaults]:
            names = ", ".join(self.defaults) or "none"
            raise SalescastError(f"query {self.name} has no parameter {unknown[0]}; it has: {names}")
        moment = today or datetime.now(UTC)
        values = {
            name: _value(self.name, name, default, given.get(name, default), moment)
            for name, default in self.defaults.items()
        }
        first, last = values.get("from", ""), values.get("to", "")
        if first > last and "to" in values:
            raise SalescastError(f"query {self.name}: from {first} is after to {last}")
        return values

    def arguments(self, given: Mapping[str, str], today: datetime | None = None) -> list[str]:
        """The execution parameters: SQL literals in order. Raises SalescastError for a wrong one."""
        values = self.values(given, today)
        return [
            values[name] if _NUMBER.fullmatch(self.defaults[name]) else _quoted(values[name])
            for name in self.places
        ]


def run(
    stack: Stack, sql: str, arguments: Sequence[str] = (), stopped: Callable[[], bool] = lambda: False
) -> Result:
    """Run a statement and read its whole answer. `stopped` is asked while it runs: true cancels the query.

    Raises SalescastError with Athena's reason when it fails, and when it is cancelled.
    """
    execution, statistics = _execute(stack, sql, arguments, stopped)
    columns, rows = _read(stack, execution)
    return Result(
        columns,
        list(rows),
        int(statistics.get("DataScannedInBytes", 0)),
        int(statistics.get("TotalExecutionTimeInMillis") or statistics.get("EngineExecutionTimeInMillis", 0)),
    )


def stream(stack: Stack, sql: str) -> Iterator[list[Value]]:
    """Run a statement and yield its rows page by page, for answers that are too large to hold."""
    execution, _ = _execute(stack, sql, ())
    return _read(stack, execution)[1]


def query(stack: Stack, text: str, parameters: Mapping[str, str], moment: datetime | None = None) -> Result:
    """Run a named query, or the text as SQL, of the lake as it was at `moment` (None: as it is).

    Raises SalescastError for an unknown name or parameter.
    """

    def travelled(sql: str) -> str:
        return time_travel.as_of(stack, sql, moment) if moment else sql

    if not _NAME.fullmatch(text):
        if parameters:
            raise SalescastError("-p gives parameters to a named query; write values into the SQL itself")
        return run(stack, travelled(text))
    for named in named_queries(stack):
        if named.name == text:
            values = named.values(parameters)
            answer = run(stack, travelled(named.statement), named.arguments(values))
            return replace(answer, parameters=values)
    raise SalescastError(f"there is no query named {text}; `salescast query` lists them")


def named_queries(stack: Stack) -> list[NamedQuery]:
    """The queries stored in the stack's workgroup, by name."""
    pages = stack.athena.get_paginator("list_named_queries").paginate(WorkGroup=stack.output("Workgroup"))
    ids = [identity for page in pages for identity in page["NamedQueryIds"]]
    queries = []
    for start in range(0, len(ids), 50):
        batch = stack.athena.batch_get_named_query(NamedQueryIds=ids[start : start + 50])
        queries += [_named(dict(content)) for content in batch["NamedQueries"]]
    return sorted(queries, key=lambda query: query.name)


def _named(content: dict[str, Any]) -> NamedQuery:
    description, _, last = content.get("Description", "").strip().rpartition("\n")
    if not last.startswith("Parameters:"):
        # Folded into one line by YAML, the list of parameters is what follows the last mark.
        description, mark, rest = content.get("Description", "").strip().rpartition("Parameters:")
        description, last = (description, mark + rest) if mark else (rest, "")
    pairs = [one.partition("=") for one in last.removeprefix("Parameters:").split(";") if one.strip()]
    defaults = {name.strip(): value.strip() for name, mark, value in pairs if mark}
    places = tuple(name.strip() for name, _, _ in pairs)
    if lacking := [name for name in places if name not in defaults]:
        raise SalescastError(f"the description of query {content['Name']} gives {lacking[0]} no default")
    return NamedQuery(content["Name"], description.strip(), content["QueryString"], defaults, places)


def _value(query_name: str, name: str, default: str, value: str, today: datetime) -> str:
    """A parameter's value as the query compares it. Raises SalescastError for one of another kind."""
    if _NUMBER.fullmatch(default):
        if not _NUMBER.fullmatch(value):
            raise SalescastError(f"parameter {name} of query {query_name} takes a number, not {value!r}")
        return value
    match = _TODAY.fullmatch(value)
    if (_DATE.fullmatch(default) or _TODAY.fullmatch(default)) and not (match or _is_date(value)):
        raise SalescastError(
            f"parameter {name} of query {query_name} takes a date such as 2026-11-20 or today-7, "
            f"not {value!r}"
        )
    if match:
        days = int(match.group(2) or 0) * (-1 if match.group(1) == "-" else 1)
        try:
            return (today.astimezone(UTC) + timedelta(days=days)).date().isoformat()
        except OverflowError:
            raise SalescastError(
                f"parameter {name} of query {query_name}: {value} is outside the calendar"
            ) from None
    return value


def _is_date(text: str) -> bool:
    """Whether the text is a day of the calendar, or a month."""
    try:
        return bool(_DATE.fullmatch(text) and date.fromisoformat(f"{text}-01"[:10]))
    except ValueError:
        return False


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _execute(
    stack: Stack, sql: str, arguments: Sequence[str], stopped: Callable[[], bool] = lambda: False
) -> tuple[str, Mapping[str, Any]]:
    request: dict[str, Any] = {
        "QueryString": sql,
        "WorkGroup": stack.output("Workgroup"),
        "QueryExecutionContext": {"Database": stack.output("Database"), "Catalog": "AwsDataCatalog"},
    }
    if arguments:
        request["ExecutionParameters"] = list(arguments)
    try:
        identity = stack.athena.start_query_execution(**request)["QueryExecutionId"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidRequestException":
            raise
        raise SalescastError(
            f"Athena refuses the query: {_first_line(error.response['Error']['Message'])}"
        ) from error
    execution = _finished(stack, identity, stopped)
    status = execution["Status"]
    if status["State"] != "SUCCEEDED":
        reason = _first_line(status.get("StateChangeReason", "no reason given"))
        raise SalescastError(f"the query {status['State'].lower()}: {reason}")
    return identity, execution.get("Statistics", {})


def _finished(stack: Stack, identity: str, stopped: Callable[[], bool]) -> Mapping[str, Any]:
    """The execution once it has ended. Whatever ends the waiting for it, Ctrl-C too, stops the query."""

    def look() -> Mapping[str, Any]:
        if stopped():
            raise SalescastError("the query was cancelled")
        return stack.athena.get_query_execution(QueryExecutionId=identity)["QueryExecution"]

    try:
        return poll(
            look,
            lambda execution: execution["Status"]["State"] in FINAL,
            pause=POLL_FIRST,
            longest=POLL_LONGEST,
        )
    except BaseException:
        # Nobody would read its answer, and Athena bills what it goes on reading.
        with suppress(BotoCoreError, ClientError):
            stack.athena.stop_query_execution(QueryExecutionId=identity)
        raise


def _read(stack: Stack, execution: str) -> tuple[list[Column], Iterator[list[Value]]]:
    pages = iter(stack.athena.get_paginator("get_query_results").paginate(QueryExecutionId=execution))
    first = next(pages)["ResultSet"]
    info = first.get("ResultSetMetadata", {}).get("ColumnInfo", [])
    columns = [Column(one["Name"], one["Type"]) for one in info]
    readers = [_reader(column.type) for column in columns]

    def values(rows: Sequence[Any]) -> Iterator[list[Value]]:
        for row in rows:
            texts = [cell.get("VarCharValue") for cell in row.get("Data", [])]
            if len(texts) == 1 < len(columns):  # DESCRIBE answers in one text, as Hive prints it
                texts = [*map(str.strip, (texts[0] or "").split("\t")), *[""] * len(columns)][: len(columns)]
            yield [None if text is None else read(text) for read, text in zip(readers, texts, strict=True)]

    def rows() -> Iterator[list[Value]]:
        # SELECT repeats the column names in the first row, SHOW and DESCRIBE do not.
        head = (
            [cell.get("VarCharValue") for cell in first["Rows"][0].get("Data", [])] if first["Rows"] else None
        )
        named = head == [column.name for column in columns]
        yield from values(first["Rows"][1 if named else 0 :])
        for page in pages:
            yield from values(page["ResultSet"]["Rows"])

    return columns, rows()


def _reader(kind: str) -> Any:
    """How to read Athena's text of a type."""
    if kind in INTEGERS:
        return int
    if kind in FLOATS:
        return float
    if kind.startswith("decimal"):
        return Decimal
    if kind == "boolean":
        return lambda text: text == "true"
    return str


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[0]
