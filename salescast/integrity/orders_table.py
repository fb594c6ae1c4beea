"""The orders table as it is now, read in parallel segments."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import DecimalException
from typing import NamedTuple

from salescast.stack import money
from salescast.stack.services import order_items, table_scan
from salescast.stack.services.order_items import ABSENT
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


_AMOUNT, _VERSION = COLUMNS.index("amount"), COLUMNS.index("version")
DIGITS = 38  # of a number in DynamoDB
SEPARATOR = "\u241f"
"""Between columns in what is digested: a sign that no shop writes."""


def digest(columns: tuple[str, ...]) -> str:
    """MD5 of a row's columns, in hexadecimal digits."""
    return hashlib.md5(SEPARATOR.join(columns).encode(), usedforsecurity=False).hexdigest()


def scan(stack: Stack, leaves: Counter[str] | None = None) -> Iterator[Order]:
    """Every order of the table except those that the lake leaves out too; `leaves` counts them by reason."""
    leaves = Counter() if leaves is None else leaves
    attributes = ATTRIBUTES if order_items.mapping() is None else ()
    for orders in _orders(stack, attributes):
        taken, reasons = order_items.sifted(orders)
        leaves.update(reasons)
        yield from map(_order, taken)


def existing(stack: Stack, order_ids: list[str]) -> set[str]:
    """Those of the orders that the table has, among them what the lake leaves out. Reads the whole table:
    whose keys are a shop's own, an order's id does not tell them.
    """
    wanted = frozenset(order_ids)
    attributes = ("order_id",) if order_items.mapping() is None else ()
    ids = (order.get("order_id", {}).get("S") for orders in _orders(stack, attributes) for order in orders)
    return {order_id for order_id in ids if order_id in wanted}


def _orders(stack: Stack, attributes: tuple[str, ...]) -> Iterator[list[Item]]:
    """What each item of the table makes, with these of its attributes (() all)."""
    for page in table_scan.pages(stack, stack.output("OrdersTable"), attributes):
        yield from map(order_items.orders, page.items)


def _order(item: Item) -> Order:
    order_id = item.get("order_id", {}).get("S", "")
    updated = _moment(item.get("updated_ts", {}).get("S", ""))
    try:
        columns = _columns(item)
        return Order(order_id, item["order_ts"]["S"][:10], int(columns[_VERSION]), updated, columns)
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
        _integer(item["version"]["N"]),
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
        _integer(quantity),
        money.as_column(money.exact(unit_price)),
        money.as_column(money.exact(discount or "0")),
        amount,
        amount if item["status"]["S"] in NET_STATUSES else money.as_column(money.exact("0")),
        item["currency"]["S"],
        _integer(stock_left) if stock_left else "",
    )


def _optional(item: Item, name: str, kind: str = "S") -> str:
    """The text of an attribute, empty where it is absent, which NULL and the empty string mean too.

    Raises KeyError for an attribute of another type.
    """
    attribute = item.get(name)
    if attribute in ABSENT:
        return ""
    return str(attribute[kind])


def _integer(text: str) -> str:
    """A whole number, however it is written: 1E+2 is 100. Raises ValueError or DecimalException."""
    value = money.exact(text)
    if value.adjusted() > DIGITS or value != int(value):  # an exponent can stand for more than memory holds
        raise ValueError(text)
    return str(int(value))


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
