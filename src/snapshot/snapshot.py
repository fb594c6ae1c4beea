"""Lambda function that copies the inventory table into the lake, hourly.

Handler: `snapshot.handler`. Event: `{"time": "2026-11-20T10:00:00Z"}`, without time: now. The stock of all
products goes to `curated/inventory/snapshot_date=<UTC date of the time>/stock.parquet`. There is one object a
day, which each run replaces: a run that comes twice leaves what one leaves, and a day keeps its last stock.
Answer: `{"snapshot_date", "key", "products", "refused"}`, or for a wrong event, which writes nothing,
`{"error": {"field": ..., "message": ...}}`. Metrics (namespace Salescast, dimension service):

    ProductsStored    products of the snapshot
    ProductsRefused   items that break the contract, left out and named in the log by their rule
    InvalidEvents     events that were not understood
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from stock import Stock, StockError, to_stock
from stock_file import parquet

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

PREFIX = "curated/inventory/"
# Writing the file and answering take this long at the most; no page is read after that.
RESERVE_MS = 5_000
# A later run would file today's stock under a day that has gone.
OLDEST = timedelta(hours=1)

logger = Logger(service="snapshot")
metrics = Metrics(namespace="Salescast", service="snapshot")

_clients: tuple[DynamoDBClient, S3Client] | None = None


class InvalidEventError(ValueError):
    """An event that is not understood; the message says what `time` must be."""


class OutOfTimeError(RuntimeError):
    """The table is too large for the function's timeout. Nothing was written: half a snapshot would lie."""


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Answer one event; see the module's docstring."""
    now = datetime.now(UTC)
    try:
        moment = read(event, now)
    except InvalidEventError as error:
        metrics.add_metric("InvalidEvents", MetricUnit.Count, 1)
        logger.warning("event not answered", why=str(error))
        return {"error": {"field": "time", "message": str(error)}}
    dynamodb, s3 = clients()
    items = scan(dynamodb, os.environ["INVENTORY_TABLE"], context.get_remaining_time_in_millis)
    rows, refused = rows_of(items, round(now.timestamp() * 1000))
    key = f"{PREFIX}snapshot_date={moment:%Y-%m-%d}/stock.parquet"
    s3.put_object(Bucket=os.environ["LAKE"], Key=key, Body=parquet(rows))
    metrics.add_metric("ProductsStored", MetricUnit.Count, len(rows))
    metrics.add_metric("ProductsRefused", MetricUnit.Count, refused)
    answer: dict[str, Any] = {
        "snapshot_date": f"{moment:%Y-%m-%d}",
        "key": key,
        "products": len(rows),
        "refused": refused,
    }
    logger.info("snapshot", **answer)
    return answer


def read(event: Any, now: datetime) -> datetime:
    """The time that an event names, UTC. Raises InvalidEventError."""
    if not isinstance(event, dict) or "time" not in event:
        return now
    try:
        moment = datetime.fromisoformat(event["time"])
    except (TypeError, ValueError):
        raise InvalidEventError("must be an ISO 8601 time such as 2026-11-20T10:00:00Z") from None
    if moment.tzinfo is None:
        raise InvalidEventError("must say its zone, Z for UTC")
    moment = moment.astimezone(UTC)
    if not now - OLDEST <= moment <= now + timedelta(minutes=1):
        raise InvalidEventError("must be of the last hour: a snapshot shows the stock there is now")
    return moment


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


def clients() -> tuple[DynamoDBClient, S3Client]:
    """DynamoDB and S3, made once: on first use, so that importing this needs no AWS."""
    global _clients
    if _clients is None:
        import boto3

        _clients = boto3.client("dynamodb"), boto3.client("s3")
    return _clients
