"""Streams an Online Retail CSV into the orders table: resumable, safe to repeat, nothing dropped silently."""

import json
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from salescast.replay.online_retail import COLUMNS, LineError, Order, order, timestamp
from salescast.replay.retail_file import RetailFile
from salescast.replay.writer import BATCH, Writer
from salescast.stack import money
from salescast.stack.errors import SalescastError
from salescast.stack.stack import Stack
from salescast.stack.state import write_json

IN_FLIGHT = 3
CHECKPOINT_SECONDS = 2.0
PROBLEMS_KEPT = 100

Progress = Callable[[int], None]
"""Called with the number of lines done."""


@dataclass(frozen=True)
class Problem:
    """A line that could not become an order."""

    line: int
    field: str
    reason: str


@dataclass
class Replay:
    """What a replay did.

    `already` counts the orders that were in the table before; `amount` is the exact sum over all lines that
    are orders. `problems` describes the first of the `unmapped` lines.
    """

    lines: int = 0
    written: int = 0
    already: int = 0
    unmapped: int = 0
    invoices: int = 0
    amount: Decimal = Decimal(0)
    problems: list[Problem] = field(default_factory=list)
    first_write: datetime | None = None
    seconds: float = 0.0

    def as_json(self) -> dict[str, object]:
        return {
            **{name: getattr(self, name) for name in ("lines", "written", "already", "unmapped", "invoices")},
            "amount": money.shortest(self.amount),
            "problems": [vars(problem) for problem in self.problems],
            "seconds": round(self.seconds, 3),
        }


def check_dates(stack: Stack, file: RetailFile) -> None:
    """Raise SalescastError, saying what to do, when the stack would refuse orders of the file's dates."""
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


def replay(stack: Stack, file: RetailFile, progress: Progress = lambda _: None) -> Replay:
    """Write every line of the file as an order, if it is not there yet, and say what became of each line.

    A checkpoint in the state folder lets an interrupted run go on where it was; without it the lines are
    offered again and found to be there. Raises SalescastError when the stack refuses the file's dates or
    DynamoDB a write.
    """
    check_dates(stack, file)
    return _Run(stack, file, progress).run()


class _Run:
    def __init__(self, stack: Stack, file: RetailFile, progress: Progress) -> None:
        self._file = file
        self._progress = progress
        self._writer = Writer(stack)
        # The table's own id, since a new stack may have a table of the same name.
        table = stack.dynamodb.describe_table(TableName=stack.output("OrdersTable"))["Table"]
        identity = table.get("TableId") or table["CreationDateTime"].isoformat()
        self._checkpoint = stack.state.checkpoints / f"replay-{file.digest[:16]}-{identity}.json"
        self._start = self._read_checkpoint()
        self._saved = time.monotonic()
        self._result = Replay()
        self._pending: deque[tuple[int, int, Future[int]]] = deque()

    def run(self) -> Replay:
        begin = time.monotonic()
        pool = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="writer")
        try:
            for last, orders in self._batches():
                if self._result.first_write is None:
                    self._result.first_write = datetime.now(UTC)
                items = [(one.order_id, one.item) for one in orders]
                self._pending.append((last, len(items), pool.submit(self._writer.write, items)))
                self._settle(2 * IN_FLIGHT)
            self._settle(0)
            self._save(self._result.lines, at_once=True)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        self._result.seconds = time.monotonic() - begin
        return self._result

    def _batches(self) -> Iterator[tuple[int, list[Order]]]:
        """Orders to write, up to 100 at a time, each with the count of lines read up to its end."""
        result, occurrences = self._result, Counter[str]()
        batch: list[Order] = []
        updated_ts = timestamp(datetime.now(UTC))
        for number, fields in self._file.read():
            result.lines += 1
            try:
                if len(fields) != len(COLUMNS):
                    raise LineError("line", "has not as many fields as the header")
                occurrences[fields[0]] += 1
                one = order(fields, occurrences[fields[0]], updated_ts)
            except LineError as error:
                result.unmapped += 1
                if len(result.problems) < PROBLEMS_KEPT:
                    result.problems.append(Problem(number, error.field, error.reason))
                continue
            result.amount = money.add(result.amount, one.amount)
            if result.lines <= self._start:
                result.already += 1
                continue
            batch.append(one)
            if len(batch) == BATCH:
                yield result.lines, batch
                batch = []
                updated_ts = timestamp(datetime.now(UTC))
        if batch:
            yield result.lines, batch
        result.invoices = len(occurrences)

    def _settle(self, allowed: int) -> None:
        """Take what the oldest writes answered until at most `allowed` are under way."""
        while len(self._pending) > allowed or (self._pending and self._pending[0][2].done()):
            last, offered, future = self._pending.popleft()
            written = future.result()
            self._result.written += written
            self._result.already += offered - written
            self._progress(last)
            self._save(last)

    def _read_checkpoint(self) -> int:
        try:
            return int(json.loads(self._checkpoint.read_text())["lines"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def _save(self, lines: int, *, at_once: bool = False) -> None:
        if at_once or time.monotonic() - self._saved >= CHECKPOINT_SECONDS:
            write_json(self._checkpoint, {"lines": lines})
            self._saved = time.monotonic()
