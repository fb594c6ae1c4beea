"""`orders` is the table's state, whatever became of the changes on their way."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from change import to_row
from moment import Moment
from salescast.stack.services import athena
from salescast.stack.stack import Stack
from tests.lake import parquet
from transformer_environment import Settings

PLACED = datetime(2024, 2, 3, 10, 0, tzinfo=UTC)
STATUSES = ("SHIPPED", "DELIVERED", "RETURNED", "CANCELLED")
OURS = "-view.parquet"
Row = dict[str, Any]


def instant(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Table:
    """A table with a stream: what is written, its state, and what it archived."""

    def __init__(self) -> None:
        self.items: dict[str, Row] = {}
        self.archived: dict[str, Row] = {}
        self.records: list[Row] = []

    def write(self, order_id: str, order: int, step: int, write: tuple[str, int]) -> None:
        what, quantity = write
        old = self.items.get(order_id)
        if old is None and step:
            return  # removed or archived: an order lives once
        new = copy.deepcopy(old) if old else {
            "order_id": {"S": order_id},
            "order_ts": {"S": instant(PLACED + timedelta(hours=30 * order))},
            "country": {"S": "France"},
            "channel": {"S": "WEB"},
            "product_id": {"S": "P"},
            "unit_price": {"N": "2.5"},
            "currency": {"S": "GBP"},
        }  # fmt: skip
        new["version"] = {"N": str(step + 1)}
        new["updated_ts"] = {"S": instant(PLACED + timedelta(hours=30 * order + step))}
        new["status"] = {"S": what if what in STATUSES else "PLACED"}
        new["quantity"] = {"N": str(quantity)}
        name = "INSERT" if old is None else "REMOVE" if what in ("REMOVE", "EXPIRE") else "MODIFY"
        images = {"OldImage": old} if old else {}
        if name == "REMOVE":
            self.items.pop(order_id)
            if what == "EXPIRE":
                assert old is not None
                self.archived[order_id] = old
        else:
            self.items[order_id] = new
            images["NewImage"] = new
        record: Row = {
            "eventID": uuid4().hex,
            "eventName": name,
            "dynamodb": {
                "ApproximateCreationDateTime": PLACED.timestamp() + len(self.records),
                "Keys": {"order_id": {"S": order_id}},
                "SequenceNumber": str(10**20 + len(self.records)),
                **images,
            },
        }
        if what == "EXPIRE" and name == "REMOVE":
            record["userIdentity"] = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
        self.records.append(record)


WRITES = st.tuples(st.sampled_from([*STATUSES, "FIX", "REMOVE", "EXPIRE"]), st.integers(-3, 9).filter(bool))
HISTORIES = st.lists(st.lists(WRITES, min_size=1, max_size=5), min_size=1, max_size=8)


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(histories=HISTORIES, data=st.data())
def test_any_delivery_of_a_history_is_the_table(
    stack: Stack, histories: list[Any], data: st.DataObject
) -> None:
    prefix, table = f"v{uuid4().hex[:10]}-", Table()
    for order, history in enumerate(histories):
        for step, write in enumerate(history):
            table.write(f"{prefix}{order}", order, step, write)
    deliveries = data.draw(st.permutations(range(len(table.records))))
    deliveries += data.draw(st.lists(st.sampled_from(deliveries), max_size=10))
    rows = [
        to_row(table.records[place], Moment(Settings(), PLACED + timedelta(days=100, seconds=late)))
        for late, place in enumerate(deliveries)
    ]
    files = data.draw(st.integers(1, 3))
    for number in range(files):
        by_date: dict[str, list[Row]] = {}
        for row in rows[number::files]:
            by_date.setdefault(row["order_ts"][:10], []).append(row)
        for date, some in by_date.items():
            put(stack, date, parquet(some))
    found = athena.run(
        stack,
        "SELECT order_id, version, status, quantity, amount, net_revenue, archived FROM orders WHERE "
        f"order_date BETWEEN '2024-02-01' AND '2024-03-01' AND order_id LIKE '{prefix}%' ORDER BY 1",
    ).rows
    assert found == [expected(*one) for one in sorted(state(table))]


def test_a_change_made_again_after_a_fix_shows_the_fixed_values(stack: Stack, prefix: str) -> None:
    table = Table()
    for step, status in enumerate(("PLACED", "SHIPPED")):
        table.write(f"{prefix}0", 0, step, (status, 2))
    sql = (
        "SELECT quantity, amount, category FROM orders "
        f"WHERE order_date = '2024-02-03' AND order_id = '{prefix}0'"
    )
    for day, category in ((1, "Toys"), (2, "Games"), (0, "late")):
        rows = [to_row(record, Moment(Settings(), PLACED + timedelta(days=day))) for record in table.records]
        put(stack, "2024-02-03", parquet([row | {"category": category} for row in rows]))
    assert athena.run(stack, sql).rows == [[2, Decimal("5.0000"), "Games"]]


def state(table: Table) -> Iterator[tuple[str, Row, bool]]:
    for items, archived in ((table.items, False), (table.archived, True)):
        for order_id, item in items.items():
            yield order_id, item, archived


def expected(order_id: str, item: Row, archived: bool) -> list[Any]:
    quantity, status = int(item["quantity"]["N"]), item["status"]["S"]
    amount = quantity * Decimal("2.5000")
    net = amount if status in ("PLACED", "SHIPPED", "DELIVERED") else Decimal("0.0000")
    return [order_id, int(item["version"]["N"]), status, quantity, amount, net, archived]


def put(stack: Stack, date: str, body: bytes) -> None:
    key = f"curated/order_arrivals/arrival_date={date}/{uuid4().hex}{OURS}"
    stack.s3.put_object(Bucket=stack.output("Lake"), Key=key, Body=body)


@pytest.fixture(autouse=True, scope="module")
def _leave_nothing(stack: Stack) -> Iterator[None]:
    """These rows have no order in the table: reconciliation would tell of each."""
    yield
    lake = stack.output("Lake")
    pages = stack.s3.get_paginator("list_objects_v2").paginate(Bucket=lake, Prefix="curated/order_arrivals/")
    for key in [item["Key"] for page in pages for item in page.get("Contents", [])]:
        if key.endswith(OURS):
            stack.s3.delete_object(Bucket=lake, Key=key)
