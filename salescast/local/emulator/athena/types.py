"""Types and texts of results: DuckDB's as Athena reports and prints them."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

_ATHENA = {
    "BOOLEAN": ("boolean", 0, 0),
    "TINYINT": ("tinyint", 3, 0),
    "SMALLINT": ("smallint", 5, 0),
    "INTEGER": ("integer", 10, 0),
    "BIGINT": ("bigint", 19, 0),
    "HUGEINT": ("bigint", 19, 0),
    "UBIGINT": ("bigint", 19, 0),
    "FLOAT": ("float", 17, 0),
    "DOUBLE": ("double", 17, 0),
    "VARCHAR": ("varchar", 2147483647, 0),
    "BLOB": ("varbinary", 1073741824, 0),
    "DATE": ("date", 0, 0),
    "TIMESTAMP": ("timestamp", 3, 0),
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")


class ColumnType(str):
    """A type's name as ColumnInfo.Type has it, with the Precision and Scale that go beside it."""

    precision: int
    scale: int

    def __new__(cls, name: str, precision: int = 0, scale: int = 0) -> "ColumnType":
        """The type `name` of that precision and scale."""
        column_type = super().__new__(cls, name)
        column_type.precision, column_type.scale = precision, scale
        return column_type


def column_type(duckdb_type: str) -> ColumnType:
    """What Athena reports for a column of this DuckDB type."""
    text = duckdb_type.upper()
    if match := _DECIMAL.fullmatch(text):
        return ColumnType("decimal", int(match.group(1)), int(match.group(2)))
    if text.endswith("]"):
        return ColumnType("array")
    for prefix, name in (("STRUCT", "row"), ("MAP", "map")):
        if text.startswith(prefix):
            return ColumnType(name)
    if text.startswith("TIMESTAMP"):
        text = "TIMESTAMP"
    return ColumnType(*_ATHENA.get(text, ("varchar", 2147483647, 0)))


def printed(value: Any) -> str | None:
    """A value as VarCharValue has it; None for NULL, which has none."""
    if value is None or isinstance(value, str):
        return value
    return _printed(value)


def _printed(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return _java_double(value)
        case Decimal():
            return format(value, "f")
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03d}"
        case date():
            return value.isoformat()
        case timedelta():
            return _interval(value)
        case bytes():
            return value.hex(" ")
        case list():
            return "[" + ", ".join("null" if v is None else str(printed(v)) for v in value) + "]"
        case dict():
            pairs = (f"{printed(k)}={'null' if v is None else printed(v)}" for k, v in value.items())
            return "{" + ", ".join(pairs) + "}"
    return str(value)


def _java_double(value: float) -> str:
    """As Java's Double.toString: plain from 0.001 up to ten million, else with an exponent."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        text = format(Decimal(repr(value)), "f")
        return text if "." in text else text + ".0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    mantissa = f"{digits[0]}.{''.join(map(str, digits[1:])) or '0'}"
    return f"{'-' if sign else ''}{mantissa}E{exponent + len(digits) - 1}"


def _interval(value: timedelta) -> str:
    sign, value = ("-", -value) if value < timedelta(0) else ("", value)
    hours, rest = divmod(value.seconds, 3600)
    return f"{sign}{value.days} {hours:02d}:{rest // 60:02d}:{rest % 60:02d}.{value.microseconds // 1000:03d}"


def csv_line(values: list[str | None]) -> str:
    """A line of the result file as Athena writes it: every value in quotes, NULL as nothing at all."""
    quoted = ("" if value is None else '"' + value.replace('"', '""') + '"' for value in values)
    return ",".join(quoted) + "\n"
