"""What is asked of a shop: every named query with its defaults, and with other values."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from tests.analytics.answers import ANSWERS
from tests.analytics.recent import RECENT, day
from tests.shop import Books
from tools import analytics

QUERIES = analytics.queries()
ALL = ANSWERS | RECENT
# These tell of the lake itself; only a part of their answer can be known from outside it.
OF_THE_LAKE = {"duplicate_deliveries", "freshness"}
# Their defaults are today and yesterday: nothing is placed today, and perhaps nothing was yesterday.
MAY_BE_EMPTY = {"latest_orders", "orders_by_minute"}
# These tell of projections: tests/local/pipeline/test_projector.py.
OF_THE_PROJECTOR = {"accuracy_by_horizon", "latest_projection", "stock_out_dates"}


def given(name: str, shop: Books) -> list[dict[str, str]]:
    """The parameters to ask a named query with, one after the other; {} are the defaults."""

    def ago(days: int) -> str:
        return (shop.today - timedelta(days=days)).isoformat()

    # Values that are there on every day this may run: nobody buys in every land, nothing is promoted always.
    order, promoted = _typical(shop, ago(60), ago(10)), shop.orders.drop_nulls("promotion")["order_date"]
    others = {
        "from": ago(60),
        "to": ago(10),
        "country": order["country"],
        "days": "45",
        "order_id": shop.changes.filter(version=3)["order_id"].min(),
        "late_seconds": "0",
        "breakdown": "channel",
        "measure": "units",
        "channel": order["channel"],
        "category": order["category"],
        "day": order["order_date"],
        "before": ago(90),
        "until": "14:30:00",
        "moment": f"{ago(30)} 12:00:00",
        "product_id": order["product_id"],
    }
    if name == "sales_products":
        others |= {"before": ago(120), "until": ago(61)}
    if name == "promotion_days":
        others |= {"from": promoted.min(), "to": promoted.max()}
    if name == "promotion_uplift":
        others |= {"from": promoted.min(), "to": promoted.max()}
    if name in ("sales_growth", "falling_products"):
        others["to"] = ago(20)
    if name == "new_and_returning_customers":
        others |= {"from": ago(90)[:7], "to": ago(40)[:7]}
    changed = {parameter: str(others[parameter]) for parameter in QUERIES[name].defaults}
    return [changed] if name in ("order_history", "product_days") else [{}, changed]


def _typical(shop: Books, first: str, last: str) -> dict[str, str]:
    """An order of these days that counts in every query: delivered, by a customer who is known."""
    counted = shop.orders.filter(
        pl.col("order_date").is_between(pl.lit(first), pl.lit(last)),
        pl.col("status") == "DELIVERED",
        pl.col("customer_id") != "erased",
    )
    return counted.sort("order_id").row(0, named=True)


def expected(name: str, shop: Books, parameters: dict[str, str]) -> list[list[object]]:
    """What the query must answer; of a row perhaps only its first columns."""
    values = {key: day(shop, value) for key, value in (QUERIES[name].defaults | parameters).items()}
    rows = ALL[name](shop, values)
    assert rows or (name in MAY_BE_EMPTY and not parameters), "an empty answer shows nothing"
    return rows
