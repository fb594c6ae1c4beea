"""A stack with generated orders and nothing else, for questions about everything there is."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from salescast import laptop
from salescast.functions import generate, project, snapshot
from salescast.stack.services import athena, freshness
from salescast.stack.stack import Stack
from salescast.stack.state import State
from tests import parts
from tests.analytics import source

DAYS = 200
ORDERS = 1500  # so that hardly a day is without one
# The generator restocks in time; somebody must be low for the list of what to order.
LOW = {"P003": 2, "P010": 0, "P021": 9}


@dataclass(frozen=True)
class Books:
    """What a shop's own tables and stream say on a day, before which all orders were placed."""

    today: date
    orders: pl.DataFrame
    changes: pl.DataFrame
    stock: pl.DataFrame


@dataclass(frozen=True)
class Shop(Books):
    """With the stack that says so."""

    stack: Stack


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """200 past days of orders, all their changes in the lake, and a snapshot of the stock."""
    folder = parts.share(tmp_path_factory.mktemp("analytics"))
    try:
        today = datetime.now(UTC).date()
        first, last = today - timedelta(days=DAYS), today - timedelta(days=1)
        parameters = {"FirstOrderDate": first.isoformat(), "GeneratorSchedule": "DISABLED"}
        stack = laptop.up(folder, fast=60, parameters=parameters, report=print)
        event = {
            "action": "backfill",
            "start": first.isoformat(),
            "end": last.isoformat(),
            "orders": ORDERS,
        }
        generate.run(stack, event)
        for product_id, left in LOW.items():
            stack.dynamodb.update_item(
                TableName=stack.output("InventoryTable"),
                Key={"product_id": {"S": product_id}},
                UpdateExpression="SET stock = :left",
                ExpressionAttributeValues={":left": {"N": str(left)}},
            )
        snapshot.take(stack)
        changes = source.changes(stack)
        _wait_for_rows(stack, changes.height)
        # One projection that has been overtaken by what happened, and the latest.
        for run_date in (last - timedelta(days=20), today):
            project.run(stack, {"date": run_date.isoformat()})
        yield Shop(today, source.orders(stack), changes, source.stock(stack), stack)
    finally:
        State(folder).down()


def _wait_for_rows(stack: Stack, count: int) -> None:
    deadline = time.monotonic() + 6 * freshness.bound(stack)
    while (found := athena.run(stack, "SELECT count(*) AS n FROM order_changes").rows[0][0]) != count:
        assert time.monotonic() < deadline, f"{found} of {count} rows are in the lake"
        time.sleep(0.5)
