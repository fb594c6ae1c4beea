"""The `orders` view, computed by a query engine over rows that arrived in any order."""

from __future__ import annotations

import itertools
import json
import subprocess
from typing import Any

import pytest

from tests.template import ROOT
from tools import analytics

# DuckDB lives in the emulator's environment.
ENGINE = """
import json, sys
import duckdb, sqlglot
request = json.load(sys.stdin)
connection = duckdb.connect()
names = list(request["rows"][0])
types = {"version": "INTEGER", "amount": "DECIMAL(20,4)"}
columns = ", ".join(f"{name} {types.get(name, 'VARCHAR')}" for name in request["columns"])
connection.execute(f"CREATE TABLE order_changes ({columns})")
marks = ", ".join("?" for _ in names)
sql = sqlglot.transpile(request["sql"], read="athena", write="duckdb")[0]
answers = []
for order in request["orders"]:
    connection.execute("DELETE FROM order_changes")
    for number in order:
        row = request["rows"][number]
        insert = f"INSERT INTO order_changes ({', '.join(names)}) VALUES ({marks})"
        connection.execute(insert, list(row.values()))
    answers.append(connection.execute(
        f"SELECT order_id, version, status, archived, CAST(net_revenue AS VARCHAR) FROM ({sql}) ORDER BY 1"
    ).fetchall())
print(json.dumps(answers))
"""
COLUMNS = (
    "change_type", "change_ts", "sequence_number", "version", "order_id", "order_ts", "updated_ts", "status",
    "invoice_id", "customer_id", "country", "channel", "product_id", "product_name", "category", "promotion",
    "quantity", "unit_price", "discount", "amount", "currency", "stock_left", "processed_ts", "order_date",
)  # fmt: skip


def _row(kind: str, version: int, status: str, sequence: int = 0, processed: int = 0) -> dict[str, Any]:
    return {
        "change_type": kind, "version": version, "order_id": "a", "status": status, "amount": "12.5000",
        "sequence_number": f"{sequence:040d}", "processed_ts": f"2026-01-01 00:00:{processed:02d}",
        "order_date": "2026-01-01",
    }  # fmt: skip


INSERT = _row("INSERT", 1, "PLACED", 1)
SHIPPED = _row("MODIFY", 2, "SHIPPED", 2)
CANCELLED = _row("MODIFY", 3, "CANCELLED", 3)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([INSERT, SHIPPED, CANCELLED], [3, "CANCELLED", False, "0.0000"], id="the last version"),
        pytest.param(
            [_row("INSERT", 1, "PLACED", 9), _row("MODIFY", 2, "SHIPPED", 4)],
            [2, "SHIPPED", False, "12.5000"],
            id="the version, not the sequence number",
        ),
        pytest.param(
            [_row("INSERT", 1, "PLACED", 1, 50), _row("MODIFY", 2, "SHIPPED", 2, 10)],
            [2, "SHIPPED", False, "12.5000"],
            id="the version, not when the row was made",
        ),
        pytest.param([INSERT, SHIPPED, _row("REMOVE", 2, "SHIPPED", 5)], None, id="a removal ends the order"),
        pytest.param(
            [INSERT, _row("EXPIRE", 1, "PLACED", 5)],
            [1, "PLACED", True, "12.5000"],
            id="archived, not removed",
        ),
        pytest.param(
            [_row("INSERT", 1, "RETURNED", 1, 10), _row("INSERT", 1, "PLACED", 1, 20)],
            [1, "PLACED", False, "12.5000"],
            id="transformed again after a fix",
        ),
        pytest.param(
            [SHIPPED, SHIPPED, SHIPPED], [2, "SHIPPED", False, "12.5000"], id="delivered three times"
        ),
    ],
)
def test_the_current_state_does_not_depend_on_the_order_of_arrival(
    rows: list[dict[str, Any]], expected: list[Any] | None
) -> None:
    orders = list(itertools.permutations(range(len(rows))))
    request = {
        "sql": analytics.views()["orders"].statement,
        "columns": COLUMNS,
        "rows": rows,
        "orders": orders,
    }
    answers = json.loads(
        subprocess.run(
            [str(ROOT / ".venv-emulator/bin/python"), "-c", ENGINE],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )
    assert answers == [[["a", *expected]] if expected else []] * len(orders)
