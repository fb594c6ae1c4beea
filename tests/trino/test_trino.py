"""Every view and named query on Trino and on the laptop's Athena: the same lake, the same answer, before the
job has run and after it.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

import pytest

from salescast.functions import compact
from salescast.stack.services import athena, time_travel
from tests.analytics.questions import MAY_BE_EMPTY, QUERIES, given
from tests.shop import Shop
from tests.trino.server import Trino
from tools import analytics

TABLES = ["order_arrivals", "order_log", "order_state", "inventory", "sales_projections"]


@pytest.fixture(
    scope="module", params=["before the job", "after it", "after what was merged is gone"], autouse=True
)
def _merged(request: pytest.FixtureRequest, shop: Shop) -> None:
    """What has arrived; the same in the Iceberg tables as well; the same in those alone."""
    if request.param != "before the job":
        compact.run(shop.stack)
    if request.param == "after what was merged is gone":
        _clear(shop)


def _clear(shop: Shop) -> None:
    """What the job does an hour later: delete the arrivals that it merged."""
    bucket, prefix = shop.stack.output("Lake"), "curated/order_arrivals/"
    for page in shop.stack.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            shop.stack.s3.delete_object(Bucket=bucket, Key=item["Key"])


def same(shop: Shop, trino: Trino, sql: str) -> int:
    """Compare names, types and rows, the texts of exact numbers included; the number of rows."""
    here = athena.run(shop.stack, sql)
    columns, rows = trino(sql)
    assert columns == [(column.name, column.type) for column in here.columns], sql
    assert len(rows) == len(here.rows), sql
    for there, ours in zip(rows, here.rows, strict=True):
        for value, expected in zip(there, ours, strict=True):
            if isinstance(expected, float):  # a sum of doubles depends on the order of its terms
                assert float(str(value)) == pytest.approx(expected, rel=1e-12), sql
            else:
                assert str(value) == str(expected), sql
    return len(rows)


@pytest.mark.parametrize("view", analytics.views())
def test_a_view(shop: Shop, trino: Trino, view: str) -> None:
    columns, _ = trino(f"SELECT * FROM {view} LIMIT 0")
    names = [name for name, _ in columns]
    order = ", ".join(str(place + 1) for place in range(len(names)))
    assert same(shop, trino, f"SELECT * FROM {view} ORDER BY {order}") > 0


@pytest.mark.parametrize("table", TABLES)
def test_a_table(shop: Shop, trino: Trino, table: str) -> None:
    """As they are; the views cast the six digits of Iceberg's timestamps to three."""
    columns, _ = trino(f"SELECT * FROM {table} LIMIT 0")
    order = ", ".join(str(place + 1) for place in range(len(columns)))
    same(shop, trino, f"SELECT * FROM {table} ORDER BY {order}")


@pytest.mark.parametrize("view", ["orders", "order_changes", "daily_sales"])
def test_a_filter_on_order_date_reaches_both_branches(shop: Shop, trino: Trino, view: str) -> None:
    """The condition is part of each scan, below the windows of the views. Nothing merged, no scan."""
    day = (shop.today - timedelta(days=30)).isoformat()
    _, plan = trino(f"EXPLAIN SELECT count(*) AS n FROM {view} WHERE order_date = '{day}'")
    scans = [line for line in plan[0][0].splitlines() if re.search(r"Scan\w*\[table = ", line)]
    merged = athena.run(shop.stack, "SELECT count(*) AS n FROM order_log").rows != [[0]]
    assert len(scans) == 1 + merged, plan[0][0]
    assert all(f"= varchar '{day}'" in scan for scan in scans), plan[0][0]


@pytest.mark.parametrize("name", QUERIES)
def test_a_named_query(shop: Shop, trino: Trino, name: str) -> None:
    named = next(query for query in athena.named_queries(shop.stack) if query.name == name)
    for parameters in given(name, shop):
        sql = named.statement.strip()
        for value in named.arguments(parameters):
            sql = sql.replace("?", value, 1)
        rows = same(shop, trino, sql)
        # Whether anything runs out is up to the projection; what is merged was delivered once.
        may_be_empty = name in ("stock_out_dates", "duplicate_deliveries")
        assert rows > 0 or may_be_empty or (name in MAY_BE_EMPTY and not parameters)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT order_id, version, status FROM orders ORDER BY order_id",
        "WITH s AS (SELECT * FROM daily_sales) SELECT sum(net_revenue) AS net, current_date AS d FROM s",
        "SELECT * FROM stock_on_hand ORDER BY product_id",
    ],
)
def test_an_earlier_time(shop: Shop, trino: Trino, sql: str) -> None:
    """Tables, views and today as they were; a WITH clause stands before what has the same name."""
    if athena.run(shop.stack, "SELECT count(*) AS n FROM order_log").rows == [[0]]:
        pytest.skip("nothing is merged yet")
    moment = datetime.now(UTC)
    assert same(shop, trino, time_travel.as_of(shop.stack, sql, moment)) > 0


def test_what_the_crawler_found(shop: Shop, trino: Trino) -> None:
    """Registered partitions, for engines that know no projection."""
    glue, crawler = shop.stack.glue, shop.stack.output("Crawler")
    glue.start_crawler(Name=crawler)
    deadline = time.monotonic() + 60
    while glue.get_crawler(Name=crawler)["Crawler"]["State"] != "READY":
        assert time.monotonic() < deadline
        time.sleep(0.5)
    for table in ("order_arrivals", "inventory"):
        (counted,) = athena.run(shop.stack, f"SELECT count(*) AS n FROM {table}").rows
        assert trino(f"SELECT count(*) AS n FROM crawled_{table}")[1] == [counted]
