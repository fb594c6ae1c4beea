"""Lambda function that copies the inventory table into the lake, hourly.

Handler: `snapshot.handler`. Event: `{"time": "2026-11-20T10:00:00Z"}`, without time: now. The stock of all
products goes to `curated/inventory/snapshot_date=<UTC date of the time>/stock.parquet`. There is one object a
day, which each run replaces: a run that comes twice leaves what one leaves, and a day keeps its last stock.
Answer: `{"snapshot_date", "key", "products", "refused"}`. A wrong event writes nothing and raises EventError,
which Lambda counts and reports. Metrics (namespace Salescast, dimensions service and stack):

    ProductsStored    products of the snapshot
    ProductsRefused   items that break the contract, left out and named in the log by their rule
    OldestArrival     seconds since the oldest arrival was written; 0 when there is none

The last one is measured here because the job that takes the arrivals away cannot tell that it does not run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

import snapshot_event
from snapshot_environment import Settings, environment
from stock import Stock, StockError, to_stock
from stock_file import parquet

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

PREFIX = "curated/inventory/"
ARRIVALS = "curated/order_arrivals/"
# Writing the file and answering take this long at the most; no page is read after that.
RESERVE_MS = 5_000

logger = Logger(service="snapshot")
metrics = Metrics(namespace="Salescast", service="snapshot")

CONFIG = Config(retries={"mode": "standard", "max_attempts": 5})


class OutOfTimeError(RuntimeError):
    """The table is too large for the function's timeout. Nothing was written: half a snapshot would lie."""


@cache
def dynamodb_client() -> DynamoDBClient:
    """Made once, at the first invocation."""
    return boto3.client("dynamodb", config=CONFIG)


@cache
def s3_client() -> S3Client:
    """Made once, at the first invocation."""
    return boto3.client("s3", config=CONFIG)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Answer one event; see the module's docstring. Raises VariableError, EventError, OutOfTimeError."""
    remaining_ms = context.get_remaining_time_in_millis
    return respond(event, environment(), dynamodb_client(), s3_client(), datetime.now(UTC), remaining_ms)


def respond(
    event: object,
    settings: Settings,
    dynamodb: DynamoDBClient,
    s3: S3Client,
    now: datetime,
    remaining_ms: Callable[[], int],
) -> dict[str, Any]:
    """The handler without Lambda and AWS around it. Raises EventError, OutOfTimeError; then nothing is
    written.
    """
    time = snapshot_event.read(event, now)
    items = scan(dynamodb, settings.inventory_table, remaining_ms)
    rows, refused = rows_of(items, round(now.timestamp() * 1000))
    key = f"{PREFIX}snapshot_date={time:%Y-%m-%d}/stock.parquet"
    s3.put_object(Bucket=settings.lake, Key=key, Body=parquet(rows))
    _measure(settings.stack, len(rows), refused, oldest_arrival(s3, settings.lake, now))
    answer: dict[str, Any] = {
        "snapshot_date": f"{time:%Y-%m-%d}",
        "key": key,
        "products": len(rows),
        "refused": refused,
    }
    logger.info("snapshot", **answer)
    return answer


def _measure(stack: str, stored: int, refused: int, arrival_age: float) -> None:
    metrics.add_dimension("stack", stack)
    metrics.add_metric("ProductsStored", MetricUnit.Count, stored)
    metrics.add_metric("ProductsRefused", MetricUnit.Count, refused)
    metrics.add_metric("OldestArrival", MetricUnit.Seconds, arrival_age)


def oldest_arrival(s3: S3Client, lake: str, now: datetime) -> float:
    """Age in seconds of the oldest arrival. Keys sort by day, so the first page holds it."""
    page = s3.list_objects_v2(Bucket=lake, Prefix=ARRIVALS)
    written = [item["LastModified"] for item in page.get("Contents", [])]
    return max(0.0, (now - min(written, default=now)).total_seconds())


def scan(dynamodb: DynamoDBClient, table: str, remaining_ms: Callable[[], int]) -> Iterator[dict[str, Any]]:
    """Every item of the table, page by page. Raises OutOfTimeError."""
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from page["Items"]
        if "LastEvaluatedKey" in page and remaining_ms() < RESERVE_MS:
            raise OutOfTimeError("the inventory table is not read in time; raise the function's Timeout")


def rows_of(items: Iterator[dict[str, Any]], snapshot_ts: int) -> tuple[list[Stock], int]:
    """Rows by product_id, and how many items were refused; those are logged by rule."""
    rows, rules = [], list[str]()
    for item in items:
        try:
            rows.append(to_stock(item, snapshot_ts))
        except StockError as error:
            rules.append(str(error))
    if rules:
        logger.error("items refused", count=len(rules), rules=sorted(set(rules)))
    return sorted(rows), len(rules)
