"""One line of the Online Retail file becomes one order."""

from decimal import Decimal
from typing import Any

import orjson
import pytest

from salescast.replay.online_retail import COLUMNS, LineError, order, utc

NOW = "2026-11-20T10:00:00.000Z"
LINE = {
    "InvoiceNo": "536365",
    "StockCode": "85123A",
    "Description": "WHITE HANGING HEART T-LIGHT HOLDER",
    "Quantity": "6",
    "InvoiceDate": "2010-12-01 08:26:00",
    "UnitPrice": "2.55",
    "CustomerID": "17850.0",
    "Country": "United Kingdom",
}


def line(**changes: str) -> list[str]:
    return [(LINE | changes)[name] for name in COLUMNS]


def item(**changes: str) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads(order(line(**changes), 1, NOW).item)
    return content


def test_whole_line() -> None:
    found = order(line(), 3, NOW)
    assert (found.order_id, found.order_date, found.amount) == ("536365-3", "2010-12-01", Decimal("15.30"))
    assert orjson.loads(found.item) == {
        "order_id": {"S": "536365-3"},
        "version": {"N": "1"},
        "order_ts": {"S": "2010-12-01T08:26:00.000Z"},
        "updated_ts": {"S": NOW},
        "status": {"S": "DELIVERED"},
        "invoice_id": {"S": "536365"},
        "customer_id": {"S": "17850"},
        "country": {"S": "United Kingdom"},
        "channel": {"S": "WEB"},
        "product_id": {"S": "85123A"},
        "product_name": {"S": "WHITE HANGING HEART T-LIGHT HOLDER"},
        "quantity": {"N": "6"},
        "unit_price": {"N": "2.55"},
        "currency": {"S": "GBP"},
    }


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2010-12-01 08:26:00", "2010-12-01T08:26:00.000Z"),  # winter: UTC
        ("2011-06-30 20:08:00", "2011-06-30T19:08:00.000Z"),  # summer: an hour ahead
        ("2011-07-01 00:30:00", "2011-06-30T23:30:00.000Z"),  # another day in UTC
        ("2011-03-27 00:59:59", "2011-03-27T00:59:59.000Z"),  # before the clock goes forward
        ("2011-03-27 01:30:00", "2011-03-27T01:30:00.000Z"),  # an hour that there was not
        ("2011-03-27 02:00:00", "2011-03-27T01:00:00.000Z"),
        ("2011-10-30 01:30:00", "2011-10-30T00:30:00.000Z"),  # an hour that came twice: its first pass
        ("2011-10-30 02:00:00", "2011-10-30T02:00:00.000Z"),
        ("12/1/2010 8:26", "2010-12-01T08:26:00.000Z"),  # the spreadsheet saved as CSV
    ],
)
def test_local_time_becomes_utc(local: str, expected: str) -> None:
    assert utc(local) == expected


@pytest.mark.parametrize(
    ("given", "expected"), [("17850.0", "17850"), ("17850", "17850"), ("A1.5", "A1.5"), ("12.50", "12.50")]
)
def test_customer(given: str, expected: str) -> None:
    assert item(CustomerID=given)["customer_id"] == {"S": expected}


def test_blank_fields_are_absent() -> None:
    found = item(CustomerID="", Description=" ")
    assert "customer_id" not in found
    assert "product_name" not in found


def test_text_is_kept_as_given() -> None:
    found = item(Description=' 4" SQUARE, "PINK" ', Country="EIRE")
    assert found["product_name"] == {"S": ' 4" SQUARE, "PINK" '}
    assert found["country"] == {"S": "EIRE"}


@pytest.mark.parametrize(
    ("changes", "amount"),
    [
        ({"InvoiceNo": "C536379", "Quantity": "-1", "UnitPrice": "27.5"}, "-27.5"),
        ({"UnitPrice": "0.0"}, "0"),
        ({"UnitPrice": "-11062.06", "Quantity": "1"}, "-11062.06"),
        ({"UnitPrice": "0.001", "Quantity": "3"}, "0.003"),
        ({"UnitPrice": "2.550000", "Quantity": "2"}, "5.1"),
    ],
)
def test_amounts_are_exact(changes: dict[str, str], amount: str) -> None:
    found = order(line(**changes), 1, NOW)
    assert found.amount == Decimal(amount)
    assert orjson.loads(found.item)["status"] == {"S": "DELIVERED"}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("InvoiceNo", ""),
        ("StockCode", " "),
        ("Country", ""),
        ("Quantity", "0"),
        ("Quantity", "1.5"),
        ("Quantity", ""),
        ("Quantity", "1_000"),
        ("Quantity", "٣"),
        ("Quantity", "3000000000"),
        ("UnitPrice", ""),
        ("UnitPrice", "1,50"),
        ("UnitPrice", "NaN"),
        ("UnitPrice", "1e3"),
        ("UnitPrice", "0.00001"),
        ("UnitPrice", "123456789012345"),
        ("InvoiceDate", ""),
        ("InvoiceDate", "2010-13-01 08:26:00"),
        ("InvoiceDate", "yesterday"),
    ],
)
def test_what_is_no_order_is_named(column: str, value: str) -> None:
    with pytest.raises(LineError) as caught:
        order(line(**{column: value}), 1, NOW)
    assert caught.value.field == column
    assert caught.value.reason
