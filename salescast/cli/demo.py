"""`make demo`: orders through the whole pipeline of a fresh laptop stack, reconciled to the cent."""

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.progress import Progress, TaskID

from salescast.cli import output
from salescast.functions import generate, project, snapshot
from salescast.integrity import orders as orders_table
from salescast.integrity import reconcile, verdict
from salescast.integrity.reconcile import Reconciliation
from salescast.laptop import up as laptop
from salescast.replay import replay, retail_file
from salescast.stack import athena, freshness, money
from salescast.stack.errors import SalescastError
from salescast.stack.lake import Lake
from salescast.stack.stack import Stack
from salescast.stack.state import DEFAULT, State, write_json

ORDERS = 2000
DAYS = 120
FAST = 20
POLL_SECONDS = 1.0
QUIET_SECONDS = 30.0
RECONCILE_ATTEMPTS = 20
LOOK_BACK = 28

TOP_PRODUCTS = 8


@dataclass
class Demo:
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


def run(
    folder: Path, *, orders: int = ORDERS, file: Path | None = None, fast: float = FAST, quiet: bool = False
) -> Demo:
    """Run the demo in a state folder and leave its stack up; `quiet` tells no story on stdout.

    Raises SalescastError unless everything reconciled.
    """
    survey = retail_file.survey(file) if file else None
    watch = _Stopwatch()
    stack = _fresh_stack(folder, fast, survey.first_date if survey else None)
    watch.lap("up")
    demo = Demo(seconds=watch.seconds)
    with output.progress() as bars, _LakeWatch(stack, bars) as lake:
        if survey:
            output.step(
                f"replaying {survey.lines:,} invoice lines of {survey.path.name} into the orders table"
            )
            begin = _replay(stack, survey, demo, bars)
        else:
            output.step(f"generating {orders:,} orders over the past {DAYS} days, and what became of them")
            begin = _generate(stack, orders, demo, bars)
            # The schedule takes one every hour; the demo does not wait for it.
            snapshot.take(stack)
        watch.lap("write")
        lake.wait_for(_rows_due(stack, demo) if survey is None else demo.changes, freshness.bound(stack))
        watch.lap("lake")
    if lake.grown is not None:
        demo.orders_per_second = round(demo.orders_written / max(0.001, lake.grown - begin), 1)
    output.step("reconciling the orders table with the lake, exactly")
    reconciliation = _reconcile(stack)
    verdict.keep(stack, reconciliation)
    watch.lap("reconcile")
    output.step("asking Athena")
    _measure(stack, lake.lake, reconciliation, demo)
    top = athena.query(stack, "top_products", {})
    watch.lap("query")
    output.step("projecting the 28 days before today, to see how it would have done, and the 28 to come")
    projection = _project(stack, survey)
    watch.lap("project")
    watch.total()
    write_json(stack.state.folder / "demo.json", vars(demo))
    if not quiet:
        _tell(stack, demo, reconciliation, top, projection)
    if not demo.reconciled:
        example = f" ({reconciliation.examples[0]})" if reconciliation.examples else ""
        raise SalescastError(
            f"the lake does not reconcile with the table{example}; "
            f"`salescast reconcile` lists the differences, the logs are in {stack.state.logs}"
        )
    return demo


def _fresh_stack(folder: Path, fast: float, first_order_date: str | None) -> Stack:
    """A stack without orders. Figures of a stack that held others already would say nothing."""
    state = State(folder.resolve())
    with state.lock():
        if state.down():
            output.step("the demo starts from a fresh stack: ended the one that ran here")
    parameters = {"FirstOrderDate": first_order_date} if first_order_date else {}
    return laptop.up(folder, fast=fast, parameters=parameters, report=output.step)


def _generate(stack: Stack, orders: int, demo: Demo, bars: Progress) -> float:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    event = {
        "action": "backfill",
        "start": (yesterday - timedelta(days=DAYS - 1)).isoformat(),
        "end": yesterday.isoformat(),
        "orders": orders,
    }
    rate, task = output.Rate(), bars.add_task("orders written", total=orders, rate="")
    begin = time.monotonic()
    written = generate.run(
        stack,
        event,
        lambda done, _: bars.update(task, completed=done.inserted, rate=rate.text(done.inserted)),
    )
    demo.orders_written, demo.changes = written.inserted, written.changes
    return begin


def _replay(stack: Stack, survey: retail_file.RetailFile, demo: Demo, bars: Progress) -> float:
    rate, task = output.Rate(), bars.add_task("orders written", total=survey.lines, rate="")
    begin = time.monotonic()
    written = replay.replay(
        stack, survey, lambda lines: bars.update(task, completed=lines, rate=rate.text(lines))
    )
    if written.unmapped:
        problem = written.problems[0]
        raise SalescastError(
            f"{written.unmapped} line(s) are no orders, the first is line {problem.line}: {problem.field} "
            f"{problem.reason}; `salescast replay` lists them"
        )
    demo.orders_written = demo.changes = written.written
    return begin


def _rows_due(stack: Stack, demo: Demo) -> int:
    """Rows that the lake will have: the changes of all orders but the test orders, which it leaves out."""
    kept = [order.version for order in orders_table.scan(stack)]
    if left_out := demo.orders_written - len(kept):
        output.step(f"{left_out:,} of the orders are test orders, which the lake leaves out")
    return sum(kept)


def _reconcile(stack: Stack) -> Reconciliation:
    """Reconcile, again while something is in flight."""
    pause = freshness.bound(stack)
    for _ in range(RECONCILE_ATTEMPTS):
        result = reconcile.reconcile(stack)
        if not result.in_flight:
            break
        output.step(f"{result.in_flight:,} order(s) still in flight; looking again in {pause:.0f} s")
        time.sleep(pause)
    return result


def _project(stack: Stack, survey: retail_file.RetailFile | None) -> dict[str, Any]:
    """Project from today, or from the day after the last replayed order; before that from 28 days earlier.

    The earlier projection knows the orders before its day only, but what became of them until now.
    """
    day, days = datetime.now(UTC).date(), DAYS
    event: dict[str, Any] = {"series": ["total"]}
    if survey:
        first, last = (date.fromisoformat(text) for text in (survey.first_date, survey.last_date))
        day, days = last + timedelta(days=1), (last - first).days + 1
        event["date"] = day.isoformat()
    if days >= 2 * LOOK_BACK:
        project.run(stack, event | {"date": (day - timedelta(days=LOOK_BACK)).isoformat()})
    return project.run(stack, event)


def _show(projection: dict[str, Any]) -> None:
    (revenue,) = project.series(projection, "revenue")
    for line in project.terminal(revenue):
        output.out.print(line, markup=False, soft_wrap=True)
    output.out.print(project.summary(projection) + "\n", markup=False, soft_wrap=True)


def _measure(stack: Stack, lake: Lake, result: Reconciliation, demo: Demo) -> None:
    lake.look()
    counted = athena.run(stack, "SELECT count(*) AS row_count FROM order_changes").rows[0][0]
    total = athena.run(stack, "SELECT CAST(sum(amount) AS varchar) AS amount FROM orders").rows[0][0]
    demo.rows = int(str(counted))
    demo.objects, demo.bytes = lake.objects, lake.bytes
    demo.failed = result.failed_records
    demo.amount = money.shortest(money.exact(str(total or 0)))
    demo.reconciled = result.reconciled and result.in_flight == 0 and result.failed_records == 0


def _tell(
    stack: Stack,
    demo: Demo,
    result: Reconciliation,
    top: athena.Result,
    projection: dict[str, Any],
) -> None:
    out = output.out
    output.reconciliation(result)
    out.print(
        f"{demo.rows:,} rows in {demo.objects:,} Parquet objects ({demo.bytes / 1e6:.1f} MB), "
        f"{demo.orders_per_second:,.0f} orders/s from first write to last row.\n",
        soft_wrap=True,
    )
    names = [column.name for column in top.columns]
    out.print(output.rows_table(names, top.rows[:TOP_PRODUCTS], title="Top products"))
    _show(projection)
    state = "" if stack.state.folder == DEFAULT else f" --state {stack.state.folder}"
    out.print("The stack stays up. Look next at")
    for command, what in (
        ("dashboard", "sales, customers and stock in the browser"),
        ("query", "the questions that are there"),
        ("query 'SELECT * FROM orders LIMIT 10'", "any other, in SQL"),
        ("project channel:WEB --plot projection.png", "the next 28 days of any series"),
        ("generate --rate 5 --seconds 60", "live orders"),
        ("status", "every stage's health"),
        ("down", "ends it"),
    ):
        out.print(f"  .venv/bin/salescast {command}{state}", style="bold", end="", soft_wrap=True)
        out.print(f"   {what}", style="dim", soft_wrap=True)


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


class _LakeWatch:
    """Counts the rows that arrive in the lake meanwhile; `grown` is when it last saw more."""

    def __init__(self, stack: Stack, bars: Progress) -> None:
        self.lake = Lake(stack)
        self.grown: float | None = None
        self._bars = bars
        self._rate = output.Rate()
        self._task: TaskID = bars.add_task("rows in the lake", total=None, rate="")
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lake", daemon=True)

    def __enter__(self) -> "_LakeWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._done.set()
        self._thread.join()

    def wait_for(self, rows: int, bound: float) -> None:
        """Wait until that many rows are there, or none has come for long."""
        self._bars.update(self._task, total=rows)
        quiet = max(QUIET_SECONDS, 2 * bound)
        start = time.monotonic()
        while self.lake.rows < rows and time.monotonic() - max(start, self.grown or 0) < quiet:
            time.sleep(0.1)

    def _run(self) -> None:
        while not self._done.is_set():
            before = self.lake.rows
            # What cannot be read now is read at the next look; a lake that stays silent ends the wait.
            with suppress(Exception):
                self.lake.look()
            if self.lake.rows > before:
                self.grown = time.monotonic()
                rate = self._rate.text(self.lake.rows)
                self._bars.update(self._task, completed=self.lake.rows, rate=rate)
            self._done.wait(POLL_SECONDS)
