"""Reconciling the table with the lake of a running stack.

Other tests write to the same table, so what is asserted is about this test's orders: they are named among
the examples or are not.
"""

import time
from pathlib import Path
from typing import Any

from salescast import failures, freshness, generate, orders, reconcile, replay
from salescast.athena import run
from salescast.online_retail import COLUMNS
from salescast.retail_file import survey
from salescast.stack import Stack

COUNT = 120


def write_orders(stack: Stack, prefix: str, folder: Path) -> None:
    lines = [",".join(COLUMNS)]
    lines += [f"{prefix},P,NAME,{n + 1},2011-05-{n % 28 + 1:02d} 12:00:00,0.1,,France" for n in range(COUNT)]
    path = folder / "orders.csv"
    path.write_text("\n".join(lines) + "\n")
    assert replay.replay(stack, survey(path)).written == COUNT


def change(stack: Stack, order_id: str, **attributes: dict[str, Any]) -> None:
    names = {f"#{name}": name for name in attributes}
    values: Any = {f":{name}": value for name, value in attributes.items()}
    stack.dynamodb.update_item(
        TableName=stack.output("OrdersTable"),
        Key={"order_id": {"S": order_id}},
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
        ExpressionAttributeNames=names,
        ExpressionAttributeValues=values,
    )


def wait_for_rows(stack: Stack, prefix: str, count: int) -> None:
    deadline = time.monotonic() + 6 * freshness.bound(stack)
    sql = f"SELECT count(*) AS n FROM order_changes WHERE order_id LIKE '{prefix}%'"
    while (found := run(stack, sql).rows[0][0]) != count:
        assert time.monotonic() < deadline, f"{found} of {count} rows are in the lake"
        time.sleep(1)


def mentions(result: reconcile.Reconciliation, prefix: str) -> bool:
    return any(prefix in example for example in result.examples)


def test_orders_travel_to_the_lake_and_reconcile(stack: Stack, prefix: str, tmp_path: Path) -> None:
    write_orders(stack, prefix, tmp_path)
    first = reconcile.reconcile(stack)
    assert not mentions(first, prefix), "orders that were just written are in flight, not missing"
    wait_for_rows(stack, prefix, COUNT)
    assert not mentions(reconcile.reconcile(stack, settle=0), prefix)
    total = run(stack, f"SELECT sum(amount) AS amount FROM orders WHERE order_id LIKE '{prefix}%'").rows
    assert str(total[0][0]) == "726.0000"


def test_the_engine_sums_up_a_day_as_we_do(stack: Stack, prefix: str, tmp_path: Path) -> None:
    """Without this, every day would differ, and reconciling would still be right but slow."""
    write_orders(stack, prefix, tmp_path)
    wait_for_rows(stack, prefix, COUNT)
    days: dict[str, reconcile.Day] = {}
    for order in orders.scan(stack):
        days.setdefault(order.order_date, reconcile.Day()).add(order)
    lake = reconcile._lake_days(stack)
    assert [day for day in lake if day.startswith("2011-05") and lake[day] != days[day]] == []


def test_a_change_that_is_nowhere_is_missing(stack: Stack, prefix: str, tmp_path: Path) -> None:
    write_orders(stack, prefix, tmp_path)
    wait_for_rows(stack, prefix, COUNT)
    # A change of the future: version 3 is written, and nobody ever wrote version 2.
    change(stack, f"{prefix}-7", version={"N": "3"}, updated_ts={"S": "2026-01-01T00:00:00.000Z"})
    wait_for_rows(stack, prefix, COUNT + 1)
    result = reconcile.reconcile(stack, settle=0)
    assert not result.reconciled
    assert f"{prefix}-7: version 2 of 3 is not in the lake" in result.examples
    stack.dynamodb.delete_item(TableName=stack.output("OrdersTable"), Key={"order_id": {"S": f"{prefix}-7"}})
    wait_for_rows(stack, prefix, COUNT + 2)
    assert not mentions(reconcile.reconcile(stack, settle=0), prefix)


def test_what_the_transformer_refused_is_failed(stack: Stack, prefix: str, tmp_path: Path) -> None:
    write_orders(stack, prefix, tmp_path)
    change(stack, f"{prefix}-9", version={"N": "2"}, status={"S": "LOST"})
    wait_for_rows(stack, prefix, COUNT)
    deadline = time.monotonic() + 6 * freshness.bound(stack)
    while (f"{prefix}-9", 2) not in failures.read(stack).changes:
        assert time.monotonic() < deadline, "errors/ has no record of the refused change"
        time.sleep(1)
    result = reconcile.reconcile(stack, settle=0)
    assert not mentions(result, f"{prefix}-9:")
    assert result.failed >= 1
    assert result.failed_records >= 1
    stack.dynamodb.delete_item(TableName=stack.output("OrdersTable"), Key={"order_id": {"S": f"{prefix}-9"}})


def test_a_backfill_under_way_is_not_missing(stack: Stack) -> None:
    """Its orders say that they were written months ago; a second look shows that they were on their way."""
    event = {"action": "backfill", "start": "2026-03-01", "end": "2026-03-05", "orders": 40}
    written = generate.run(stack, event)
    assert written.inserted == 40
    steps: list[str] = []
    result = reconcile.reconcile(stack, settle=12, report=steps.append)
    assert any("looking again" in step for step in steps)
    assert not [example for example in result.examples if "-202603" in example]
