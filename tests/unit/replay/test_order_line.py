"""One line of a file becomes one order."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from salescast.replay.order_line import LineError, Order
from salescast.replay.survey import AS_FOUND, Options, survey
from tests.unit.replay.files import COLUMNS, line, write

NOW = "2026-11-20T10:00:00.000Z"


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    return tmp_path


def order(folder: Path, options: Options | None = None, /, **changes: str) -> Order:
    file = survey(write(folder / "a.csv", f"{','.join(COLUMNS)}\n{line(**changes)}\n"), options or AS_FOUND)
    row = next(file.rows())
    return file.reader.order(row.line, row.fields, NOW)


def item(folder: Path, options: Options | None = None, /, **changes: str) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads(order(folder, options, **changes).item(1))
    return content


def test_whole_line(folder: Path) -> None:
    whole = order(folder)
    assert (whole.line, whole.base, whole.order_date) == (2, "536365-85123A", "2010-12-01")
    assert whole.amount == Decimal("15.30")
    assert orjson.loads(whole.item(3)) == {
        "order_id": {"S": "536365-85123A-3"},
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


def test_missing_optional_values_are_absent(folder: Path) -> None:
    for word in ("", "NA", " nan "):
        content = item(folder, CustomerID=word, Description=word)
        assert "customer_id" not in content
        assert "product_name" not in content


def test_fields_are_stripped(folder: Path) -> None:
    plain = item(folder)
    spaced = item(
        folder, InvoiceNo=" 536365", StockCode="85123A ", Quantity=" 6", Country="United Kingdom\u00a0"
    )
    assert spaced == plain
    assert item(folder, Description='" 4"" SQUARE,  ""PINK"" "')["product_name"] == {
        "S": '4" SQUARE,  "PINK"'
    }


@pytest.mark.parametrize(
    ("changes", "amount"),
    [
        ({"InvoiceNo": "C536379", "Quantity": "-1", "UnitPrice": "27.5"}, "-27.5"),
        ({"UnitPrice": "0.0"}, "0"),
        ({"UnitPrice": "-11062.06", "Quantity": "1"}, "-11062.06"),
        ({"UnitPrice": "0.001", "Quantity": "3"}, "0.003"),
    ],
)
def test_amounts_are_exact(folder: Path, changes: dict[str, str], amount: str) -> None:
    assert order(folder, **changes).amount == Decimal(amount)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("InvoiceNo", ""),
        ("InvoiceNo", "null"),
        ("StockCode", " "),
        ("Country", "NA"),
        ("Quantity", "0"),
        ("Quantity", "0.0"),
        ("Quantity", "1.5"),
        ("Quantity", "3000000000"),
        ("UnitPrice", ""),
        ("UnitPrice", "0.00001"),
        ("InvoiceDate", ""),
        ("InvoiceDate", "2010-13-01 08:26:00"),
        ("CustomerID", "1.785E+04"),
    ],
)
def test_what_is_no_order_is_named(folder: Path, column: str, value: str) -> None:
    with pytest.raises(LineError) as caught:
        order(folder, **{column: value})
    assert caught.value.column == column
    assert caught.value.reason


def test_an_amount_that_no_column_holds(folder: Path) -> None:
    with pytest.raises(LineError, match="16 digits"):
        order(folder, Quantity="2000000000", UnitPrice="90000000000000")


def test_options_change_single_attributes(folder: Path) -> None:
    options = Options(columns={"product_id": "Description"}, constants={"currency": "EUR"}, zone="Asia/Tokyo")
    content = item(folder, options)
    assert content["product_id"] == content["product_name"]
    assert content["currency"] == {"S": "EUR"}
    assert content["order_ts"] == {"S": "2010-11-30T23:26:00.000Z"}


def test_a_file_decides_all_but_constant_states(folder: Path) -> None:
    file = survey(write(folder / "a.csv", f"{','.join(COLUMNS)}\n{line()}\n"))
    assert "status" not in file.reader.attributes
    assert {"order_ts", "customer_id", "discount", "currency"} <= file.reader.attributes
