"""What a statement becomes that is asked as of an earlier time; tests/local/movers/test_job.py asks it."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from salescast.stack.errors import SalescastError
from salescast.stack.services import time_travel

MOMENT = datetime(2026, 11, 20, 10, 15, tzinfo=UTC)


class Glue:
    """A catalog with a table and two views, the one that reads the other first."""

    def get_paginator(self, _name: str) -> Glue:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        views = {
            "daily": "SELECT current_date AS d FROM orders -- today",
            "orders": "SELECT * FROM order_state",
        }
        tables = [{"Name": "order_state"}, *(view(name, text) for name, text in views.items())]
        return [{"TableList": tables}]


class Stack:
    glue = Glue()

    def output(self, _name: str) -> str:
        return "shop"


def view(name: str, sql: str) -> dict[str, str]:
    text = base64.b64encode(json.dumps({"originalSql": sql}).encode()).decode()
    return {"Name": name, "ViewOriginalText": f"/* Presto View: {text} */"}


def as_of(sql: str) -> str:
    stack: Any = Stack()
    return time_travel.as_of(stack, sql, MOMENT)


def test_tables_come_before_views_and_views_before_those_that_read_them() -> None:
    sql = as_of("SELECT * FROM daily")
    places = [sql.index(f"{name} AS (") for name in ("order_state", "order_arrivals", "orders", "daily")]
    assert places == sorted(places)
    assert "order_state FOR TIMESTAMP AS OF TIMESTAMP '2026-11-20 10:15:00 UTC'" in sql
    assert sql.endswith("\n) SELECT * FROM daily")


def test_a_statements_own_with_follows() -> None:
    assert as_of("-- why\nwith x AS (SELECT 1) SELECT * FROM x").endswith(
        "\n), x AS (SELECT 1) SELECT * FROM x"
    )


def test_today_is_then_where_it_is_code() -> None:
    sql = as_of("SELECT Current_Date, now(), current_timestamp(3), 'it''s current_date', 1 -- now()")
    now = "TIMESTAMP '2026-11-20 10:15:00.000000 UTC'"
    assert sql.endswith(f"SELECT DATE '2026-11-20', {now}, {now}, 'it''s current_date', 1 -- now()")
    assert "SELECT DATE '2026-11-20' AS d FROM orders -- today\n)" in sql


@pytest.mark.parametrize("name", ["shop.orders", '"shop"."orders"', "awsdatacatalog.Shop . Order_State"])
def test_todays_table_is_not_asked_by_mistake(name: str) -> None:
    with pytest.raises(SalescastError, match="without its database"):
        as_of(f"SELECT * FROM {name}")


def test_what_calls_itself_cannot_travel() -> None:
    with pytest.raises(SalescastError, match="RECURSIVE"):
        as_of("WITH RECURSIVE t(n) AS (SELECT 1) SELECT * FROM t")
