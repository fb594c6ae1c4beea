"""Answers of named queries, kept for a while so that nobody pays twice for the same one.

An answer is kept by stack, query and parameters; who asks says how old it may be. All who look at the
dashboard share them. Queries that are not there yet run side by side.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo

import polars as pl

from salescast.stack.errors import SalescastError
from salescast.stack.services import athena
from salescast.stack.services.athena import NamedQuery, Result
from salescast.stack.stack import Stack

MINUTE = 60.0
TEN_MINUTES = 600.0
KEPT = 300
SIDE_BY_SIDE = 4

Key = tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]]

_FLOATS = ("float", "double", "real", "decimal")


@dataclass(frozen=True)
class Answer:
    """A result, when Athena gave it, and the columns that its question reads."""

    result: Result
    asked: datetime
    read: tuple[str, ...]

    @property
    def frame(self) -> pl.DataFrame:
        """The columns that the question reads, in its order, for charts and sums of them.

        Decimals become floats: what is exact stays in `result`.
        """
        columns = self.result.columns
        whole = pl.DataFrame(
            {
                column.name: pl.Series(
                    [
                        float(row[index]) if row[index] is not None and _is_float(column.type) else row[index]  # type: ignore[arg-type]
                        for row in self.result.rows
                    ],
                    dtype=_dtype(column.type),
                )
                for index, column in enumerate(columns)
            }
        )
        return whole.select(self.read)


@dataclass(frozen=True)
class Question:
    """A named query, the columns read of its answer, how many seconds that may stand, and parameters."""

    name: str
    columns: tuple[str, ...]
    max_age: float = MINUTE
    parameters: Mapping[str, str] = field(default_factory=dict)

    def where(self, parameters: Mapping[str, str], max_age: float | None = None) -> "Question":
        """The same question with these parameters, and of that age."""
        return replace(self, parameters=parameters, max_age=self.max_age if max_age is None else max_age)


class Answers:
    """Of one stack. Safe to ask from several threads."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, tuple[float, Answer]] = OrderedDict()
        self._shelf: tuple[float, dict[str, NamedQuery]] | None = None
        self._tables: tuple[float, dict[str, list[tuple[str, str]]]] | None = None

    def ask(self, *questions: Question) -> list[Answer]:
        """The answers in the order of the questions. Raises SalescastError with Athena's reason."""
        now = time.monotonic()
        answers = [self._find(question, now) for question in questions]
        lacking = [question for question, answer in zip(questions, answers, strict=True) if answer is None]
        if lacking:
            shelf = self.shelf()
            with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
                fresh = iter(list(pool.map(lambda question: self._run(shelf, question), lacking)))
            answers = [answer or next(fresh) for answer in answers]
        return [answer for answer in answers if answer is not None]

    def shelf(self) -> dict[str, NamedQuery]:
        """The stack's named queries by name."""
        if self._shelf is None or time.monotonic() - self._shelf[0] > TEN_MINUTES:
            named = {query.name: query for query in athena.named_queries(self.stack)}
            self._shelf = (time.monotonic(), named)
        return self._shelf[1]

    def tables(self) -> dict[str, list[tuple[str, str]]]:
        """The tables and views of the stack's database, each with its columns and their types."""
        if self._tables is None or time.monotonic() - self._tables[0] > TEN_MINUTES:
            pages = self.stack.glue.get_paginator("get_tables").paginate(
                DatabaseName=self.stack.output("Database")
            )
            found = {
                table["Name"]: [
                    (column["Name"], column.get("Type", ""))
                    for column in (
                        *table.get("StorageDescriptor", {}).get("Columns", []),
                        *table.get("PartitionKeys", []),
                    )
                ]
                for page in pages
                for table in page["TableList"]
            }
            self._tables = (time.monotonic(), found)
        return self._tables[1]

    def _find(self, question: Question, now: float) -> Answer | None:
        with self._lock:
            kept = self._kept.get(_key(question))
        return kept[1] if kept and now - kept[0] <= question.max_age else None

    def _run(self, shelf: Mapping[str, NamedQuery], question: Question) -> Answer:
        named = shelf.get(question.name)
        if named is None:
            raise SalescastError(
                f"the stack has no query named {question.name}; deploy the current template.yaml"
            )
        result = athena.run(self.stack, named.statement, named.arguments(question.parameters))
        there = {column.name for column in result.columns}
        if lacking := [name for name in question.columns if name not in there]:
            raise SalescastError(
                f"the stack's query {question.name} has no column {lacking[0]}; "
                "deploy the current template.yaml"
            )
        answer = Answer(result, datetime.now(UTC), question.columns)
        with self._lock:
            self._kept[_key(question)] = (time.monotonic(), answer)
            self._kept.move_to_end(_key(question))
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return answer


def footer(answers: Sequence[Answer], zone: tzinfo = UTC) -> str:
    """Where the figures of a page are from: when Athena was asked, what it read and what that costs."""
    scanned = sum(answer.result.bytes_scanned for answer in answers)
    dollars = sum(answer.result.dollars for answer in answers)
    moments = [answer.asked.astimezone(zone) for answer in answers]
    newest, oldest = max(moments), min(moments)
    when = f"{newest:%H:%M:%S}"
    if (newest - oldest).total_seconds() >= 1:
        when = f"{oldest:%H:%M:%S} to {when}"
    when = f"{when} {zone}"
    queries = "1 query" if len(answers) == 1 else f"{len(answers)} queries"
    return f"Athena, {when}: {queries}, {scanned / 1e6:,.2f} MB read, {dollars:.5f} USD on AWS"


def _key(question: Question) -> Key:
    return question.name, question.columns, tuple(sorted(question.parameters.items()))


def _is_float(kind: str) -> bool:
    return kind.startswith(_FLOATS)


def _dtype(kind: str) -> type[pl.DataType]:
    if _is_float(kind):
        return pl.Float64
    if kind in athena.INTEGERS:
        return pl.Int64
    return pl.Boolean if kind == "boolean" else pl.String
