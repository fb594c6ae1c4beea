"""The views `orders` and `order_changes`, computed by a query engine over rows that arrived in any order and
were merged by any number of runs of the job, whole or killed half way.
"""

from __future__ import annotations

import itertools
import json
import subprocess
from typing import Any

import pytest

from tests.template import ROOT, columns, view

# DuckDB lives in the emulator's environment. Rows up to a split are merged as jobs/lake.py merges (tests/glue
# runs it): into the log, where the later processed_ts of a change wins, and into the state, the newest row of
# the order.
ENGINE = """
import json, sys
import duckdb, sqlglot
request = json.load(sys.stdin)
connection = duckdb.connect()
names = request["columns"]
types = {"version": "INTEGER", "amount": "DECIMAL(20,4)"}
columns = ", ".join(f"{name} {types.get(name, 'VARCHAR')}" for name in names)
for table in ("order_log", "order_state", "order_arrivals"):
    connection.execute(f"CREATE TABLE {table} ({columns})")
orders, changes = (sqlglot.transpile(sql, read="athena", write="duckdb")[0] for sql in request["views"])

def fill(table, rows):
    connection.execute(f"DELETE FROM {table}")
    marks = ", ".join("?" for _ in names)
    for row in rows:
        connection.execute(f"INSERT INTO {table} VALUES ({marks})", [row.get(name) for name in names])

def newest(rows, key, order):
    kept = {}
    for row in rows:
        held = kept.get(row[key])
        if held is None or [row[name] for name in order] > [held[name] for name in order]:
            kept[row[key]] = row
    return list(kept.values())

def merged(rows, splits, key, order):
    held = []
    for start, end in zip([0, *splits], splits):
        held = newest([*held, *newest(rows[start:end], key, order)], key, order)
    return held

answers = []
for permutation in request["orders"]:
    rows = [request["rows"][number] for number in permutation]
    for splits, log_only, kept in request["runs"]:
        splits = [min(split, len(rows)) for split in splits]
        fill("order_log", merged(rows, splits, "change_id", ["processed_ts"]))
        order = ["version", "sequence_number", "processed_ts"]
        fill("order_state", merged(rows, splits[:-1] if log_only else splits, "order_id", order))
        gone = splits[-2] if len(splits) > 1 else 0
        fill("order_arrivals", rows[0 if kept else gone:])
        answers.append([
            connection.execute("SELECT order_id, version, status, archived, CAST(net_revenue AS VARCHAR) "
                               f"FROM ({orders}) ORDER BY 1").fetchall(),
            connection.execute(f"SELECT change_id, CAST(processed_ts AS VARCHAR) FROM ({changes}) ORDER BY 1")
            .fetchall(),
        ])
print(json.dumps(answers))
"""
# (rows merged by each run, whether the last was killed half way, whether all that was merged is still there)
RUNS = [
    *(([0], False, True), ([1], False, True), ([2], False, True), ([3], False, True)),
    *(([1], True, True), ([3], True, True), ([1, 2], False, False), ([1, 2], True, False)),
    *(([2, 3], False, False), ([1, 3, 3], False, False), ([1, 2, 3], True, True)),
]
COLUMNS = list(columns("order_arrivals"))


def _row(kind: str, version: int, status: str, sequence: int = 0, processed: int = 0) -> dict[str, Any]:
    return {
        "change_id": f"{kind} {version} {sequence}",
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
            [INSERT, _row("REMOVE", 3, "CANCELLED", 5), CANCELLED], None, id="an older change after a removal"
        ),
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
def test_the_current_state_does_not_depend_on_arrival_and_job(
    rows: list[dict[str, Any]], expected: list[Any] | None
) -> None:
    orders = list(itertools.permutations(range(len(rows))))
    request = {
        "views": [view(name)["originalSql"] for name in ("orders", "order_changes")],
        "columns": COLUMNS,
        "rows": rows,
        "orders": orders,
        "runs": RUNS,
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
    latest: dict[str, str] = {}
    for row in rows:
        latest[row["change_id"]] = max(latest.get(row["change_id"], ""), row["processed_ts"])
    changes = [[change_id, processed] for change_id, processed in sorted(latest.items())]
    assert len(answers) == len(orders) * len(RUNS)
    for state, log in answers:
        assert state == ([["a", *expected]] if expected else [])
        assert log == changes
