"""`make demo`: orders through the whole pipeline of a fresh laptop stack, reconciled to the cent."""

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from salescast import laptop
from salescast.cli.output import Output
from salescast.cli.progress import Bars, Counter
from salescast.functions import generate, project, snapshot, trickle
from salescast.integrity import last_reconciliation, orders_table, reconcile
from salescast.integrity.reconcile import Reconciliation
from salescast.replay import replay
from salescast.replay.survey import Survey, survey
from salescast.stack import money
from salescast.stack.errors import SalescastError
from salescast.stack.polling import poll
from salescast.stack.services import athena, freshness
from salescast.stack.services.lake import Lake
from salescast.stack.stack import Stack
from salescast.stack.state import State, write_json

DAYS = 400  # the same weeks a year ago, and some before them to compare with
POLL_SECONDS = 1.0
QUIET_SECONDS = 30.0
RECONCILE_ATTEMPTS = 20
LOOK_BACK = 28
LEAST_RATE = 0.01  # of the template's OrdersPerHour


@dataclass
class Figures:
    """What demo.json says."""

    orders_written: int = 0
    changes: int = 0
    rows: int = 0
    objects: int = 0
    bytes: int = 0
    failed: int = 0
    reconciled: bool = False
    amount: str = "0"
    orders_per_second: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Demo:
    """A demo that was run: its stack, which is up, and what it has to show."""

    stack: Stack
    figures: Figures
    reconciliation: Reconciliation
    top_products: athena.Result
    projection: dict[str, Any]
    orders_a_day: float  # that go on coming by themselves

    def check(self) -> None:
        """Raises SalescastError unless everything reconciled."""
        if self.figures.reconciled:
            return
        examples = self.reconciliation.examples
        example = f" ({examples[0]})" if examples else ""
        raise SalescastError(
            f"the lake does not reconcile with the table{example}; "
            f"`salescast reconcile` lists the differences, the logs are in {self.stack.state.logs}"
        )


def run(
    folder: Path, output: Output, *, orders: int, file: Path | None, fast: float, go_on: bool = True
) -> Demo:
    """Run the demo in a state folder: write orders, or those of a file, and leave the stack up and demo.json.

    Sample orders go on coming at the same pace, unless `go_on` is False; an order file stays as it is.
    Steps and progress go to `output`. What did not reconcile is told by `Demo.check`.
    """
    surveyed = survey(file) if file else None
    watch = _Stopwatch()
    if surveyed:
        parameters = {"FirstOrderDate": surveyed.first_date} if surveyed.first_date else {}
    else:
        parameters = {"OrdersPerHour": f"{max(LEAST_RATE, orders / DAYS / 24):.3f}"}
    stack = _fresh_stack(folder, output, fast, parameters)
    watch.lap("up")
    figures = Figures(seconds=watch.seconds)
    until = datetime.now(UTC).replace(second=0, microsecond=0)
    with (
        output.progress() as bars,
        _Watch(stack, bars, surveyed.lines if surveyed else orders) as arrivals,
    ):
        if surveyed:
            for note in surveyed.notes:
                output.step(note)
            output.step(f"replaying {surveyed.lines:,} lines of {surveyed.path.name} into the orders table")
            begin = _replay(stack, surveyed, figures, arrivals.orders)
            rows_due = figures.changes
        else:
            output.step(f"generating {orders:,} orders over the past {DAYS} days, and what became of them")
            begin = _generate(stack, orders, until, figures)
            # The schedule takes one every hour; the demo does not wait for it.
            snapshot.take(stack)
            rows_due = sum(order.version for order in orders_table.scan(stack))
        watch.lap("write")
        arrivals.wait_for(rows_due, freshness.bound(stack))
        watch.lap("lake")
    if arrivals.last is not None:
        figures.orders_per_second = round(figures.orders_written / max(0.001, arrivals.last - begin), 1)
    output.step("reconciling the orders table with the lake, exactly")
    reconciliation = _reconcile(stack, output)
    last_reconciliation.keep(stack, reconciliation)
    watch.lap("reconcile")
    output.step("asking Athena")
    _measure(stack, arrivals.lake, reconciliation, figures)
    top_products = athena.query(stack, "top_products", {})
    watch.lap("query")
    output.step("projecting the 28 days before today, to see how it would have done, and the 28 to come")
    projection = _project(stack, surveyed)
    watch.lap("project")
    watch.total()
    write_json(stack.state.folder / "demo.json", vars(figures))
    orders_a_day = 0.0
    if go_on and not surveyed:
        output.step("letting the shop go on: the schedule writes an order now and then from here on")
        trickle.start(stack, until)
        orders_a_day = orders / DAYS
    return Demo(stack, figures, reconciliation, top_products, projection, orders_a_day)


def _fresh_stack(folder: Path, output: Output, fast: float, parameters: dict[str, str]) -> Stack:
    """A stack without orders. Figures of a stack that held others already would say nothing."""
    state = State(folder.resolve())
    with state.lock():
        if state.down():
            output.step("the demo starts from a fresh stack: ended the one that ran here")
    return laptop.up(folder, fast=fast, parameters=parameters, report=output.step)


def _generate(stack: Stack, orders: int, until: datetime, figures: Figures) -> float:
    """Write sample orders up to a minute; returns when that began."""
    event = {
        "action": "backfill",
        "start": (until.date() - timedelta(days=DAYS - 1)).isoformat(),
        "end": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "orders": orders,
    }
    begin = time.monotonic()
    generated = generate.run(stack, event)
    figures.orders_written, figures.changes = generated.inserted, generated.changes
    return begin


def _replay(stack: Stack, file: Survey, figures: Figures, counter: Counter) -> float:
    """Write a file's orders; returns when that began."""
    begin = time.monotonic()
    replayed = replay.replay(stack, file, counter.show)
    if replayed.unmapped:
        problem = next(iter(replayed.problems))
        raise SalescastError(
            f"{replayed.unmapped} line(s) are no orders, the first is line {problem.lines[0]}: "
            f"{problem.column} {problem.reason}; `salescast replay --dry-run` lists them"
        )
    figures.orders_written = figures.changes = replayed.written
    return begin


def _reconcile(stack: Stack, output: Output) -> Reconciliation:
    """Reconcile, again while something is in flight."""
    pause = freshness.bound(stack)
    for _ in range(RECONCILE_ATTEMPTS):
        result = reconcile.reconcile(stack)
        if not result.in_flight:
            break
        output.step(f"{result.in_flight:,} order(s) still in flight; looking again in {pause:.0f} s")
        time.sleep(pause)
    return result


def _project(stack: Stack, file: Survey | None) -> dict[str, Any]:
    """Project from today, or from the day after the last replayed order; before that from 28 days earlier.

    The earlier projection knows the orders before its day only, but what became of them until now.
    """
    day, days = datetime.now(UTC).date(), DAYS
    event: dict[str, Any] = {"series": ["total"]}
    if file and file.first_date:
        first, last = (date.fromisoformat(text) for text in (file.first_date, file.last_date))
        day, days = last + timedelta(days=1), (last - first).days + 1
        event["date"] = day.isoformat()
    if days >= 2 * LOOK_BACK:
        project.run(stack, event | {"date": (day - timedelta(days=LOOK_BACK)).isoformat()})
    return project.run(stack, event)


def _measure(stack: Stack, lake: Lake, reconciliation: Reconciliation, figures: Figures) -> None:
    lake.look()
    rows = athena.run(stack, "SELECT count(*) AS row_count FROM order_changes").rows[0][0]
    amount = athena.run(stack, "SELECT CAST(sum(amount) AS varchar) AS amount FROM orders").rows[0][0]
    figures.rows = int(str(rows))
    figures.objects, figures.bytes = lake.objects, lake.bytes
    figures.failed = reconciliation.failed_records
    figures.amount = money.shortest(money.exact(str(amount or 0)))
    figures.reconciled = reconciliation.reconciled and not (
        reconciliation.in_flight or reconciliation.failed_records
    )


class _Stopwatch:
    """Seconds per stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._start = self._lap = time.monotonic()

    def lap(self, stage: str) -> None:
        now = time.monotonic()
        self.seconds[stage], self._lap = round(now - self._lap, 3), now

    def total(self) -> None:
        self.seconds["total"] = round(time.monotonic() - self._start, 3)


class _Watch:
    """Counts what arrives in table and lake meanwhile; `last` is when it last saw more rows (monotonic).

    The table's own count, which on the laptop is true at any moment, for the generator answers after minutes.
    """

    def __init__(self, stack: Stack, bars: Bars, orders: int) -> None:
        self.lake = Lake(stack)
        self.last: float | None = None
        self.orders = bars.counter("orders written", orders)
        self._rows = bars.counter("rows in the lake")
        self._stack = stack
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lake", daemon=True)

    def __enter__(self) -> "_Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._done.set()
        self._thread.join()

    def wait_for(self, rows: int, bound: float) -> None:
        """Wait until that many rows are there, or none has come for long."""
        self._rows.expect(rows)
        quiet = max(QUIET_SECONDS, 2 * bound)
        start = time.monotonic()
        poll(
            lambda: self.lake.rows >= rows or time.monotonic() - max(start, self.last or 0) >= quiet,
            bool,
            pause=0.1,
        )

    def _item_count(self) -> int:
        table = self._stack.dynamodb.describe_table(TableName=self._stack.output("OrdersTable"))
        return table["Table"]["ItemCount"]

    def _run(self) -> None:
        while not self._done.is_set():
            before = self.lake.rows
            # What cannot be read now is read at the next look; a lake that stays silent ends the wait.
            with suppress(Exception):
                self.orders.show(self._item_count())
                self.lake.look()
            if self.lake.rows > before:
                self.last = time.monotonic()
                self._rows.show(self.lake.rows)
            self._done.wait(POLL_SECONDS)
