"""Every view and named query on the laptop's Athena, against the shop's own tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from polars import col

from salescast.stack import athena
from tests.analytics.answers import ANSWERS
from tests.analytics.figures import money
from tests.analytics.recent import RECENT
from tests.shop import Shop
from tests.template import resources

ALL = ANSWERS | RECENT
NAMES = sorted(query["Name"] for query in resources("AWS::Athena::NamedQuery").values())
# These tell of the lake itself; only a part of their answer can be known from outside it.
OF_THE_LAKE = {"duplicate_deliveries", "freshness"}
# These tell of projections: tests/local/test_projector.py.
OF_THE_PROJECTOR = {"accuracy_by_horizon", "latest_projection", "stock_out_dates"}


def day(ago: int) -> str:
    return (datetime.now(UTC).date() - timedelta(days=ago)).isoformat()


def given(name: str, shop: Shop) -> list[dict[str, str]]:
    """The defaults, and other values for what can be given."""
    defaults = next(q for q in athena.named_queries(shop.stack) if q.name == name).defaults
    others = {
        "from": day(60),
        "to": day(10),
        "country": "France",
        "days": "45",
        "order_id": shop.changes.filter(version=3)["order_id"][0],
        "late_seconds": "0",
        "breakdown": "channel",
        "measure": "units",
        "channel": "WEB",
        "category": "Audio",
        "day": day(8),
        "before": day(12) if name == "today_so_far" else day(90),
        "until": "14:30:00",
    }
    if name in ("sales_growth", "falling_products"):
        others["to"] = day(20)
    if name == "new_and_returning_customers":
        others |= {"from": day(90)[:7], "to": day(40)[:7]}
    changed = {parameter: others[parameter] for parameter in defaults}
    return [changed] if name == "order_history" else [{}, changed]


def test_every_query_has_an_answer_of_its_own() -> None:
    assert set(NAMES) == set(ALL) | OF_THE_LAKE | OF_THE_PROJECTOR


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_named_query_answers_what_the_shop_says(shop: Shop, name: str) -> None:
    for parameters in given(name, shop):
        defaults = next(q for q in athena.named_queries(shop.stack) if q.name == name).defaults
        expected = ALL[name](shop, defaults | parameters)
        width = len(expected[0]) if expected else 0
        answer = athena.query(shop.stack, name, parameters).rows
        assert [row[:width] for row in answer] == expected, parameters
        # Nothing is placed today, which is the default of one.
        assert expected or (name == "orders_by_minute" and not parameters), "an empty answer shows nothing"


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


@pytest.mark.parametrize("view", ["orders", "daily_sales"])
def test_a_day_reads_only_that_days_objects(shop: Shop, view: str) -> None:
    sizes: dict[str, int] = {}
    pages = shop.stack.s3.get_paginator("list_objects_v2").paginate(
        Bucket=shop.stack.output("Lake"), Prefix="curated/order_changes/"
    )
    for one in (found for page in pages for found in page.get("Contents", [])):
        date = one["Key"].split("order_date=")[1][:10]
        sizes[date] = sizes.get(date, 0) + one["Size"]
    assert len(sizes) >= 190
    for date in sorted(sizes)[::40]:
        result = athena.run(shop.stack, f"SELECT count(*) AS n FROM {view} WHERE order_date = '{date}'")
        assert result.bytes_scanned == sizes[date]
        assert result.rows != [[0]]
    everything = athena.run(shop.stack, f"SELECT count(*) AS n FROM {view}")
    assert everything.bytes_scanned == sum(sizes.values())


def _int(value: Any) -> int:
    assert isinstance(value, int)
    return value
