"""Reconciling the table with the lake of a running stack.

Other tests write to the same table, so what is asserted is about this test's orders: they are named among
the examples or are not.
"""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from salescast.functions import generate
from salescast.integrity import failed_changes, orders_table, reconcile
from salescast.replay import replay
from salescast.replay.survey import survey
from salescast.stack.services.athena import run
from salescast.stack.stack import Stack
from tests.unit.replay.files import COLUMNS
from tests.waiting import wait_for, wait_for_rows

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


def mentions(result: reconcile.Reconciliation, prefix: str) -> bool:
    return any(prefix in example for example in result.examples)


@dataclass(frozen=True)
class Written:
    """The module's orders, all in the lake; `at_once` is what reconciling said right after writing them."""

    prefix: str
    at_once: reconcile.Reconciliation


@pytest.fixture(scope="module")
def written(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Written:
    prefix = f"t{uuid4().hex[:10]}-"
    write_orders(stack, prefix, tmp_path_factory.mktemp("orders"))
    at_once = reconcile.reconcile(stack)
    wait_for_rows(stack, prefix, COUNT)
    return Written(prefix, at_once)


@pytest.fixture(scope="module")
def disturbed(stack: Stack, written: Written) -> Iterator[reconcile.Reconciliation]:
    """What reconciling says when a change of order 7 is nowhere and one of order 9 was refused."""
    seven, nine = f"{written.prefix}-P-7", f"{written.prefix}-P-9"
    # A change of the future: version 3 is written, and nobody ever wrote version 2.
    change(stack, seven, version={"N": "3"}, updated_ts={"S": "2026-01-01T00:00:00.000Z"})
    change(stack, nine, version={"N": "2"}, status={"S": "LOST"})
    try:
        wait_for_rows(stack, written.prefix, COUNT + 1)
        wait_for(lambda: (nine, 2) in failed_changes.tally(stack).changes, "the refused change under errors/")
        yield reconcile.reconcile(stack, settle=0)
    finally:
        for order_id in (seven, nine):
            remove(stack, order_id)


def remove(stack: Stack, order_id: str) -> None:
    stack.dynamodb.delete_item(TableName=stack.output("OrdersTable"), Key={"order_id": {"S": order_id}})


def test_orders_travel_to_the_lake_and_reconcile(stack: Stack, written: Written) -> None:
    assert not mentions(written.at_once, written.prefix), "just written, they are in flight, not missing"
    assert not mentions(reconcile.reconcile(stack, settle=0), written.prefix)
    sql = f"SELECT sum(amount) AS amount FROM orders WHERE order_id LIKE '{written.prefix}%'"
    assert str(run(stack, sql).rows[0][0]) == "726.0000"


def test_the_engine_sums_up_a_day_as_we_do(stack: Stack, written: Written) -> None:
    """Without this, every day would differ, and reconciling would still be right but slow."""
    days: dict[str, reconcile.Day] = {}
    for order in orders_table.scan(stack):
        days.setdefault(order.order_date, reconcile.Day()).add(order)
    lake = reconcile._lake_days(stack)
    ours = [day for day in lake if day.startswith("2011-05")]
    assert len(ours) >= 28
    assert [day for day in ours if lake[day] != days[day]] == []


def test_a_change_that_is_nowhere_is_missing(disturbed: reconcile.Reconciliation, written: Written) -> None:
    assert not disturbed.reconciled
    assert f"{written.prefix}-P-7: version 2 of 3 is not in the lake" in disturbed.examples


def test_what_the_transformer_refused_is_failed(
    disturbed: reconcile.Reconciliation, written: Written
) -> None:
    assert not mentions(disturbed, f"{written.prefix}-P-9:")
    assert disturbed.failed >= 1
    assert disturbed.failed_records >= 1


def test_orders_that_were_removed_are_not_missed(
    stack: Stack, disturbed: reconcile.Reconciliation, written: Written
) -> None:
    seven, nine = f"{written.prefix}-P-7", f"{written.prefix}-P-9"
    for order_id in (seven, nine):
        remove(stack, order_id)
    wait_for_rows(stack, written.prefix, COUNT + 2)  # a change and the removal of order 7
    # What is removed of order 9 is refused as its change was.
    wait_for(lambda: nine in failed_changes.tally(stack).removals, "the refused removal under errors/")
    assert not mentions(reconcile.reconcile(stack, settle=0), written.prefix)


def test_a_backfill_under_way_is_not_missing(stack: Stack) -> None:
    """Its orders say that they were written months ago; a second look shows that they were on their way."""
    record = stack.state.read()
    assert record is not None
    firehose = record.processes["firehose"].pid
    steps: list[str] = []

    def report(step: str) -> None:
        steps.append(step)
        if "missing; looking again" in step:
            os.kill(firehose, signal.SIGCONT)
            wait_for(lambda: rows() >= written.changes, "the backfill in the lake")

    def rows() -> int:
        sql = """SELECT count(DISTINCT change_id) FROM order_changes
            WHERE order_date BETWEEN '2026-03-01' AND '2026-03-05'"""
        return int(str(run(stack, sql).rows[0][0]))

    os.kill(firehose, signal.SIGSTOP)  # nothing arrives before the first look
    try:
        event = {"action": "backfill", "start": "2026-03-01", "end": "2026-03-05", "orders": 40}
        written = generate.run(stack, event)
        assert written.inserted == 40
        result = reconcile.reconcile(stack, settle=0.5, report=report)
    finally:
        os.kill(firehose, signal.SIGCONT)
    assert any("missing; looking again" in step for step in steps)
    assert not [example for example in result.examples if "-202603" in example]
