"""A customer's wish to be forgotten: name, e-mail and id leave the orders table, the id leaves the lake.

The orders stay, and so does their revenue: `customer_id` becomes `erased`. Everything may be repeated.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from salescast.functions import compact
from salescast.stack.errors import SalescastError
from salescast.stack.polling import poll
from salescast.stack.services import athena, freshness, order_items, table_scan
from salescast.stack.stack import Stack

ERASED = "erased"
ATTEMPTS = 5
POLL_SECONDS = 2.0
SETTLE_FACTOR = 4
TABLES = ("order_arrivals", "order_log", "order_state")
# What a deployment keeps of the past, and the parameter that says for how many days.
KEPT = (
    ("untransformed changes under raw/", "RawRetentionDays"),
    ("failed changes under errors/", "ErrorRetentionDays"),
    ("deleted objects of the bucket, as noncurrent versions", "NoncurrentRetentionDays"),
    ("answers of earlier queries under athena-results/", "ResultRetentionDays"),
)
RECOVERY_DAYS = 35  # of point-in-time recovery, which the template switches on for the orders table

Report = Callable[[str], None]


@dataclass(frozen=True)
class Erasure:
    """What was done: orders changed in the table, the job's run, and what stays for how many days."""

    orders: int
    run_id: str
    kept_days: dict[str, float]


def run(stack: Stack, customer_id: str, report: Report = lambda _: None) -> Erasure:
    """Forget a customer, and look for the id in the lake afterwards.

    A table of the shop's own is not written to: it must have forgotten the customer before.

    Raises SalescastError when a write is refused, when the changes do not reach the lake in time, when the
    job fails, and when the id is still to be seen.
    """
    if not customer_id or customer_id == ERASED:
        raise SalescastError(f"{customer_id!r} is no customer's id; give the customer_id of the orders")
    if order_items.mapping() is None:
        orders = sum(_forget(stack, order_id, customer_id) for order_id in _orders(stack, customer_id))
    else:
        orders = _require_forgotten(stack, customer_id)
    report(f"{orders:,} orders in the table no longer name the customer")
    _await(stack, customer_id)
    report("the lake has it; running the job that erases the id from it")
    # The job is told the id's digest: its arguments stay in the history of its runs.
    digest = hashlib.sha256(customer_id.encode()).hexdigest()
    run_id = compact.run(stack, {"--erase": digest}).run_id
    for table in TABLES:
        if rows := _count(stack, f"{table} WHERE customer_id = {_literal(customer_id)}"):
            raise SalescastError(f"{rows:,} rows of {table} hold the id again or still; erase it once more")
    return Erasure(orders, run_id, kept_days(stack))


def kept_days(stack: Stack) -> dict[str, float]:
    """What still holds the id, and for how many days at the most."""
    parameters = stack.parameters
    kept = {what: float(parameters[name]) for what, name in KEPT}
    kept["changes in the Kinesis stream"] = float(parameters["StreamRetentionHours"]) / 24
    kept["point-in-time recovery of the orders table"] = RECOVERY_DAYS
    return kept


def _orders(stack: Stack, customer_id: str) -> Iterator[str]:
    """The ids of the table's orders of the customer."""
    pages = stack.dynamodb.get_paginator("scan").paginate(
        TableName=stack.output("OrdersTable"),
        ConsistentRead=True,
        FilterExpression="customer_id = :id",
        ProjectionExpression="order_id",
        ExpressionAttributeValues={":id": {"S": customer_id}},
    )
    for page in pages:
        for item in page["Items"]:
            yield item["order_id"]["S"]


def _require_forgotten(stack: Stack, customer_id: str) -> int:
    """0 orders were changed; raises SalescastError while a table of the shop's own names the customer."""
    named = sum(
        order.get("customer_id") == {"S": customer_id}
        for page in table_scan.pages(stack, stack.output("OrdersTable"))
        for item in page.items
        for order in order_items.orders(item)
    )
    if named:
        raise SalescastError(
            f"{named:,} orders of your table name the customer; what names a person there only you know: "
            f"change it so that their customer_id is {ERASED}, then erase once more"
        )
    return 0


def _forget(stack: Stack, order_id: str, customer_id: str) -> bool:
    """Write the order's next version without the customer, unless it names another by now or is gone."""
    table = stack.output("OrdersTable")
    key: Any = {"order_id": {"S": order_id}}
    for _ in range(ATTEMPTS):
        item = stack.dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item", {})
        if item.get("customer_id", {}).get("S") != customer_id:
            return False
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        values: Any = {
            ":erased": {"S": ERASED},
            ":id": {"S": customer_id},
            ":version": item["version"],
            ":one": {"N": "1"},
            ":now": {"S": now},
        }
        try:
            stack.dynamodb.update_item(
                TableName=table,
                Key=key,
                UpdateExpression="SET customer_id = :erased, version = version + :one, updated_ts = :now "
                "REMOVE customer_name, customer_email",
                ConditionExpression="version = :version AND customer_id = :id",
                ExpressionAttributeValues=values,
            )
            return True
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
    raise SalescastError(f"order {order_id} is changed all the time by another writer; erase once more")


def _await(stack: Stack, customer_id: str) -> None:
    """Until the newest row of every order that is not archived names the customer no more."""
    seconds = SETTLE_FACTOR * freshness.bound(stack)
    named = f"orders WHERE customer_id = {_literal(customer_id)} AND NOT archived"
    if poll(
        lambda: _count(stack, named), lambda count: count == 0, pause=POLL_SECONDS, seconds=seconds
    ):  # fmt: skip
        raise SalescastError(
            f"the changes of the table are not in the lake after {seconds:.0f} s; "
            "see `salescast status`, then erase once more"
        )


def _count(stack: Stack, source: str) -> int:
    rows = athena.run(stack, f"SELECT count(*) AS n FROM {source}").rows  # noqa: S608 - quoted by _literal
    return int(str(rows[0][0]))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
