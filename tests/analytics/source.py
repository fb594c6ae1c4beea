"""What the shop's own tables say, as Polars frames: DynamoDB's items and stream records, not the lake.

Money is in ten-thousandths of the currency's unit, as integers.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
from boto3.dynamodb.types import TypeDeserializer

from salescast.stack.stack import Stack

COUNTED = ("PLACED", "SHIPPED", "DELIVERED")
UNIT = 10_000

_plain = TypeDeserializer().deserialize


def orders(stack: Stack) -> pl.DataFrame:
    """One row for each order of the table that is for the lake."""
    items = [item for item in _scan(stack, "OrdersTable") if not item.get("test")]
    return pl.DataFrame([order(item) for item in items], infer_schema_length=None)


def stock(stack: Stack) -> pl.DataFrame:
    """One row for each product of the inventory table."""
    whole = ("stock", "reorder_level", "lead_time_days")
    return pl.DataFrame(
        [item | {name: int(item[name]) for name in whole} for item in _scan(stack, "InventoryTable")]
    ).sort("product_id")


def changes(stack: Stack) -> pl.DataFrame:
    """One row for each stream record of an order that is for the lake."""
    table = stack.dynamodb.describe_table(TableName=stack.output("OrdersTable"))["Table"]
    client, arn = stack.dynamodbstreams, table["LatestStreamArn"]
    found = []
    for shard in client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        place: str | None = client.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        ).get("ShardIterator")
        while place:
            page: Any = client.get_records(ShardIterator=place)
            found += [change(record) for record in page["Records"]]
            place = page.get("NextShardIterator") if page["Records"] else None
    return pl.DataFrame([row for row in found if row], infer_schema_length=None)


def _scan(stack: Stack, output: str) -> list[dict[str, Any]]:
    pages = stack.dynamodb.get_paginator("scan").paginate(TableName=stack.output(output), ConsistentRead=True)
    return [{name: _plain(value) for name, value in item.items()} for page in pages for item in page["Items"]]


def order(item: dict[str, Any]) -> dict[str, Any]:
    """The row of an item."""
    amount = item["quantity"] * item["unit_price"] - item.get("discount", Decimal())
    names = ("order_id", "status", "customer_id", "country", "channel", "product_id", "product_name")
    return {name: item[name] for name in (*names, "category", "currency", "invoice_id", "order_ts")} | {
        "order_date": item["order_ts"][:10],
        "promotion": item.get("promotion"),
        "quantity": int(item["quantity"]),
        "unit_price": int(item["unit_price"] * UNIT),
        "amount": int(amount * UNIT),
        "net": int(amount * UNIT) if item["status"] in COUNTED else 0,
        "units": int(item["quantity"]) if item["status"] in COUNTED else 0,
        "version": int(item["version"]),
    }


def change(record: Any) -> dict[str, Any] | None:
    """The row of a stream record; None for one that is not for the lake."""
    stream = record["dynamodb"]
    old = {name: _plain(value) for name, value in stream.get("OldImage", {}).items()}
    new = {name: _plain(value) for name, value in stream.get("NewImage", {}).items()}
    image = new or old
    if image.get("test"):
        return None
    return {
        "order_id": image["order_id"],
        "type": record["eventName"],
        "date": record["dynamodb"]["ApproximateCreationDateTime"].strftime("%Y-%m-%d"),
        "version": int(image["version"]),
        "status": image["status"],
        "previous_status": old.get("status"),
        "order_ts": image["order_ts"],
        "updated_ts": image["updated_ts"],
    }
