"""The orders table as it is now, read in parallel segments."""

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from decimal import DecimalException
from typing import Any, NamedTuple

import orjson

from salescast.stack import money
from salescast.stack.services.dynamo import DynamoDB
from salescast.stack.stack import Stack

SEGMENTS = 8
# The emulator answers one request at a time and walks the whole table for each, so segments only cost there.
LAPTOP_SEGMENTS = 1
ATTRIBUTES = (
    "order_id",
    "version",
    "order_ts",
    "updated_ts",
    "quantity",
    "unit_price",
    "discount",
    "test",
    "entity",
)
UNREADABLE = ""
"""The order date of an order whose attributes break the contract."""

Item = dict[str, dict[str, Any]]


class Order(NamedTuple):
    """An order as far as reconciliation needs it. `amount` is the column's text ("12.5000").

    Where an attribute breaks the data contract, order_date is UNREADABLE, version 0 and amount empty.
    """

    order_id: str
    order_date: str
    version: int
    amount: str
    updated: datetime | None


def scan(stack: Stack) -> Iterator[Order]:
    """Every order of the table except test orders and other entities, which the lake leaves out too."""
    for items in _pages(stack):
        for item in items:
            if item.get("test", {}).get("BOOL") or item.get("entity", {"S": "order"}).get("S") != "order":
                continue
            yield _order(item)


def existing(stack: Stack, order_ids: list[str]) -> set[str]:
    """Those of the orders that the table has."""
    dynamodb, table, found = DynamoDB(stack), stack.output("OrdersTable"), set[str]()
    for start in range(0, len(order_ids), 100):
        keys = [{"order_id": {"S": order_id}} for order_id in order_ids[start : start + 100]]
        request = {table: {"Keys": keys, "ProjectionExpression": "order_id", "ConsistentRead": True}}
        while request:
            answer = orjson.loads(dynamodb.call("BatchGetItem", orjson.dumps({"RequestItems": request})))
            found |= {item["order_id"]["S"] for item in answer["Responses"].get(table, [])}
            request = answer.get("UnprocessedKeys") or {}
    return found


def _order(item: Item) -> Order:
    order_id = item["order_id"]["S"]
    updated = _moment(item.get("updated_ts", {}).get("S", ""))
    try:
        placed = item["order_ts"]["S"]
        if _moment(placed) is None:
            raise ValueError(placed)
        version = int(item["version"]["N"])
        discount = item["discount"]["N"] if "discount" in item else None
        amount = money.as_column(money.amount(item["quantity"]["N"], item["unit_price"]["N"], discount))
    except (KeyError, TypeError, ValueError, DecimalException):
        return Order(order_id, UNREADABLE, 0, "", updated)
    return Order(order_id, placed[:10], version, amount, updated)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _pages(stack: Stack) -> Iterator[list[Item]]:
    """Pages of items as they come; the next page of a segment is under way while one is worked on."""
    dynamodb = DynamoDB(stack)
    segments = LAPTOP_SEGMENTS if stack.is_laptop else SEGMENTS
    names = {f"#{index}": name for index, name in enumerate(ATTRIBUTES)}
    request = {
        "TableName": stack.output("OrdersTable"),
        "ConsistentRead": True,
        "ProjectionExpression": ",".join(names),
        "ExpressionAttributeNames": names,
    }

    def page(segment: int, start: Item | None) -> tuple[int, dict[str, Any]]:
        body: dict[str, Any] = dict(request)
        if segments > 1:
            body |= {"Segment": segment, "TotalSegments": segments}
        if start:
            body["ExclusiveStartKey"] = start
        return segment, orjson.loads(dynamodb.call("Scan", orjson.dumps(body)))

    with ThreadPoolExecutor(segments, thread_name_prefix="scan") as pool:
        pending: set[Future[tuple[int, dict[str, Any]]]] = {
            pool.submit(page, n, None) for n in range(segments)
        }
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                segment, answer = future.result()
                if last := answer.get("LastEvaluatedKey"):
                    pending.add(pool.submit(page, segment, last))
                yield answer["Items"]
