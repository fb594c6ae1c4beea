"""What is taken from the lake or falsified in it, reconcile names, and nothing else.

Other tests write to the same stack, so what is asserted is about this module's orders and changes.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from salescast.cli import main as cli
from salescast.integrity import orders_table, reconcile, sources
from salescast.integrity.log import Proof
from salescast.stack.services import change_stream
from salescast.stack.services.athena import run
from salescast.stack.services.change_stream import Change
from salescast.stack.stack import Stack
from tests.waiting import wait_for, wait_for_rows

# `make proof` takes more.
SEED, ROUNDS, TAKEN = 12, int(os.environ.get("SALESCAST_ROUNDS", "1")), 20
ORDERS, CHANGED, REMOVED = 60, 40, 12
# An order is inserted, some are changed, some of those removed.
CHANGES = ORDERS + CHANGED + REMOVED
ROWS = ("curated/order_changes/", "curated/order_arrivals/")
OLD = "2026-01-01T00:00:00.000Z"
AHEAD = "2099-01-01T00:00:00.000Z"


def item(order_id: str, **attributes: Any) -> dict[str, Any]:
    texts = {"status": "PLACED", "country": "France", "channel": "WEB", "product_id": "P", "currency": "EUR"}
    return {
        "order_id": {"S": order_id},
        "version": {"N": "1"},
        "order_ts": {"S": "2026-02-03T10:15:00.123Z"},
        "updated_ts": {"S": OLD},
        "quantity": {"N": "2"},
        "unit_price": {"N": "12.5"},
        **{name: {"S": text} for name, text in texts.items()},
        **attributes,
    }


class Shop:
    """Orders of this module. `changes` maps change id to order id, of what went through the table."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.prefix = f"t{uuid4().hex[:10]}-"
        self._table = stack.output("OrdersTable")
        for number in range(ORDERS):
            self.put(number, customer_id={"S": f"c{number}"} if number % 2 else {"NULL": True})
        for number in range(CHANGED):
            ahead = {"updated_ts": {"S": AHEAD}} if number % 2 else {}
            self.put(number, version={"N": "2"}, status={"S": "SHIPPED"}, **ahead)
        for number in range(REMOVED):
            stack.dynamodb.delete_item(TableName=self._table, Key={"order_id": {"S": self.name(number)}})
        self.put(ORDERS, test={"BOOL": True})
        wait_for_rows(stack, self.prefix, CHANGES)
        sql = f"SELECT change_id, order_id FROM order_changes WHERE order_id LIKE '{self.prefix}%'"
        self.changes = {str(change_id): str(order_id) for change_id, order_id in run(stack, sql).rows}

    def name(self, number: int) -> str:
        return f"{self.prefix}{number:03d}"

    def put(self, number: int, **attributes: Any) -> None:
        self.stack.dynamodb.put_item(TableName=self._table, Item=item(self.name(number), **attributes))

    def of(self, *numbers: int) -> set[str]:
        """Ids of all changes of these orders."""
        names = {self.name(number) for number in numbers}
        return {change_id for change_id, order_id in self.changes.items() if order_id in names}


@pytest.fixture(scope="module")
def shop(stack: Stack) -> Shop:
    return Shop(stack)


@contextmanager
def rewritten(stack: Stack, rewrite: Callable[[pa.Table], pa.Table]) -> Iterator[None]:
    """The lake with every object of rows rewritten, until the block ends."""
    bucket, before = stack.output("Lake"), dict[str, bytes]()
    for prefix in ROWS:
        for page in stack.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for summary in page.get("Contents", []):
                body = stack.s3.get_object(Bucket=bucket, Key=summary["Key"])["Body"].read()
                rows = pq.ParquetFile(BytesIO(body)).read()
                changed = rewrite(rows)
                if not changed.equals(rows):
                    before[summary["Key"]] = body
                    _put(stack, bucket, summary["Key"], changed)
    assert before
    try:
        yield
    finally:
        for key, body in before.items():
            stack.s3.put_object(Bucket=bucket, Key=key, Body=body)


def _put(stack: Stack, bucket: str, key: str, rows: pa.Table) -> None:
    if not rows.num_rows:
        stack.s3.delete_object(Bucket=bucket, Key=key)
        return
    file = BytesIO()
    pq.write_table(rows, file)
    stack.s3.put_object(Bucket=bucket, Key=key, Body=file.getvalue())


def without(change_ids: set[str]) -> Callable[[pa.Table], pa.Table]:
    taken = pa.array(sorted(change_ids))
    return lambda rows: rows.filter(pc.invert(pc.is_in(rows["change_id"], value_set=taken)))


def proof(stack: Stack) -> Proof:
    """The log proven from the beginning of this stack on; nothing is young."""
    made = Proof(stack, datetime.now(UTC) - timedelta(days=1), settle=0)
    made.run(lambda _: None)
    return made


def names(result: reconcile.Reconciliation, order_id: str) -> list[str]:
    return [example for example in result.examples if example.startswith(order_id)]


def test_a_whole_lake_is_proven(shop: Shop) -> None:
    proven = proof(shop.stack)
    assert not proven.lost.keys() & shop.changes.keys()
    assert proven.log.changes >= CHANGES + 1
    assert proven.log.dropped["test"] >= 1
    assert proven.log.until - proven.log.since >= timedelta(hours=23)
    result = reconcile.reconcile(shop.stack, settle=0)
    assert not names(result, shop.prefix)


def test_every_change_of_removed_orders_taken(shop: Shop, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither table nor view has these orders: only what came tells that they were there."""
    taken = shop.of(*range(REMOVED))
    assert len(taken) == 3 * REMOVED
    with rewritten(shop.stack, without(taken)):
        assert proof(shop.stack).lost.keys() & shop.changes.keys() == taken
        arguments = ["reconcile", "--json", "--settle", "0", "--state", str(shop.stack.state.folder)]
        assert cli.run([*arguments, "--log", "1"]) == 1
        answer = json.loads(capfd.readouterr().out)
    assert not answer["reconciled"]
    assert answer["log"]["missing"] >= len(taken)
    assert answer["log"]["proven_until"] == answer["log"]["since"], "nothing was proven"
    assert any(change_id in example for change_id in taken for example in answer["examples"])


def test_orders_from_the_future_taken(shop: Shop) -> None:
    ahead = [number for number in range(REMOVED, CHANGED) if number % 2]
    with rewritten(shop.stack, without(shop.of(*ahead))):
        result = reconcile.reconcile(shop.stack, settle=3)
    assert result.missing >= len(ahead)
    assert all(names(result, shop.name(number)) for number in ahead[:5])


def test_a_falsified_column_is_named(shop: Shop) -> None:
    """Each of another order."""
    false: dict[str, Any] = {
        "status": "RETURNED",
        "country": "Mars",
        "customer_id": None,
        "unit_price": Decimal(1),
        "updated_ts": datetime(2026, 1, 1, 0, 0, 1),  # noqa: DTZ001, as Parquet has it
    }
    of = dict(zip(false, map(shop.name, range(CHANGED + 1, ORDERS, 2)), strict=False))

    def falsify(rows: pa.Table) -> pa.Table:
        ids = rows["order_id"].to_pylist()
        for column, order_id in of.items():
            values = [
                false[column] if name == order_id else value
                for name, value in zip(ids, rows[column].to_pylist(), strict=True)
            ]
            index, field = rows.schema.get_field_index(column), rows.schema.field(column)
            rows = rows.set_column(index, field, pa.array(values, type=field.type))
        return rows

    with rewritten(shop.stack, falsify):
        result = reconcile.reconcile(shop.stack, settle=0, log_days=0)
    assert not result.reconciled
    for column, order_id in of.items():
        named = {"status": "status, net_revenue"}.get(column, column)
        assert names(result, order_id) == [f"{order_id}: the row's {named} is not what the item says"]


def test_any_changes_taken_are_named_and_no_others(shop: Shop) -> None:
    rng = random.Random(SEED)
    for _ in range(ROUNDS):
        taken = set(rng.sample(sorted(shop.changes), TAKEN))
        with rewritten(shop.stack, without(taken)):
            assert proof(shop.stack).lost.keys() & shop.changes.keys() == taken
        assert not proof(shop.stack).lost.keys() & shop.changes.keys()


def test_a_change_that_only_raw_has(shop: Shop) -> None:
    """Written to Kinesis past the table: the table's stream does not know it."""
    order_id, change_id = f"{shop.prefix}past", uuid4().hex
    event: dict[str, Any] = {
        "eventID": change_id,
        "eventName": "INSERT",
        "dynamodb": {
            "ApproximateCreationDateTime": int(datetime.now(UTC).timestamp()) - 60,
            "Keys": {"order_id": {"S": order_id}},
            "NewImage": item(order_id),
            "SequenceNumber": "1",
        },
    }
    assert change_stream.put(shop.stack, [Change(order_id, json.dumps(event).encode())]) == [None]

    def came() -> Counter[str]:
        kept = sources.Sources(shop.stack, datetime.now(UTC) - timedelta(days=1))
        return Counter(change.change_id for change in kept.changes())

    wait_for(lambda: came()[change_id], "the change under raw/")
    wait_for_rows(shop.stack, order_id, 1)
    with rewritten(shop.stack, without({change_id})):
        assert change_id in proof(shop.stack).lost
    # The table has no such order: it goes the way that removals go, through Kinesis.
    event |= {"eventName": "REMOVE", "eventID": uuid4().hex}
    event["dynamodb"] |= {"OldImage": item(order_id), "SequenceNumber": "2"}
    assert change_stream.put(shop.stack, [Change(order_id, json.dumps(event).encode())]) == [None]
    wait_for_rows(shop.stack, order_id, 2)


def test_the_engine_digests_a_row_as_we_do(shop: Shop) -> None:
    sql = f"SELECT o.order_id, {reconcile._DIGEST} FROM orders o WHERE o.order_id LIKE '{shop.prefix}%'"
    theirs = {str(order_id): str(digest).lower() for order_id, digest in run(shop.stack, sql).rows}
    ours = {order.order_id: order.digest for order in orders_table.scan(shop.stack)}
    assert theirs
    assert {name: digest for name, digest in theirs.items() if ours.get(name) != digest} == {}
