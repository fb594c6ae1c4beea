"""Online Retail (D. Chen, 2015, UCI Machine Learning Repository): one invoice line becomes one order.

The dates are local time of a shop in the United Kingdom, without a zone. The hour that the clock skips in
March is read as if the clock had not moved yet (01:30 becomes 01:30Z), the hour that it repeats in October as
its first pass (01:30 becomes 00:30Z).
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import orjson

COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
ZONE = ZoneInfo("Europe/London")
# ISO is what database exports write, month/day/year what the UCI spreadsheet becomes when saved as CSV.
DATE_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%m/%d/%Y %H:%M", "%Y-%m-%dT%H:%M:%S")
INT_MAX = 2**31 - 1
PRICE_LIMIT = Decimal(10) ** 14  # decimal(18,4)
PRICE_PLACES = 4

_INTEGER = re.compile(r"-?[0-9]{1,10}")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_CUSTOMER = re.compile(r"([0-9]+)\.0+")


class LineError(Exception):
    """A line that is no order: the column at fault and what is wrong with it."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class Order(NamedTuple):
    """An order as it is written: key, day (UTC, yyyy-MM-dd), amount, and the item as DynamoDB JSON."""

    order_id: str
    order_date: str
    amount: Decimal
    item: bytes


def order(line: Sequence[str], occurrence: int, updated_ts: str) -> Order:
    """The order of a line whose fields stand in the order of COLUMNS.

    `occurrence` counts the lines of its invoice in the whole file, from 1; with the invoice number it is the
    order's id, so that exact duplicates stay two orders and a second reading finds the same ones. Raises
    LineError.
    """
    invoice, product, name, quantity, date, price, customer, country = line
    if not invoice.strip():
        raise LineError("InvoiceNo", "is blank")
    if not product.strip():
        raise LineError("StockCode", "is blank")
    if not country.strip():
        raise LineError("Country", "is blank")
    if not _INTEGER.fullmatch(quantity) or abs(int(quantity)) > INT_MAX:
        raise LineError("Quantity", f"{quantity!r} is not a whole number of at most 32 bits")
    if not int(quantity):
        raise LineError("Quantity", "is 0")
    unit_price = _price(price)
    order_ts = utc(date)
    order_id = f"{invoice}-{occurrence}"
    item = {
        "order_id": {"S": order_id},
        "version": {"N": "1"},
        "order_ts": {"S": order_ts},
        "updated_ts": {"S": updated_ts},
        "status": {"S": "DELIVERED"},
        "invoice_id": {"S": invoice},
        "country": {"S": country},
        "channel": {"S": "WEB"},
        "product_id": {"S": product},
        "quantity": {"N": quantity},
        "unit_price": {"N": price},
        "currency": {"S": "GBP"},
    }
    if name.strip():
        item["product_name"] = {"S": name}
    if customer.strip():
        item["customer_id"] = {"S": _customer(customer)}
    return Order(order_id, order_ts[:10], int(quantity) * unit_price, orjson.dumps(item))


@lru_cache(maxsize=65_536)
def utc(text: str) -> str:
    """The contract's form of a date in the file: UTC, milliseconds, Z. Raises LineError."""
    for form in DATE_FORMATS:
        try:
            local = datetime.strptime(text, form)  # noqa: DTZ007, the zone follows
        except ValueError:
            continue
        return timestamp(local.replace(tzinfo=ZONE))
    raise LineError("InvoiceDate", f"{text!r} is not a date such as 2010-12-01 08:26:00")


def timestamp(moment: datetime) -> str:
    """A moment as the data contract writes it: 2010-12-01T08:26:00.000Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@lru_cache(maxsize=65_536)
def _price(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise LineError("UnitPrice", f"{text!r} is not a number such as 2.55")
    price = Decimal(text)
    if abs(price) >= PRICE_LIMIT:
        raise LineError("UnitPrice", f"{text} has more than 14 digits before the point")
    if len(text.partition(".")[2].rstrip("0")) > PRICE_PLACES:
        raise LineError("UnitPrice", f"{text} has more than {PRICE_PLACES} decimal places")
    return price


def _customer(text: str) -> str:
    """17850.0 is how a column of numbers with gaps is written; the customer is 17850."""
    match = _CUSTOMER.fullmatch(text)
    return match.group(1) if match else text
