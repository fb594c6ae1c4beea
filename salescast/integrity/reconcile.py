"""Proves that no change was lost: the orders table against the `orders` view, exactly.

Days are compared first, by sums that the query engine and this module compute alike; only the orders of days
that differ are compared one by one. The view is read before the table, so what the table has more is what was
written in between, and young.
"""

import hashlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice

from salescast.integrity import failed_changes, orders_table
from salescast.integrity.failed_changes import Tally
from salescast.integrity.orders_table import Order
from salescast.stack import money
from salescast.stack.services import athena, freshness
from salescast.stack.stack import Stack

DAYS_PER_QUERY = 300
EXAMPLES = 20
SETTLE_FACTOR = 2
VERSIONS_LOOKED_AT = 1000

Report = Callable[[str], None]

# The first eight hexadecimal digits of an MD5, as a number. Spelled with functions that every engine has.
_DIGITS = " + ".join(
    f"{16 ** (7 - place)} * (strpos('0123456789ABCDEF', substr(digest, {place + 1}, 1)) - 1)"
    for place in range(8)
)

# Sums leave as text: what type a sum has differs from engine to engine.
DAYS_SQL = f"""
WITH stored AS (
  SELECT order_date, order_id, count(DISTINCT version) AS versions
  FROM order_changes WHERE change_type IN ('INSERT', 'MODIFY') GROUP BY order_date, order_id),
live AS (
  SELECT o.order_date, o.version, o.amount, coalesce(s.versions, 0) AS versions,
    upper(to_hex(md5(to_utf8(
      o.order_id || ':' || CAST(o.version AS varchar) || ':' || CAST(o.amount AS varchar))))) AS digest
  FROM orders o LEFT JOIN stored s ON s.order_date = o.order_date AND s.order_id = o.order_id
  WHERE NOT o.archived)
SELECT order_date, CAST(count(*) AS varchar) AS orders, CAST(sum(version) AS varchar) AS versions,
  CAST(sum(versions) AS varchar) AS stored_versions, CAST(sum(amount) AS varchar) AS amount,
  CAST(sum({_DIGITS}) AS varchar) AS checksum
FROM live GROUP BY order_date
"""  # noqa: S608, nothing of it comes from outside


@dataclass
class Day:
    """The orders of one day, summed. `stored` counts the distinct versions that the log has of them."""

    orders: int = 0
    versions: int = 0
    stored: int = 0
    amount: Decimal = Decimal(0)
    checksum: int = 0

    def add(self, order: Order) -> None:
        self.orders += 1
        self.versions += order.version
        self.stored += order.version  # version 1 at insert, +1 with every write: so many changes there were
        self.amount = money.add(self.amount, Decimal(order.amount or 0))
        self.checksum += checksum(order)


@dataclass
class Reconciliation:
    """Table and lake, side by side. Counts of orders; `versions` counts changes that wrote an order."""

    table_orders: int = 0
    lake_orders: int = 0
    table_versions: int = 0
    lake_versions: int = 0
    table_amount: Decimal = Decimal(0)
    lake_amount: Decimal = Decimal(0)
    in_flight: int = 0
    failed: int = 0
    missing: int = 0
    unexpected: int = 0
    archived: int = 0
    failed_records: int = 0
    settle_seconds: float = 0.0
    examples: list[str] = field(default_factory=list)

    @property
    def reconciled(self) -> bool:
        """Whether nothing is missing from the lake and nothing is in it that should have gone."""
        return self.missing == 0 and self.unexpected == 0

    @property
    def arrived_meanwhile(self) -> bool:
        """Whether the sums differ and the orders, read later, do not."""
        sums = self.table_orders, self.table_versions, self.table_amount
        same = sums == (self.lake_orders, self.lake_versions, self.lake_amount)
        return not same and not (self.in_flight or self.failed or self.missing or self.unexpected)

    def as_json(self) -> dict[str, object]:
        amounts = {
            "table_amount": money.shortest(self.table_amount),
            "lake_amount": money.shortest(self.lake_amount),
        }
        return vars(self) | amounts | {"reconciled": self.reconciled}


def checksum(order: Order) -> int:
    """What DAYS_SQL sums up for an order."""
    text = f"{order.order_id}:{order.version}:{order.amount}".encode()
    return int.from_bytes(hashlib.md5(text, usedforsecurity=False).digest()[:4], "big")


def reconcile(stack: Stack, settle: float | None = None, report: Report = lambda _: None) -> Reconciliation:
    """Compare the table with the lake, and once more after `settle` seconds when something is missing.

    A backfilled order says when its versions would have been written, not when they were, so its age does not
    show that it is on its way; a second look does.
    """
    settle = SETTLE_FACTOR * freshness.bound(stack) if settle is None else settle
    result = _reconcile(stack, settle, report)
    if result.missing and settle:
        report(f"{result.missing} order(s) are missing; looking again in {settle:.0f} s")
        time.sleep(settle)
        result = _reconcile(stack, settle, report)
    if result.arrived_meanwhile:
        report("what the sums lacked has arrived meanwhile; summing up again")
        result = _reconcile(stack, settle, report)
    return result


def _reconcile(stack: Stack, settle: float, report: Report) -> Reconciliation:
    """One comparison of the table with the lake.

    An order whose last write is younger than `settle` seconds (default: twice the freshness bound) and that
    differs is in flight; an older one is failed if errors/ or the dead-letter queue has what the lake lacks,
    else missing. Orders that the lake has and the table has not are failed where their removal is found
    there; the others are looked at again after `settle` seconds, since nothing tells when they were removed.
    Test orders and other entities are left out, archived orders are expected in the lake only.
    """
    report("summing up the lake by day (Athena)")
    lake = _lake_days(stack)
    report("reading the orders table")
    table: dict[str, Day] = defaultdict(Day)
    for order in orders_table.scan(stack):
        table[order.order_date].add(order)
    result = Reconciliation(settle_seconds=round(settle, 3))
    _totals(result, table.values(), lake.values())
    result.archived = _archived(stack)
    failed = failed_changes.tally(stack)
    result.failed_records = failed.records
    differing = sorted(day for day in table.keys() | lake.keys() if table.get(day) != lake.get(day))
    if differing:
        report(f"comparing {len(differing)} day(s) order by order")
        _Comparison(stack, settle, failed, result, report).run(differing)
    return result


def _totals(result: Reconciliation, table: Iterable[Day], lake: Iterable[Day]) -> None:
    for day in table:
        result.table_orders += day.orders
        result.table_versions += day.versions
        result.table_amount = money.add(result.table_amount, day.amount)
    for day in lake:
        result.lake_orders += day.orders
        result.lake_versions += day.stored
        result.lake_amount = money.add(result.lake_amount, day.amount)


def _lake_days(stack: Stack) -> dict[str, Day]:
    return {
        str(date): Day(
            int(str(count)), int(str(versions)), int(str(stored)), Decimal(str(amount)), int(str(check))
        )
        for date, count, versions, stored, amount, check in athena.run(stack, DAYS_SQL).rows
    }


def _archived(stack: Stack) -> int:
    return int(str(athena.run(stack, "SELECT count(*) AS archived FROM orders WHERE archived").rows[0][0]))


class _Comparison:
    """Orders one by one, for the days that differ."""

    def __init__(
        self, stack: Stack, settle: float, failed: Tally, result: Reconciliation, report: Report
    ) -> None:
        self._stack = stack
        self._settle = settle
        self._failed_changes = failed
        self._result = result
        self._report = report
        self._view: dict[str, tuple[int, str]] = {}
        self._stored: set[tuple[str, int]] = set()

    def run(self, days: list[str]) -> None:
        wanted = frozenset(days)
        dates = [day for day in days if day != orders_table.UNREADABLE]
        self._read_lake(dates)
        unseen = set(self._view)
        youngest = datetime.now(UTC) - timedelta(seconds=self._settle)
        for order in orders_table.scan(self._stack):
            if order.order_date in wanted:
                unseen.discard(order.order_id)
                self._judge(order, youngest)
        self._result.failed += len(unseen & self._failed_changes.removals)
        if unseen := unseen - self._failed_changes.removals:
            self._judge_unseen(unseen, dates)

    def _read_lake(self, dates: list[str]) -> None:
        for chunk in _chunks(dates):
            where = "order_date IN (" + ", ".join(f"'{date}'" for date in chunk) + ")"
            changes = f"""SELECT DISTINCT order_id, version FROM order_changes
                WHERE {where} AND change_type IN ('INSERT', 'MODIFY')"""  # noqa: S608, dates of our own
            for order_id, version in athena.stream(self._stack, changes):
                self._stored.add((str(order_id), int(str(version))))
            current = f"""SELECT order_id, version, CAST(amount AS varchar) AS amount FROM orders
                WHERE {where} AND NOT archived"""  # noqa: S608
            for order_id, version, amount in athena.stream(self._stack, current):
                self._view[str(order_id)] = int(str(version)), str(amount)

    def _judge(self, order: Order, youngest: datetime) -> None:
        versions = range(1, order.version + 1)
        absent = (version for version in versions if (order.order_id, version) not in self._stored)
        lacking = list(islice(absent, VERSIONS_LOOKED_AT))
        if self._view.get(order.order_id) == (order.version, order.amount) and not lacking:
            return
        if order.updated and order.updated > youngest:
            self._result.in_flight += 1
        elif self._failed(order, lacking):
            self._result.failed += 1
        else:
            self._result.missing += 1
            self._example(f"{order.order_id}: {self._difference(order, lacking)}")

    def _failed(self, order: Order, lacking: list[int]) -> bool:
        if order.order_date == orders_table.UNREADABLE:
            return order.order_id in self._failed_changes.orders
        return bool(lacking) and all(
            (order.order_id, version) in self._failed_changes.changes for version in lacking
        )

    def _difference(self, order: Order, lacking: list[int]) -> str:
        if order.order_date == orders_table.UNREADABLE:
            return "breaks the data contract, and errors/ has no record of it"
        if lacking:
            return f"version {', '.join(map(str, lacking[:5]))} of {order.version} is not in the lake"
        version, amount = self._view.get(order.order_id, (0, ""))
        return f"version {order.version}, amount {order.amount} in the table; {version}, {amount} in the lake"

    def _judge_unseen(self, unseen: set[str], dates: list[str]) -> None:
        """Orders of the lake that the table did not have: removed just now, or their removal was lost."""
        self._report(f"{len(unseen)} order(s) are in the lake only; looking again in {self._settle:.0f} s")
        time.sleep(self._settle)
        self._view.clear()
        self._read_lake(dates)
        left = sorted(unseen & self._view.keys())
        left = sorted(set(left) - orders_table.existing(self._stack, left))
        self._result.unexpected += len(left)
        for order_id in left:
            self._example(f"{order_id}: is in the lake, the table has no such order")

    def _example(self, text: str) -> None:
        if len(self._result.examples) < EXAMPLES:
            self._result.examples.append(text)


def _chunks(dates: list[str]) -> Iterable[list[str]]:
    return (dates[start : start + DAYS_PER_QUERY] for start in range(0, len(dates), DAYS_PER_QUERY))
