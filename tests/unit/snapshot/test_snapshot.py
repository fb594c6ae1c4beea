"""Stock as rows and as Parquet; events; a table that cannot be read in time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pyarrow.parquet as pq
import pytest

import snapshot
import snapshot_event
from snapshot_environment import Settings
from snapshot_event import EventError
from stock import Stock, StockError, to_stock
from stock_file import TYPES, parquet
from tests.template import ROOT, columns

NOW = datetime(2026, 11, 20, 10, 15, 30, tzinfo=UTC)
ITEM = {
    "product_id": {"S": "P001"},
    "product_name": {"S": "Soundbar"},
    "category": {"S": "Audio"},
    "stock": {"N": "42"},
    "reorder_level": {"N": "15"},
    "lead_time_days": {"N": "5"},
    "updated_ts": {"S": "2026-11-20T10:00:00.250Z"},
}
HIVE = {"string": "string", "int": "int32", "timestamp": "timestamp[ms]"}


def test_the_file_has_the_tables_columns() -> None:
    assert Stock._fields == tuple(TYPES) == tuple(columns("inventory"))
    table = pq.read_table(BytesIO(parquet([to_stock(ITEM, 1000)])))
    found = {field.name: str(field.type) for field in table.schema}
    assert found == {name: HIVE[kind] for name, kind in columns("inventory").items()}
    (row,) = table.to_pylist()
    assert row["stock"] == 42
    assert row["updated_ts"] == datetime(2026, 11, 20, 10, 0, 0, 250_000)  # noqa: DTZ001
    assert row["snapshot_ts"] == datetime(1970, 1, 1, 0, 0, 1)  # noqa: DTZ001


def test_the_same_rows_are_the_same_bytes() -> None:
    rows = [to_stock(ITEM | {"product_id": {"S": f"P{n}"}}, 1000) for n in range(2000)]
    assert parquet(rows) == parquet(list(rows))
    assert pq.read_table(BytesIO(parquet([]))).num_rows == 0


@pytest.mark.parametrize("name", ["product_name", "category", "reorder_level", "lead_time_days"])
def test_what_an_item_lacks_is_null(name: str) -> None:
    assert getattr(to_stock({key: value for key, value in ITEM.items() if key != name}, 0), name) is None
    assert getattr(to_stock(ITEM | {name: {"NULL": True}}, 0), name) is None


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"stock": {"NULL": True}}, "stock: is missing"),
        ({"stock": {"N": "1.5"}}, "stock: must be an integer"),
        ({"stock": {"N": "3000000000"}}, "stock: must be an integer"),
        ({"reorder_level": {"S": "many"}}, "reorder_level: must be an integer"),
        ({"category": {"N": "7"}}, "category: must be a string"),
        ({"updated_ts": {"S": "yesterday"}}, "updated_ts: must be UTC ISO 8601 with Z"),
        ({"updated_ts": {"S": "2026-11-20T10:00:00"}}, "updated_ts: must be UTC ISO 8601 with Z"),
    ],
)
def test_an_item_that_breaks_the_contract_hurts_no_other(wrong: dict[str, Any], rule: str) -> None:
    with pytest.raises(StockError, match=f"^{rule}$"):
        to_stock(ITEM | wrong, 0)
    other = ITEM | {"product_id": {"S": "P000"}}
    rows, refused = snapshot.rows_of(iter([ITEM | wrong, ITEM, other]), 0)
    assert [row.product_id for row in rows] == ["P000", "P001"]
    assert refused == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [("now", None), ("too-old", "of the last hour"), ("invalid-time", "ISO 8601")],
)
def test_events(name: str, message: str | None) -> None:
    event = json.loads((ROOT / "events" / "snapshot" / f"{name}.json").read_text())
    if message is None:
        assert snapshot_event.read(event, NOW) == NOW
        return
    with pytest.raises(EventError, match=message):
        snapshot_event.read(event, NOW)


def test_a_time_is_of_the_last_hour() -> None:
    assert snapshot_event.read({"time": "2026-11-20T10:00:00Z"}, NOW) == NOW.replace(minute=0, second=0)
    for late in (timedelta(minutes=61), timedelta(minutes=-2)):
        with pytest.raises(EventError, match="last hour"):
            snapshot_event.read({"time": (NOW - late).isoformat()}, NOW)


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"time": "2026-11-20T10:00:00"}, "time: must be an ISO 8601 time with its zone"),
        ({"time": "2026-11-31T10:00:00Z"}, "time: must be an ISO 8601 time"),
        ({"time": 1795169700}, "time: must be an ISO 8601 time"),
        ({"date": "2026-11-20"}, "date: is not a field of the event; leave it out"),
        (None, "event: must be an object such as"),
        ([], "event: must be an object such as"),
        ("now", "event: must be an object such as"),
    ],
)
def test_a_wrong_event_names_field_and_remedy(event: Any, message: str) -> None:
    with pytest.raises(EventError, match=f"^{message}"):
        snapshot_event.read(event, NOW)


def test_without_time_it_is_now() -> None:
    assert snapshot_event.read({}, NOW) == NOW


class Pages:
    """A table of three pages, as DynamoDB's paginator gives them."""

    def get_paginator(self, operation: str) -> Pages:
        assert operation == "scan"
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        assert request == {"TableName": "inventory", "ConsistentRead": True}
        yield {"Items": [ITEM], "LastEvaluatedKey": {}}
        yield {"Items": [ITEM], "LastEvaluatedKey": {}}
        yield {"Items": [ITEM]}


def test_half_a_table_is_no_snapshot() -> None:
    pages: Any = Pages()
    assert len(list(snapshot.scan(pages, "inventory", lambda: snapshot.RESERVE_MS))) == 3
    with pytest.raises(snapshot.OutOfTimeError, match="Timeout"):
        list(snapshot.scan(pages, "inventory", lambda: snapshot.RESERVE_MS - 1))


class Bucket:
    """S3 as a snapshot needs it: the objects put, by bucket and key, and when arrivals were written."""

    def __init__(self, *arrivals: datetime) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.arrivals = arrivals

    def list_objects_v2(self, *, Bucket: str, Prefix: str) -> dict[str, Any]:  # noqa: N803
        assert (Bucket, Prefix) == ("lake", "curated/order_arrivals/")
        return {"Contents": [{"LastModified": at} for at in self.arrivals]} if self.arrivals else {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803
        self.objects[Bucket, Key] = Body


def test_a_wrong_event_writes_nothing_and_a_right_one_a_file() -> None:
    pages: Any = Pages()
    bucket: Any = Bucket()
    settings = Settings(inventory_table="inventory", lake="lake")

    def respond(event: object) -> dict[str, Any]:
        return snapshot.respond(event, settings, pages, bucket, NOW, lambda: snapshot.RESERVE_MS)

    with pytest.raises(EventError, match="last hour"):
        respond({"time": "2026-11-19T10:00:00Z"})
    assert bucket.objects == {}
    answer = respond({"time": "2026-11-20T10:00:00Z"})
    assert (answer["snapshot_date"], answer["products"], answer["refused"]) == ("2026-11-20", 3, 0)
    assert set(bucket.objects) == {("lake", answer["key"])}


def test_the_oldest_arrival_is_measured() -> None:
    """Whether the job that takes arrivals away runs at all can be told by their age alone."""
    hours: Any = [Bucket(), Bucket(NOW - timedelta(hours=2), NOW - timedelta(hours=50)), Bucket(NOW)]
    assert [snapshot.oldest_arrival(bucket, "lake", NOW) for bucket in hours] == [0.0, 180_000.0, 0.0]
