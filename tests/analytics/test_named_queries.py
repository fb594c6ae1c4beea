"""Every view and named query on the laptop's Athena, against the shop's own tables."""

from __future__ import annotations

from typing import Any

import pytest
from polars import col

from salescast.stack.services import athena
from tests.analytics.figures import money
from tests.analytics.questions import ALL, OF_THE_LAKE, OF_THE_PROJECTOR, QUERIES, expected, given
from tests.shop import Shop


def test_every_query_has_an_answer_of_its_own() -> None:
    assert set(QUERIES) == set(ALL) | OF_THE_LAKE | OF_THE_PROJECTOR


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_named_query_answers_what_the_shop_says(shop: Shop, name: str) -> None:
    for parameters in given(name, shop):
        rows = expected(name, shop, parameters)
        width = len(rows[0]) if rows else 0
        answer = athena.query(shop.stack, name, parameters).rows
        assert [row[:width] for row in answer] == rows, parameters


def test_freshness_and_duplicates_count_every_change(shop: Shop) -> None:
    by_date = dict(shop.changes.group_by("date").len().sort("date").iter_rows())
    fresh = athena.query(shop.stack, "freshness", {}).rows
    assert {row[0]: row[1] for row in fresh} == by_date
    for _, changes, median, p95, longest, late in fresh:
        assert 0 <= _int(median) <= _int(p95) <= _int(longest)
        assert _int(late) <= _int(changes)
    never = athena.query(shop.stack, "freshness", {"late_seconds": "-1"}).rows
    assert [row[1] for row in never] == [row[5] for row in never], "every row is made after its change"
    deliveries = athena.query(shop.stack, "duplicate_deliveries", {}).rows
    assert sum(_int(row[1]) - _int(row[2]) for row in deliveries) == shop.changes.height


def test_orders_is_the_table(shop: Shop) -> None:
    rows = athena.run(
        shop.stack,
        "SELECT order_id, version, status, customer_id, promotion, quantity, amount, net_revenue, order_date,"
        " archived FROM orders ORDER BY order_id",
    ).rows
    assert rows == [
        [
            r["order_id"],
            r["version"],
            r["status"],
            r["customer_id"],
            r["promotion"],
            r["quantity"],
            money(r["amount"]),
            money(r["net"]),
            r["order_date"],
            False,
        ]
        for r in shop.orders.sort("order_id").to_dicts()
    ]


def test_daily_sales_and_customers_add_up_to_the_table(shop: Shop) -> None:
    by = ("order_date", "country", "channel", "category", "currency")
    expected = shop.orders.group_by(by).len().sort(by).rows()
    found = athena.run(
        shop.stack, f"SELECT {', '.join(by)}, orders FROM daily_sales ORDER BY 1, 2, 3, 4, 5"
    ).rows
    assert [tuple(row) for row in found] == expected
    totals = "sum(orders) AS a, sum(units) AS b, sum(net_revenue) AS c"
    known = shop.orders.filter(col("customer_id") != "erased")
    for view, orders in (("daily_sales", shop.orders), ("customer_summary", known)):
        (row,) = athena.run(shop.stack, f"SELECT {totals} FROM {view}").rows
        assert row == [orders.height, orders["units"].sum(), money(int(orders["net"].sum()))], view


def test_stock_on_hand_is_the_inventory_table(shop: Shop) -> None:
    names = ["product_id", "product_name", "category", "stock", "reorder_level", "lead_time_days"]
    found = athena.run(shop.stack, f"SELECT {', '.join(names)} FROM stock_on_hand ORDER BY product_id").rows
    assert [tuple(row) for row in found] == shop.stock.select(names).rows()


@pytest.mark.parametrize("view", ["orders", "daily_sales", "order_changes"])
def test_arrivals_are_read_once_for_any_day(shop: Shop, view: str) -> None:
    """What the job has merged is pruned (tests/local/movers/test_job.py); what has just arrived is small."""
    pages = shop.stack.s3.get_paginator("list_objects_v2").paginate(
        Bucket=shop.stack.output("Lake"), Prefix="curated/order_arrivals/"
    )
    arrived = sum(item["Size"] for page in pages for item in page.get("Contents", []))
    result = athena.run(shop.stack, f"SELECT count(*) AS n FROM {view} WHERE order_date >= '2000-01-01'")
    assert result.rows != [[0]]
    assert result.bytes_scanned == arrived


def _int(value: Any) -> int:
    assert isinstance(value, int)
    return value
