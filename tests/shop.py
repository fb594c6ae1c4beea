"""A stack with generated orders and nothing else, for questions about everything there is."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from salescast import laptop
from salescast.functions import generate, project, snapshot
from salescast.stack import athena, freshness
from salescast.stack.stack import Stack
from salescast.stack.state import State
from tests.analytics import source

DAYS = 200
ORDERS = 1500  # so that hardly a day is without one
FIRST_DAY = datetime.now(UTC).date() - timedelta(days=DAYS)


@dataclass(frozen=True)
class Shop:
    """The stack, and what its DynamoDB table and stream hold."""

    stack: Stack
    orders: pl.DataFrame
    changes: pl.DataFrame
    stock: pl.DataFrame


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """200 past days of orders, all their changes in the lake, and a snapshot of the stock."""
    folder = tmp_path_factory.mktemp("analytics")
    try:
        parameters = {"FirstOrderDate": FIRST_DAY.isoformat(), "GeneratorSchedule": "DISABLED"}
        stack = laptop.up(folder, fast=60, parameters=parameters, report=print)
        last = datetime.now(UTC).date() - timedelta(days=1)
        event = {
            "action": "backfill",
            "start": FIRST_DAY.isoformat(),
            "end": last.isoformat(),
            "orders": ORDERS,
        }
        generate.run(stack, event)
        for product_id, left in (("P003", "2"), ("P010", "0"), ("P021", "9")):
            # The generator restocks in time; somebody must be low for the list of what to order.
            stack.dynamodb.update_item(
                TableName=stack.output("InventoryTable"),
                Key={"product_id": {"S": product_id}},
                UpdateExpression="SET stock = :left",
                ExpressionAttributeValues={":left": {"N": left}},
            )
        snapshot.take(stack)
        changes = source.changes(stack)
        _wait_for_rows(stack, changes.height)
        # One projection that has been overtaken by what happened, and the latest.
        for date in (last - timedelta(days=20), last + timedelta(days=1)):
            project.run(stack, {"date": date.isoformat()})
        yield Shop(stack, source.orders(stack), changes, source.stock(stack))
    finally:
        State(folder).down()


def _wait_for_rows(stack: Stack, count: int) -> None:
    deadline = time.monotonic() + 6 * freshness.bound(stack)
    while (found := athena.run(stack, "SELECT count(*) AS n FROM order_changes").rows[0][0]) != count:
        assert time.monotonic() < deadline, f"{found} of {count} rows are in the lake"
        time.sleep(0.5)
