"""Texts of results, as Athena prints them."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any


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
            return "[" + ", ".join(map(_or_null, value)) + "]"
        case tuple():
            fields = (f"field{place}={_or_null(v)}" for place, v in enumerate(value))
            return "{" + ", ".join(fields) + "}"
        case dict():
            pairs = (f"{printed(k)}={_or_null(v)}" for k, v in value.items())
            return "{" + ", ".join(pairs) + "}"
    return str(value)


def _or_null(value: Any) -> str:
    return "null" if value is None else str(printed(value))


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
