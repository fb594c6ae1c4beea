"""Proves that no change was lost: the orders table against the `orders` view, exactly; then the log (log.py).

Days are compared first, by sums that the query engine and this module compute alike, over every column of an
order's row; only the orders of days that differ are compared one by one. The view is read before the table,
so what the table has more is what was written in between, and young.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice

from salescast.integrity import failed_changes, last_reconciliation, orders_table
from salescast.integrity.failed_changes import Tally
from salescast.integrity.log import CHECKSUM, DIGITS, Log, Proof
from salescast.integrity.orders_table import SEPARATOR, Order
from salescast.integrity.sources import TABLE_STREAM
from salescast.stack import money
from salescast.stack.services import athena, freshness
from salescast.stack.stack import Stack

DAYS_PER_QUERY = 300
EXAMPLES = 20
SETTLE_FACTOR = 2
VERSIONS_LOOKED_AT = 1000
# By so much a writer's clock may be ahead of ours.
CLOCK_SECONDS = 300

Report = Callable[[str], None]

# A column's text, as orders_table.Order.columns has it.
_INSTANTS = ("order_ts", "updated_ts")
_TEXTS = {
    name: (
        f"date_format(o.{name}, '%Y-%m-%dT%H:%i:%s.%f')"
        if name in _INSTANTS
        else f"coalesce(CAST(o.{name} AS varchar), '')"
    )
    for name in orders_table.COLUMNS
}
# An invoice of its own has the order's id.
_TEXTS["invoice_id"] = "CASE WHEN o.invoice_id = '' THEN o.order_id ELSE o.invoice_id END"
_ROW = f" || '{SEPARATOR}' || ".join(_TEXTS.values())
_DIGEST = f"upper(to_hex(md5(to_utf8({_ROW}))))"

# An order's changes are numbered from its last INSERT's version on, which is 1 unless it came from elsewhere:
# what stands behind the 40 digits of the highest sequence number. Sums leave as text: what type a sum has
# differs from engine to engine.
DAYS_SQL = f"""
WITH stored AS (
  SELECT order_date, order_id, count(DISTINCT version) AS versions,
    max(CASE WHEN change_type = 'INSERT' THEN sequence_number || CAST(version AS varchar) END) AS inserted
  FROM order_changes WHERE change_type IN ('INSERT', 'MODIFY') GROUP BY order_date, order_id),
live AS (
  SELECT o.order_date, o.version, o.amount, coalesce(s.versions, 0) AS versions,
    coalesce(CAST(substr(s.inserted, 41) AS bigint), 1) - 1 AS skipped, {_DIGEST} AS digest
  FROM orders o LEFT JOIN stored s ON s.order_date = o.order_date AND s.order_id = o.order_id
  WHERE NOT o.archived)
SELECT order_date, CAST(count(*) AS varchar) AS orders, CAST(sum(version) AS varchar) AS versions,
  CAST(sum(versions) AS varchar) AS stored, CAST(sum(skipped) AS varchar) AS skipped,
  CAST(sum(amount) AS varchar) AS amount, CAST(sum({CHECKSUM}) AS varchar) AS checksum
FROM live GROUP BY order_date
"""  # noqa: S608, nothing of it comes from outside


@dataclass
class Day:
    """The orders of one day, summed. `stored` counts the distinct versions that the log has of them.

    `skipped`, which only the lake knows, are versions before the first of orders that came from elsewhere;
    they count as stored.
    """

    orders: int = 0
    versions: int = 0
    stored: int = 0
    amount: Decimal = Decimal(0)
    checksum: int = 0
    skipped: int = field(default=0, compare=False)

    def add(self, order: Order) -> None:
        self.orders += 1
        self.versions += order.version
        self.stored += order.version  # +1 with every write: so many changes there were
        self.amount = money.add(self.amount, Decimal(order.amount or 0))
        self.checksum += int(order.digest[:DIGITS], 16)


@dataclass
class Reconciliation:
    """Table and lake, side by side. Counts of orders; `versions` counts changes that wrote an order.

    `left_out` counts by reason (test, entity, no lines) what the table has and the lake is not to have.
    """

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
    left_out: Counter[str] = field(default_factory=Counter)
    log: Log | None = None

    @property
    def reconciled(self) -> bool:
        """Whether nothing is missing from state and log, and nothing is in it that should have gone."""
        lost = self.log.missing if self.log else 0
        return self.missing == 0 and self.unexpected == 0 and lost == 0

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
        log = {"log": self.log.as_json() if self.log else None}
        counts = {"left_out": dict(self.left_out), "reconciled": self.reconciled}
        return vars(self) | amounts | log | counts


def reconcile(
    stack: Stack,
    settle: float | None = None,
    report: Report = lambda _: None,
    *,
    log_days: float | None = None,
) -> Reconciliation:
    """Compare the table with the lake and prove the log; once more after `settle` seconds if something lacks.

    A backfilled order says when its versions would have been written, not when they were, so its age does not
    show that it is on its way; a second look does. The log is proven for the last `log_days`, or else from
    where the last proof ended and the last 24 hours, or else for as long as raw/ is kept.
    """
    settle = SETTLE_FACTOR * freshness.bound(stack) if settle is None else settle
    result = _reconcile(stack, settle, report)
    proof = Proof(stack, _log_since(stack, log_days), settle)
    proof.run(report)
    if (result.missing or proof.lost) and settle:
        report(
            f"{result.missing} order(s) and {len(proof.lost)} change(s) are missing; "
            f"looking again in {settle:.0f} s"
        )
        time.sleep(settle)
        if result.missing:
            result = _reconcile(stack, settle, report)
        proof.look_again()
    if result.arrived_meanwhile:
        report("what the sums lacked has arrived meanwhile; summing up again")
        result = _reconcile(stack, settle, report)
    result.log = proof.log
    for change_id in islice(proof.lost, EXAMPLES):
        result.examples.append(
            f"change {change_id}: came, and is not in order_changes, nor failed or dropped"
        )
    return result


def _log_since(stack: Stack, days: float | None) -> datetime:
    """From when on the log is to be proven."""
    oldest = datetime.now(UTC) - timedelta(
        days=float(stack.parameters["RawRetentionDays"]) if days is None else days
    )
    if days is not None:
        return oldest
    proven = last_reconciliation.log_proven_until(stack) or oldest
    # What the table's stream keeps is read anyway.
    return max(oldest, min(proven, datetime.now(UTC) - TABLE_STREAM))


def _reconcile(stack: Stack, settle: float, report: Report) -> Reconciliation:
    """One comparison of the table with the lake.

    An order whose last write is younger than `settle` seconds (default: twice the freshness bound) and that
    differs is in flight; an older one is failed if errors/ or the dead-letter queue has what the lake lacks,
    else missing. Orders that the lake has and the table has not are failed where their removal is found
    there; the others are looked at again after `settle` seconds, since nothing tells when they were removed.
    Test orders and other entities are left out and counted, archived orders are expected in the lake only.
    """
    report("summing up the lake by day (Athena)")
    lake = _lake_days(stack)
    report("reading the orders table")
    table: dict[str, Day] = defaultdict(Day)
    result = Reconciliation(settle_seconds=round(settle, 3))
    for order in orders_table.scan(stack, result.left_out):
        table[order.order_date].add(order)
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
        result.lake_versions += day.stored - day.skipped
        result.table_versions -= day.skipped
        result.lake_amount = money.add(result.lake_amount, day.amount)


def _lake_days(stack: Stack) -> dict[str, Day]:
    return {
        str(date): Day(
            int(str(count)),
            int(str(versions)),
            int(str(stored)) + int(str(skipped)),
            Decimal(str(amount)),
            int(str(check)),
            int(str(skipped)),
        )
        for date, count, versions, stored, skipped, amount, check in athena.run(stack, DAYS_SQL).rows
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
        self._latest = datetime.now(UTC) + timedelta(seconds=CLOCK_SECONDS)
        self._view: dict[str, tuple[int, str]] = {}  # version and digest
        self._stored: set[tuple[str, int]] = set()
        self._first: dict[str, int] = {}  # the version of the last INSERT
        self._false: list[Order] = []  # in the lake at their version, with other columns

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
        self._name_columns()
        self._result.failed += len(unseen & self._failed_changes.removals)
        if unseen := unseen - self._failed_changes.removals:
            self._judge_unseen(unseen, dates)

    def _read_lake(self, dates: list[str]) -> None:
        for chunk in _chunks(dates):
            where = "order_date IN (" + ", ".join(f"'{date}'" for date in chunk) + ")"
            changes = f"""SELECT order_id, version,
                  max(CASE WHEN change_type = 'INSERT' THEN sequence_number ELSE '' END) AS inserted
                FROM order_changes WHERE {where} AND change_type IN ('INSERT', 'MODIFY')
                GROUP BY order_id, version"""  # noqa: S608, dates of our own
            inserted: dict[str, str] = {}
            for order_id, version, at in athena.stream(self._stack, changes):
                self._stored.add((str(order_id), int(str(version))))
                if str(at or "") > inserted.get(str(order_id), ""):
                    inserted[str(order_id)] = str(at)
                    self._first[str(order_id)] = int(str(version))
            current = f"""SELECT o.order_id, o.version, {_DIGEST} AS digest FROM orders o
                WHERE {where} AND NOT o.archived"""  # noqa: S608
            for order_id, version, digest in athena.stream(self._stack, current):
                self._view[str(order_id)] = int(str(version)), str(digest).lower()

    def _judge(self, order: Order, youngest: datetime) -> None:
        first = self._first.get(order.order_id) or self._failed_changes.inserts.get(order.order_id, 1)
        versions = range(min(first, order.version), order.version + 1)
        absent = (version for version in versions if (order.order_id, version) not in self._stored)
        lacking = list(islice(absent, VERSIONS_LOOKED_AT))
        if self._view.get(order.order_id) == (order.version, order.digest) and not lacking:
            return
        # A time that has yet to come shows no youth.
        if order.updated and youngest < order.updated < self._latest:
            self._result.in_flight += 1
        elif self._failed(order, lacking):
            self._result.failed += 1
        else:
            self._result.missing += 1
            if not lacking and self._view.get(order.order_id, (0, ""))[0] == order.version:
                self._false.append(order)
            else:
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
        version, _ = self._view.get(order.order_id, (0, ""))
        return f"version {order.version} in the table; {version} in the lake"

    def _name_columns(self) -> None:
        """Say of orders whose row is not what the contract makes of the item in which columns it is not."""
        named = {order.order_id: order for order in self._false[: EXAMPLES - len(self._result.examples)]}
        if not named:
            return
        ids = ", ".join("'" + order_id.replace("'", "''") + "'" for order_id in named)
        days = ", ".join({f"'{order.order_date}'" for order in named.values()})
        sql = f"""SELECT {", ".join(f"{text} AS {name}" for name, text in _TEXTS.items())} FROM orders o
            WHERE order_date IN ({days}) AND order_id IN ({ids})"""  # noqa: S608, quoted
        for row in athena.run(self._stack, sql).rows:
            order = named[str(row[0])]
            texts = zip(orders_table.COLUMNS, order.columns, row, strict=True)
            differing = [name for name, ours, theirs in texts if ours != str(theirs or "")]
            if differing:
                self._example(f"{order.order_id}: the row's {', '.join(differing)} is not what the item says")

    def _judge_unseen(self, unseen: set[str], dates: list[str]) -> None:
        """Orders of the lake that the table did not have: removed just now, or their removal was lost."""
        self._report(f"{len(unseen)} order(s) are in the lake only; looking again in {self._settle:.0f} s")
        time.sleep(self._settle)
        self._view.clear()
        self._read_lake(dates)
        left = sorted(unseen & self._view.keys())
        left = sorted(set(left) - orders_table.existing(self._stack, left)) if left else []
        self._result.unexpected += len(left)
        for order_id in left:
            self._example(f"{order_id}: is in the lake, the table has no such order")

    def _example(self, text: str) -> None:
        if len(self._result.examples) < EXAMPLES:
            self._result.examples.append(text)


def _chunks(dates: list[str]) -> Iterable[list[str]]:
    return (dates[start : start + DAYS_PER_QUERY] for start in range(0, len(dates), DAYS_PER_QUERY))
