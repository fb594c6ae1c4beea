"""A shop as it stands on any day: 200 past days of the generator's orders, without tables and AWS.

The generator's clock says what day it is. Two recorders stand for its tables; what they note becomes the
items and stream records that the tables would hold, and the transformer's rows of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import polars as pl
from boto3.dynamodb.types import TypeDeserializer

import backfill
import customer
import generator_event
import transformer_environment
from catalogue import CURRENCY, PRODUCTS
from change import to_row
from clock import Clock
from generator_environment import Settings
from generator_event import Backfill
from inventory import Inventory
from moment import Moment
from order import FORGET, Basket, Order, timestamp
from table import Course, Orders, item
from tally import Tally
from tests.analytics import source
from tests.shop import DAYS, LOW, ORDERS, Books

SEED = 1
_plain = TypeDeserializer().deserialize


@dataclass
class Recorder:
    """Stands for both tables."""

    now: datetime
    orders: list[Order] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)

    def insert(self, baskets: Iterable[Basket]) -> int:
        self.orders += [order for basket in baskets for order in basket.orders]
        return 0

    def advance(self, courses: Iterable[Course]) -> int:
        self.versions |= {course.order.order_id: course.target for course in courses}
        return 0


@dataclass(frozen=True)
class DatedShop:
    """The books, and the rows of the lake's tables by name."""

    books: Books
    now: datetime
    lake: dict[str, list[dict[str, Any]]]


def dated(today: date) -> DatedShop:
    """The shop on `today` at noon, UTC."""
    now = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    recorder = _recorded(now)
    records = [record for order in recorder.orders for record in _records(order, recorder)]
    items = {
        record["dynamodb"]["Keys"]["order_id"]["S"]: record["dynamodb"]["NewImage"] for record in records
    }
    last = [{name: _plain(value) for name, value in image.items()} for image in items.values()]
    stock = pl.DataFrame(
        [
            {
                "product_id": product.product_id,
                "product_name": product.product_name,
                "category": product.category,
                "stock": LOW.get(product.product_id, product.initial_stock),
                "reorder_level": product.reorder_level,
                "lead_time_days": product.lead_time_days,
            }
            for product in PRODUCTS
        ]
    ).sort("product_id")
    rows = [
        row
        for record in records
        if "test" not in record["dynamodb"]["NewImage"]
        for row in [_row(record, now)]
    ]
    changes = [change for record in records if (change := source.change(_dated(record)))]
    books = Books(
        today,
        pl.DataFrame(
            [source.order(image) for image in last if not image.get("test")], infer_schema_length=None
        ),
        pl.DataFrame(changes, infer_schema_length=None),
        stock,
    )
    at = now.replace(tzinfo=None).isoformat()
    inventory = [
        row | {"updated_ts": at, "snapshot_ts": at, "snapshot_date": today.isoformat()}
        for row in stock.to_dicts()
    ]
    return DatedShop(
        books,
        now,
        {
            "order_arrivals": rows,
            "order_log": [],
            "order_state": [],
            "inventory": inventory,
            "sales_projections": [_close(today, at)],
        },
    )


def _close(today: date, at: str) -> dict[str, Any]:
    """The day's close as the projector files it, so that the day is told of before its first order."""
    figures = dict.fromkeys(("mean", "lo80", "hi80", "lo95", "hi95", "seasonal_naive"), 0.0)
    names = {
        "breakdown": "total",
        "series": "total",
        "measure": "revenue",
        "currency": CURRENCY,
        "method": "none",
        "explanation": "none",
    }
    dates = {"run_date": today.isoformat(), "projected_date": today.isoformat(), "projected_ts": at}
    return figures | names | dates | {"horizon": 0, "history_days": DAYS}


def _recorded(now: datetime) -> Recorder:
    recorder = Recorder(now)
    first = now.date() - timedelta(days=DAYS)
    settings = Settings("orders", "inventory", SEED, 2.0, timedelta(hours=1), first)
    clock = Clock(lambda: now, lambda _: None, lambda: 900_000)
    last = now.date() - timedelta(days=1)
    event = generator_event.read(
        {"action": "backfill", "start": first.isoformat(), "end": last.isoformat(), "orders": ORDERS}
    )
    assert isinstance(event, Backfill)
    backfill.check(event, settings, now)
    tables = cast(Inventory, recorder), cast(Orders, recorder)
    assert backfill.run(event, settings, clock, *tables, Tally())["done"]
    return recorder


def _records(order: Order, recorder: Recorder) -> Iterator[dict[str, Any]]:
    """The stream records of an order's life so far, as the Pipe hands them on."""
    image = item(order, SEED, order.product.initial_stock)
    yield _record("INSERT", None, image, recorder.now)
    for step in order.life[: recorder.versions[order.order_id] - 1]:
        before, image = image, dict(image)
        image["version"] = {"N": str(step.version)}
        image["updated_ts"] = {"S": timestamp(order.basket.minute + step.lag, order.basket.millisecond)}
        if step.what == FORGET:
            image["customer_id"] = {"S": customer.ERASED}
            del image["customer_name"], image["customer_email"]
        else:
            image["status"] = {"S": step.what}
        yield _record("MODIFY", before, image, recorder.now)


def _record(kind: str, old: dict[str, Any] | None, new: dict[str, Any], now: datetime) -> dict[str, Any]:
    version, order_id = new["version"]["N"], new["order_id"]
    stream: dict[str, Any] = {
        "Keys": {"order_id": order_id},
        "NewImage": new,
        "SequenceNumber": version,
        "ApproximateCreationDateTime": int(now.timestamp()),
    }
    return {
        "eventID": f"{order_id['S']} {version}",
        "eventName": kind,
        "dynamodb": stream | ({"OldImage": old} if old else {}),
    }


def _dated(record: dict[str, Any]) -> dict[str, Any]:
    """The record as the Streams API gives it, with its time as a datetime."""
    stream = record["dynamodb"]
    moment = datetime.fromtimestamp(stream["ApproximateCreationDateTime"], UTC)
    return record | {"dynamodb": stream | {"ApproximateCreationDateTime": moment}}


def _row(record: dict[str, Any], now: datetime) -> dict[str, Any]:
    return to_row(record, Moment(transformer_environment.Settings("2000-01-01"), now))
