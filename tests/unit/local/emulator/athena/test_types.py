from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from salescast.local.emulator.athena.sql import kinds
from salescast.local.emulator.athena.sql.column_types import column_type
from salescast.local.emulator.athena.sql.kinds import Kind
from salescast.local.emulator.athena.types import csv_line, printed


@pytest.mark.parametrize(
    ("kind", "name", "precision", "scale"),
    [
        (kinds.VARCHAR, "varchar", 2147483647, 0),
        (kinds.INTEGER, "integer", 10, 0),
        (kinds.BIGINT, "bigint", 19, 0),
        (kinds.decimal(20, 4), "decimal", 20, 4),
        (kinds.TIMESTAMP, "timestamp", 3, 0),
        (kinds.DATE, "date", 0, 0),
        (kinds.BOOLEAN, "boolean", 0, 0),
        (kinds.DOUBLE, "double", 17, 0),
        (kinds.array(kinds.INTEGER), "array", 0, 0),
        (Kind("row", (("a", kinds.INTEGER),)), "row", 0, 0),
        (Kind("map", (kinds.VARCHAR, kinds.INTEGER)), "map", 0, 0),
    ],
)
def test_column_types(kind: Kind, name: str, precision: int, scale: int) -> None:
    column = column_type(kind)
    assert (column, column.precision, column.scale) == (name, precision, scale)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("as it is", "as it is"),
        (True, "true"),
        (7, "7"),
        (Decimal("12.5000"), "12.5000"),
        (Decimal("0E-4"), "0.0000"),
        (12.5, "12.5"),
        (3.0, "3.0"),
        (1e10, "1.0E10"),
        (-0.00012, "-1.2E-4"),
        (1234567.5, "1234567.5"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        (datetime(2026, 11, 20, 10, 15, 0, 123456, tzinfo=UTC), "2026-11-20 10:15:00.123"),
        (date(2026, 11, 20), "2026-11-20"),
        (timedelta(days=1, hours=2), "1 02:00:00.000"),
        ([1, None, Decimal("2.50")], "[1, null, 2.50]"),
        ({"a": 1, "b": "x"}, "{a=1, b=x}"),
        ((1, None), "{field0=1, field1=null}"),
        (b"\x00\xff", "00 ff"),
    ],
)
def test_printed_as_athena_does(value: Any, text: str | None) -> None:
    assert printed(value) == text


def test_result_file_quotes_everything_but_null() -> None:
    assert csv_line(["a", None, 'say "hi"', ""]) == '"a",,"say ""hi""",""\n'
