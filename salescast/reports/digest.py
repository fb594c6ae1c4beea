"""The summary of a day for people who sell: the day and its week, what moved, what runs out, what failed."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from salescast.integrity import health
from salescast.reports import restock
from salescast.reports.restock import Need
from salescast.stack.services import athena
from salescast.stack.stack import Stack

WEEK = 7
MOVERS = 3


@dataclass(frozen=True)
class Sold:
    """What was sold in some days, and in as many a week (or weeks) before: orders and net revenue."""

    orders: int
    net_revenue: Decimal
    orders_before: int
    net_revenue_before: Decimal


@dataclass(frozen=True)
class Mover:
    """A product, its net revenue of the week and of the week before."""

    product_name: str
    net_revenue: Decimal
    net_revenue_before: Decimal


@dataclass(frozen=True)
class Digest:
    """`day` is the last whole day (UTC); its Sold is against the same weekday a week before. `week` ends with
    it. All money is in `currency`, that of the most orders of the week; empty where nothing was sold.

    `failed` counts objects under errors/ and dead letters; `health` is that of all stages, with a line on it.
    """

    shop: str
    day: date
    currency: str
    yesterday: Sold
    week: Sold
    up: list[Mover]
    down: list[Mover]
    to_order: list[Need]
    failed: int
    health: str
    told: str

    def as_json(self) -> dict[str, Any]:
        """As JSON takes it: dates as text; Decimals are left to who writes it."""
        return {name: _plain(value) for name, value in asdict(self).items()}


def gather(stack: Stack, day: date | None = None) -> Digest:
    """The digest of a day, default yesterday (UTC). Raises SalescastError with Athena's reason."""
    today = datetime.now(UTC).date()
    day = day or today - timedelta(days=1)
    week_begin, before_begin = day - timedelta(days=WEEK - 1), day - timedelta(days=2 * WEEK - 1)
    days = _rows(stack, "sales_by_day", {"from": before_begin.isoformat(), "to": day.isoformat()})
    currency = main_currency(row for row in days if row["order_date"] >= week_begin.isoformat())
    mine = [row for row in days if row["currency"] == currency]
    moved = _movers(
        _rows(
            stack,
            "sales_products",
            {
                "from": week_begin.isoformat(),
                "to": day.isoformat(),
                "before": before_begin.isoformat(),
                "until": (week_begin - timedelta(days=1)).isoformat(),
            },
        ),
        currency,
    )
    plan = _rows(stack, "stock_plan", {"days": str(restock.PACE_DAYS)})
    failing = health.failing(stack)
    worst, told = health.summary(health.stages(stack))
    return Digest(
        stack.name,
        day,
        currency,
        sold(mine, day, day),
        sold(mine, week_begin, day),
        [one for one in moved if one.net_revenue > one.net_revenue_before][:MOVERS],
        [one for one in reversed(moved) if one.net_revenue < one.net_revenue_before][:MOVERS],
        restock.due(restock.needs(plan, today), today, restock.SOON_DAYS),
        failing.errors + failing.dead_letters,
        worst,
        told.partition(". Next")[0],
    )


def main_currency(rows: Iterable[Mapping[str, Any]]) -> str:
    """The currency with the most orders, empty without any."""
    orders: dict[str, int] = {}
    for row in rows:
        orders[row["currency"]] = orders.get(row["currency"], 0) + row["orders"]
    return max(sorted(orders), key=lambda currency: orders[currency], default="")


def sold(rows: Iterable[Mapping[str, Any]], first: date, last: date) -> Sold:
    """The sums of rows of sales_by_day from `first` to `last`, and of the same weekdays a week before."""
    counts, money = [0, 0], [Decimal(), Decimal()]
    for row in rows:
        when = date.fromisoformat(row["order_date"])
        for index, back in enumerate((timedelta(), timedelta(days=WEEK))):
            if first - back <= when <= last - back:
                counts[index] += row["orders"]
                money[index] += row["net_revenue"]
    return Sold(counts[0], money[0], counts[1], money[1])


def _movers(rows: Iterable[Mapping[str, Any]], currency: str) -> list[Mover]:
    """Products by what they gained, the most first."""
    movers = [
        Mover(row["product_name"], row["net_revenue"], row["previous_net_revenue"])
        for row in rows
        if row["currency"] == currency
    ]
    return sorted(movers, key=lambda one: (one.net_revenue_before - one.net_revenue, one.product_name))


def _rows(stack: Stack, name: str, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
    result = athena.query(stack, name, parameters)
    return [dict(zip((column.name for column in result.columns), row, strict=True)) for row in result.rows]


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value
