"""What the queries of the dashboard must answer, computed from the shop's own tables with Polars."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import polars as pl
from polars import col

from tests.analytics.figures import Parameters, Rows, money
from tests.shop import Books

SUMS = ("orders", "cancelled", "returned", "units", "net")


def day(shop: Books, text: str) -> str:
    """A date as it is given: today, today-7, or itself."""
    if not text.startswith("today"):
        return text
    return (shop.today + timedelta(days=int(text.removeprefix("today") or 0))).isoformat()


def _days(shop: Books, given: Parameters) -> pl.DataFrame:
    return shop.orders.filter(col("order_date").is_between(pl.lit(given["from"]), pl.lit(given["to"])))


def sales_period(shop: Books, given: Parameters) -> Rows:
    return [[shop.orders["order_date"].min(), shop.orders["order_date"].max()]]


def orders_by_minute(shop: Books, given: Parameters) -> Rows:
    minutes = _days(shop, given).with_columns(
        minute=col("order_ts").str.slice(0, 16).str.replace("T", " ") + ":00.000"
    )
    found = minutes.group_by("minute", "currency").agg(pl.len().alias("orders"), col("net").sum())
    return [
        [row["minute"], row["currency"], row["orders"], money(row["net"])]
        for row in found.sort("minute", "currency").to_dicts()
    ]


def today_so_far(shop: Books, given: Parameters) -> Rows:
    """Without the projected close, of which the shop's tables do not tell."""
    until = shop.orders.filter(col("order_ts").str.slice(11, 8) <= given["until"])
    now, before = (until.filter(order_date=day(shop, given[name])) for name in ("day", "before"))
    return [["GBP", now.height, money(int(now["net"].sum())), before.height, money(int(before["net"].sum()))]]


def latest_orders(shop: Books, given: Parameters) -> Rows:
    found = _days(shop, given).sort(["order_ts", "order_id"], descending=[True, False]).head(20)
    return [
        [
            row["order_id"],
            row["order_ts"].replace("T", " ").removesuffix("Z"),
            row["country"],
            row["channel"],
            row["product_name"],
            row["quantity"],
            money(row["amount"]),
            row["currency"],
            row["status"],
        ]
        for row in found.to_dicts()
    ]


def sales_comparison(shop: Books, given: Parameters) -> Rows:
    frame = _days(shop, given | {"from": given["before"]}).with_columns(
        orders=pl.lit(1),
        cancelled=(col("status") == "CANCELLED").cast(pl.Int64),
        returned=(col("status") == "RETURNED").cast(pl.Int64),
        period=pl.when(col("order_date") >= day(shop, given["from"]))
        .then(pl.lit("period"))
        .otherwise(pl.lit("before")),
    )
    for what in ("country", "channel", "category"):
        if given[what] != "all":
            frame = frame.filter(col(what) == given[what])
    rows = []
    for breakdown in ("category", "channel", "country", "day"):
        name = "order_date" if breakdown == "day" else breakdown
        found = frame.group_by("period", name, "currency").agg(col(one).sum() for one in SUMS)
        for row in found.sort("period", name, "currency").to_dicts():
            counts = [row[one] for one in SUMS[:-1]]
            rows.append([row["period"], breakdown, row[name], row["currency"], *counts, money(row["net"])])
    return rows


RECENT: dict[str, Callable[[Books, Parameters], Rows]] = {
    answer.__name__: answer
    for answer in (sales_period, orders_by_minute, today_so_far, latest_orders, sales_comparison)
}
