"""What a batch tells CloudWatch: collected record by record, written once.

Metrics (namespace Salescast, dimensions service and stack, and what is said):

| metric | unit | meaning |
|---|---|---|
| RecordsOk, RecordsDropped, RecordsFailed | count | records by result; of those that are Ok their rows |
| RecordsDroppedByReason, RecordsFailedByReason | count | the same by reason (dimension reason) |
| LagMax | milliseconds | from updated_ts to here, the oldest row of the batch |
| ChangeAgeMax | milliseconds | from the change of the table (to the second) to here, the oldest row |
| NetRevenue | none | new minus old net revenue of changes younger than an hour (dimension currency) |
| UnknownAttributes | count | attributes outside the contract (dimension attribute: the name, 20 a batch) |
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from attribute import NET_STATUSES
from change import Reading
from contract import AMOUNT_LIMIT, Old
from moment import Moment, iso_millis
from row import Row

YOUNG = timedelta(hours=1)
# A dimension value makes a metric of its own, which costs: names a source invents by the thousand are cut
# here.
MOST_NAMES = 20
MOST_LOGGED = 20


class Batch:
    """Counts over the records of one invocation."""

    __slots__ = (
        "dropped",
        "failed",
        "failures",
        "moment",
        "net_revenue",
        "ok",
        "oldest_change",
        "oldest_update",
        "unknown",
        "young",
    )

    def __init__(self, moment: Moment) -> None:
        self.moment = moment
        self.ok = 0
        self.dropped: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.failures: list[dict[str, str]] = []
        self.unknown: Counter[str] = Counter()
        self.net_revenue: dict[str, Decimal] = {}
        # ISO 8601 of one form sorts as text, so ages need no parsing.
        self.young = iso_millis(moment.now - YOUNG)
        self.oldest_update = self.oldest_change = moment.processed_ts

    def count_row(self, reading: Reading) -> None:
        """Counts a change that became a row."""
        self.ok += 1
        row = reading.row
        if row.updated_ts < self.oldest_update:
            self.oldest_update = row.updated_ts
        if row.change_ts is not None and row.change_ts < self.oldest_change:
            self.oldest_change = row.change_ts
        if reading.unknown:
            self.unknown.update(reading.unknown)
        if row.updated_ts > self.young:
            self._count_revenue(row, reading.old)

    def _count_revenue(self, row: Row, old: Old | None) -> None:
        change_type = row.change_type
        if change_type == "EXPIRE":  # archiving: the revenue stays
            return
        net = row.status in NET_STATUSES
        if old is not None and net and _is_worth(old, row):  # most changes are steps on an order's way
            return
        revenue = Decimal(row.amount) if net else Decimal()
        if change_type == "REMOVE":
            revenue = -revenue
        elif old is not None:
            revenue -= _net(old)
        if revenue:
            currency = row.currency
            self.net_revenue[currency] = self.net_revenue.get(currency, Decimal()) + revenue

    def count_dropped(self, reason: str) -> None:
        self.dropped[reason] += 1

    def count_failed(self, record_id: str, reason: str) -> None:
        """Counts a failed record; ``reason`` names an attribute and a rule and holds nothing of the
        record.
        """
        self.failed[reason] += 1
        if len(self.failures) < MOST_LOGGED:
            self.failures.append({"recordId": record_id, "reason": reason})

    def publish(self, logger: Logger, metrics: Metrics, stack: str) -> None:
        """Writes the log line and the metrics of the batch."""
        failed, dropped = self.failed.total(), self.dropped.total()
        metrics.add_dimension("stack", stack)
        metrics.add_metric("RecordsOk", MetricUnit.Count, self.ok)
        metrics.add_metric("RecordsDropped", MetricUnit.Count, dropped)
        metrics.add_metric("RecordsFailed", MetricUnit.Count, failed)
        if self.ok:
            metrics.add_metric("LagMax", MetricUnit.Milliseconds, self._age(self.oldest_update))
            metrics.add_metric("ChangeAgeMax", MetricUnit.Milliseconds, self._age(self.oldest_change))
        metrics.flush_metrics()
        for name, dimension, unit, values in (
            ("RecordsDroppedByReason", "reason", MetricUnit.Count, self.dropped),
            ("RecordsFailedByReason", "reason", MetricUnit.Count, self.failed),
            ("UnknownAttributes", "attribute", MetricUnit.Count, dict(self.unknown.most_common(MOST_NAMES))),
            ("NetRevenue", "currency", MetricUnit.NoUnit, self.net_revenue),
        ):
            for value, number in values.items():
                with single_metric(name, unit, float(number), namespace=metrics.namespace) as metric:
                    metric.add_dimension("service", metrics.service or "")
                    metric.add_dimension("stack", stack)
                    metric.add_dimension(dimension, value[:250] or "(empty)")
        summary = {"ok": self.ok, "dropped": dict(self.dropped), "failed": dict(self.failed)}
        if failed:
            logger.error("records failed", extra={**summary, "failures": self.failures})
        else:
            logger.info("batch", extra=summary)

    def _age(self, instant: str) -> float:
        return (self.moment.now - datetime.fromisoformat(instant)).total_seconds() * 1000


def _is_worth(old: Old, row: Row) -> bool:
    """Whether an earlier image had the net revenue of ``row``, as far as can be seen without a sum."""
    return (
        row.previous_status in NET_STATUSES
        and old.unit_price is not None
        and old.quantity is not None
        and row.unit_price == old.unit_price.N
        and str(row.quantity) == old.quantity.N
        and (old.discount.N or "0") == row.discount
    )


def _net(old: Old) -> Decimal:
    """Net revenue of an earlier image, of which only the status was checked; 0 where it cannot be told."""
    if old.status is None or old.status.S not in NET_STATUSES or not old.quantity or not old.unit_price:
        return Decimal()
    try:
        net = Decimal(old.quantity.N) * Decimal(old.unit_price.N) - Decimal(old.discount.N or "0")
        return net if abs(net) < AMOUNT_LIMIT else Decimal()
    except ArithmeticError:
        return Decimal()
