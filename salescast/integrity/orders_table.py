"""The orders table as it is now, read in parallel segments."""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import DecimalException
from typing import NamedTuple

import orjson

from salescast.integrity.sources import ABSENT, left_out
from salescast.stack import money
from salescast.stack.services import table_scan
from salescast.stack.services.dynamo import DynamoDB
from salescast.stack.services.table_scan import Item
from salescast.stack.stack import Stack

UNREADABLE = ""
"""The order date of an order whose attributes break the contract."""

NET_STATUSES = frozenset({"PLACED", "SHIPPED", "DELIVERED"})
# The columns of `orders` that an item has, in the order of Order.columns, by the contract's reading of them
# (docs/data-dictionary.md); the tests hold them against the transformer. The empty string stands for NULL.
COLUMNS = (
    *("order_id", "version", "status", "order_ts", "updated_ts", "invoice_id", "customer_id", "country"),
    *("channel", "product_id", "product_name", "category", "promotion", "quantity", "unit_price", "discount"),
    *("amount", "net_revenue", "currency", "stock_left"),
)
ATTRIBUTES = (*(name for name in COLUMNS if name not in ("amount", "net_revenue")), "test", "entity")

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z").fullmatch


class Order(NamedTuple):
    """An order as far as reconciliation needs it. `columns` are the texts of its row's COLUMNS.

    Where an attribute breaks the data contract, order_date is UNREADABLE, version 0 and `columns` empty.
    """

    order_id: str
    order_date: str
    version: int
    updated: datetime | None
    columns: tuple[str, ...] = ()

    @property
    def amount(self) -> str:
        """The column's text ("12.5000"), empty for an unreadable order."""
        return self.columns[_AMOUNT] if self.columns else ""

    @property
    def digest(self) -> str:
        """What reconcile's SQL makes of the row's columns."""
        return digest(self.columns)


_AMOUNT = COLUMNS.index("amount")
SEPARATOR = "\u241f"
"""Between columns in what is digested: a sign that no shop writes."""


def digest(columns: tuple[str, ...]) -> str:
    """MD5 of a row's columns, in hexadecimal digits."""
    return hashlib.md5(SEPARATOR.join(columns).encode(), usedforsecurity=False).hexdigest()


def scan(stack: Stack) -> Iterator[Order]:
    """Every order of the table except test orders and other entities, which the lake leaves out too."""
    for page in table_scan.pages(stack, stack.output("OrdersTable"), ATTRIBUTES):
        for item in page.items:
            if not left_out(item):
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
        columns = _columns(item)
        return Order(order_id, item["order_ts"]["S"][:10], int(item["version"]["N"]), updated, columns)
    except (KeyError, TypeError, ValueError, AttributeError, DecimalException):
        return Order(order_id, UNREADABLE, 0, updated)


def _columns(item: Item) -> tuple[str, ...]:
    """The texts of the row's columns. Raises one of many errors for an item that breaks the contract."""
    text = {name: _optional(item, name) for name in ("invoice_id", "customer_id")}
    quantity, unit_price = item["quantity"]["N"], item["unit_price"]["N"]
    discount = _optional(item, "discount", "N")
    amount = money.as_column(money.amount(quantity, unit_price, discount or None))
    stock_left = _optional(item, "stock_left", "N")
    return (
        item["order_id"]["S"],
        str(int(item["version"]["N"])),
        item["status"]["S"],
        _instant(item["order_ts"]["S"]),
        _instant(item["updated_ts"]["S"]),
        text["invoice_id"] or item["order_id"]["S"],
        text["customer_id"],
        item["country"]["S"],
        item["channel"]["S"],
        item["product_id"]["S"],
        _optional(item, "product_name"),
        _optional(item, "category"),
        _optional(item, "promotion"),
        str(int(quantity)),
        money.as_column(money.exact(unit_price)),
        money.as_column(money.exact(discount or "0")),
        amount,
        amount if item["status"]["S"] in NET_STATUSES else money.as_column(money.exact("0")),
        item["currency"]["S"],
        str(int(stock_left)) if stock_left else "",
    )


def _optional(item: Item, name: str, kind: str = "S") -> str:
    """The text of an attribute, empty where it is absent, which NULL and the empty string mean too.

    Raises KeyError for an attribute of another type.
    """
    attribute = item.get(name)
    if attribute in ABSENT:
        return ""
    return str(attribute[kind])


def _instant(text: str) -> str:
    """A timestamp as reconcile's SQL writes it: microseconds, no zone. Raises ValueError for other forms."""
    if not _INSTANT(text):
        raise ValueError(text)
    datetime.fromisoformat(text)
    return f"{text[:-1]}000"


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
