"""Streams an order file into the orders table: resumable, safe to repeat, and every line accounted for."""

import json
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from heapq import heappop, heappush
from typing import Any

from salescast.replay.dates import timestamp
from salescast.replay.order_line import LineError, Order
from salescast.replay.problems import Problems
from salescast.replay.survey import Survey
from salescast.replay.writer import BATCH, Difference, Outcome, Writer
from salescast.stack import money
from salescast.stack.errors import SalescastError
from salescast.stack.services import order_items
from salescast.stack.stack import Stack
from salescast.stack.state import write_json

IN_FLIGHT = 3
CHECKPOINT_SECONDS = 2.0
EXAMPLES = 3
OF_WRITING = ("version", "updated_ts")

Progress = Callable[[int], None]
"""Called with the number of lines done."""


@dataclass
class Replay:
    """What a replay did: each of the `lines` is `written`, `already` there with the same contents,
    `differing` (there with other contents), or `unmapped` (no order).

    `amount` is the exact sum over all lines that are orders. `problems` describes the lines that are
    differing or unmapped. `blank` lines are not among the lines.
    """

    lines: int = 0
    written: int = 0
    already: int = 0
    differing: int = 0
    unmapped: int = 0
    blank: int = 0
    invoices: int = 0
    amount: Decimal = Decimal(0)
    problems: Problems = field(default_factory=Problems)
    first_write: datetime | None = None
    seconds: float = 0.0

    def as_json(self) -> dict[str, object]:
        counts = ("lines", "written", "already", "differing", "unmapped", "blank", "invoices")
        return {
            **{name: getattr(self, name) for name in counts},
            "amount": money.shortest(self.amount),
            "problems": [problem.as_json() for problem in self.problems],
            "seconds": round(self.seconds, 3),
        }


@dataclass
class Rehearsal:
    """What a replay would do with a file, without a stack: `examples` are its first orders as items."""

    lines: int = 0
    orders: int = 0
    unmapped: int = 0
    blank: int = 0
    amount: Decimal = Decimal(0)
    first_date: str = ""
    last_date: str = ""
    notes: tuple[str, ...] = ()
    problems: Problems = field(default_factory=Problems)
    examples: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        return vars(self) | {
            "amount": money.shortest(self.amount),
            "problems": [problem.as_json() for problem in self.problems],
        }


def check(stack: Stack, file: Survey) -> None:
    """Raise SalescastError, saying what to do, when the stack would refuse orders of the file's dates, or
    reads another table than those of files are written to.
    """
    order_items.refuse(stack, "the orders of a file")
    first = stack.parameters.get("FirstOrderDate", "")
    latest = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    if file.first_date and file.first_date < first:
        overrides = f"FirstOrderDate={file.first_date}"
        command = (
            f"salescast up --parameter {overrides}"
            if stack.is_laptop
            else f"sam deploy --parameter-overrides {overrides}"
        )
        raise SalescastError(
            f"{file.path.name} has orders from {file.first_date} on, the stack takes none before {first}; "
            f"run `{command}` first"
        )
    if file.last_date > latest:
        raise SalescastError(
            f"{file.path.name} has orders of {file.last_date}; a stack takes none after {latest}"
        )


def rehearse(file: Survey, progress: Progress = lambda _: None) -> Rehearsal:
    """Make every order of the file and write none."""
    rehearsal = Rehearsal(
        blank=file.blank, first_date=file.first_date, last_date=file.last_date, notes=file.notes
    )
    numbers: dict[str, int] = {}
    for order in _orders(file, rehearsal):
        rehearsal.orders += 1
        if rehearsal.lines % BATCH == 0:
            progress(rehearsal.lines)
        if len(rehearsal.examples) < EXAMPLES:
            number = numbers[order.base] = numbers.get(order.base, 0) + 1
            item = json.loads(order.item(number))
            rehearsal.examples.append(
                {name: next(iter(value.values())) for name, value in item.items() if name not in OF_WRITING}
            )
    progress(rehearsal.lines)
    return rehearsal


def replay(stack: Stack, file: Survey, progress: Progress = lambda _: None) -> Replay:
    """Write every line of the file as an order, if it is not there yet, and say what became of each line.

    A checkpoint in the state folder lets an interrupted run go on where it was; without it the lines are
    offered again and found to be there. Raises SalescastError when the stack refuses the file's dates or
    DynamoDB a write. An interrupt (KeyboardInterrupt) says how far it got.
    """
    check(stack, file)
    if stack.is_laptop:
        stack.state.holds(file.path.name)
    return _Run(stack, file, progress).run()


def _orders(file: Survey, result: Replay | Rehearsal) -> Iterator[Order]:
    """The file's orders; lines are counted, those that are no orders told, amounts added up."""
    read, updated_ts = file.reader.order, timestamp(datetime.now(UTC))
    for row in file.rows():
        result.lines += 1
        if result.lines % BATCH == 0:
            updated_ts = timestamp(datetime.now(UTC))
        try:
            if row.problem:
                raise LineError("line", row.problem)
            order = read(row.line, row.fields, updated_ts)
        except LineError as error:
            result.unmapped += 1
            result.problems.add(row.line, error.column, error.reason, error.text)
            continue
        result.amount = money.add(result.amount, order.amount)
        yield order


class _Run:
    def __init__(self, stack: Stack, file: Survey, progress: Progress) -> None:
        self._file = file
        self._progress = progress
        self._writer = Writer(stack, file.reader.attributes)
        # The table's own id, since a new stack may have a table of the same name.
        table = stack.dynamodb.describe_table(TableName=stack.output("OrdersTable"))["Table"]
        identity = table.get("TableId") or table["CreationDateTime"].isoformat()
        self._checkpoint = stack.state.checkpoints / f"replay-{file.identity}-{identity}.json"
        self._result = Replay(blank=file.blank, invoices=file.invoices)
        self._differences: list[Difference] = []
        self._start = self._done = self._resume()
        self._saved = time.monotonic()
        self._pending: deque[tuple[int, int, Future[Outcome]]] = deque()

    def run(self) -> Replay:
        begin = time.monotonic()
        pool = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="writer")
        try:
            for done, orders in self._batches():
                if self._result.first_write is None:
                    self._result.first_write = datetime.now(UTC)
                self._pending.append((done, self._result.lines, pool.submit(self._writer.write, orders)))
                self._settle(2 * IN_FLIGHT)
            self._settle(0)
        except KeyboardInterrupt:
            pool.shutdown(wait=True, cancel_futures=True)
            raise KeyboardInterrupt(self._stopped()) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        self._tell(sys.maxsize)
        # The next run looks at the table itself: what is different there is different still.
        self._checkpoint.unlink(missing_ok=True)
        self._result.seconds = time.monotonic() - begin
        return self._result

    def _batches(self) -> Iterator[tuple[int, list[Order]]]:
        """Orders to write, about 100 at a time, each with the file's line up to which all is settled then.

        Lines that share an id but for its running number are written together: they are held until the last
        of them was read.
        """
        held: dict[int, list[Order]] = {}
        due: list[tuple[int, int]] = []
        batch: list[Order] = []
        line = 0
        for order in _orders(self._file, self._result):
            line = order.line
            if line <= self._start:
                self._result.already += 1
                continue
            key = hash(order.base)
            if (last := self._file.repeats.get(key)) is None:
                batch.append(order)
            elif key in held:
                held[key].append(order)
            else:
                held[key] = [order]
                heappush(due, (last, key))
            while due and due[0][0] <= self._result.lines:
                batch += held.pop(heappop(due)[1])
            if len(batch) >= BATCH:
                first_held = next(iter(held.values()), None)
                yield first_held[0].line - 1 if first_held else line, batch
                batch = []
        batch += (order for orders in held.values() for order in orders)
        if batch:
            yield line, batch

    def _settle(self, allowed: int) -> None:
        """Take what the oldest writes answered until at most `allowed` are under way."""
        while len(self._pending) > allowed or (self._pending and self._pending[0][2].done()):
            self._progress(self._take())
            if time.monotonic() - self._saved >= CHECKPOINT_SECONDS:
                self._save()

    def _take(self) -> int:
        """Count what the oldest write did; returns how many lines were read before it."""
        done, lines, future = self._pending.popleft()
        outcome = future.result()
        self._result.written += outcome.written
        self._result.already += outcome.already
        self._result.differing += len(outcome.differing)
        self._differences += outcome.differing
        self._done = max(self._done, done)
        return lines

    def _tell(self, line: int) -> list[Difference]:
        """Make problems of the differences up to a line of the file; returns those behind it."""
        later = []
        for difference in self._differences:
            if difference.line > line:
                later.append(difference)
                continue
            names = ", ".join(difference.attributes)
            reason = f"is in the table already, with another {names}"
            self._result.problems.add(difference.line, "order", reason, difference.order_id)
        self._differences = later
        return later

    def _stopped(self) -> str:
        """What an interrupt says, after everything that was under way is settled and saved."""
        while self._pending and _succeeded(self._pending[0][2]):
            self._take()
        self._save()
        return (
            f"stopped after line {self._done:,} of {self._file.path.name}, {self._result.written:,} orders "
            "written; the same command goes on from there"
        )

    def _resume(self) -> int:
        """The line up to which an interrupted run settled everything, 0 if there was none."""
        try:
            saved = json.loads(self._checkpoint.read_text())
            line, differing, kinds = int(saved["line"]), int(saved["differing"]), saved["problems"]
            self._result.problems.restore(kinds)
        except (OSError, ValueError, KeyError, TypeError):
            return 0
        self._result.differing = differing
        self._result.already = -differing  # of the lines that are passed over
        return line

    def _save(self) -> None:
        """Note how far all is settled, and what was different so far: only this run has seen it."""
        later = self._tell(self._done)
        kinds = [problem.as_json() for problem in self._result.problems if problem.column == "order"]
        content = {"line": self._done, "differing": self._result.differing - len(later), "problems": kinds}
        write_json(self._checkpoint, content)
        self._saved = time.monotonic()


def _succeeded(future: Future[Outcome]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None
