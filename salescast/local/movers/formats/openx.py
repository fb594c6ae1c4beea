"""One JSON value in one column, by the rules of the OpenX JSON SerDe.

Keeps (docs/aws-behaviour.md 4.2): strings in numeric columns are parsed, numbers in string columns become
text, a scalar in an array column becomes an array, an object in a string column becomes JSON text with
lower-cased keys, map keys are lower-cased; timestamps in the two text forms and as epoch seconds or
milliseconds (1e12 and above), also quoted; offsets refused.

Where AWS's behaviour is not known, a value that does not fit exactly is refused rather than changed:
decimals are never rounded, integers never cut. Leaves out: fractions of a second beyond the microsecond
(cut), epochs beyond int64.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)
_SPACED = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2}) (\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - Hive timestamps carry no zone
_MILLISECONDS_FROM = 10**12


class MisfitError(ValueError):
    """The value does not fit the column."""


def fit(value: Any, target: pa.DataType) -> Any:
    """The Python value that pa.array takes for `target`. Raises MisfitError.

    `value` is JSON with every number as int or Decimal, never float: no digit is lost before it is seen.
    """
    if value is None:
        return None
    types = pa.types
    if types.is_string(target):
        return value if isinstance(value, str) else text_of(value)
    if types.is_decimal(target):
        return to_decimal(value, target.precision, target.scale)
    if types.is_integer(target):
        return _integer(value, target.bit_width)
    if types.is_floating(target):
        return float(_number(value))
    if types.is_boolean(target):
        return _boolean(value)
    if types.is_timestamp(target):
        return to_timestamp(value)
    if types.is_date(target):
        return _date(value)
    return _nested(value, target)


def text_of(value: Any) -> str:
    """A JSON value as the text that a string column gets."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return str(value)
    return json.dumps(_lower_keys(value), separators=(",", ":"), ensure_ascii=False, default=_plain)


def to_decimal(value: Any, precision: int, scale: int) -> Decimal:
    """The exact decimal. Raises MisfitError when digits would be lost on either side of the point."""
    number = _number(value)
    sign, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        raise _mismatch(value)
    if not number:
        return Decimal(0)
    shift = exponent + scale
    if shift < 0:
        if any(digits[shift:]):
            raise MisfitError(f"{value} has more than {scale} decimal places")
        digits, exponent = digits[:shift], -scale
    if len(digits) + max(shift, 0) > precision:
        raise MisfitError(f"{value} does not fit decimal({precision},{scale})")
    return Decimal((sign, digits, exponent))


def to_timestamp(value: Any) -> datetime:
    """The moment, in UTC without a zone."""
    try:
        if isinstance(value, str):
            if match := _ISO.fullmatch(value):
                return _moment(match[1], match[2], match[3])
            if match := _SPACED.fullmatch(value):
                return _moment(f"{match[1]}-{match[2]:0>2}-{match[3]:0>2}", match[4], match[5])
        number = _number(value)
        if number.adjusted() > 20:  # later than year 9999, and too long to be written out
            raise _mismatch(value)
        scaled = number if abs(number) < _MILLISECONDS_FROM else number / 1000
        return _EPOCH + timedelta(microseconds=int(scaled * 1_000_000))
    except (ValueError, ArithmeticError):
        raise _mismatch(value) from None


def _moment(day: str, clock: str, fraction: str | None) -> datetime:
    moment = datetime.strptime(f"{day} {clock}", "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    return moment.replace(tzinfo=None, microsecond=int((fraction or "0").ljust(6, "0")[:6]))


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise _mismatch(value)
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise _mismatch(value)
    try:
        return Decimal(value)
    except ArithmeticError:  # an exponent beyond what a Decimal holds
        raise _mismatch(value) from None


def _integer(value: Any, bits: int) -> int:
    if isinstance(value, str):
        if not _INTEGER.fullmatch(value) or len(value) > 20:
            raise _mismatch(value)
        number = int(value)
    else:
        exact = _number(value)
        if exact.adjusted() > 20 or exact != exact.to_integral_value():
            raise _mismatch(value)
        number = int(exact)
    if not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
        raise _mismatch(value)
    return number


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise _mismatch(value)


def _date(value: Any) -> date:
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise _mismatch(value)


def _nested(value: Any, target: pa.DataType) -> Any:
    if isinstance(target, pa.ListType):
        return [fit(item, target.value_type) for item in (value if isinstance(value, list) else [value])]
    if not isinstance(value, dict):
        raise MisfitError("Data does not match the schema. Data is not a JSON object")
    lowered = {key.lower(): item for key, item in value.items()}
    if isinstance(target, pa.MapType):
        return [(fit(k, target.key_type), fit(v, target.item_type)) for k, v in lowered.items()]
    assert isinstance(target, pa.StructType)
    fields = [target.field(index) for index in range(target.num_fields)]
    return {field.name: fit(lowered.get(field.name), field.type) for field in fields}


def _lower_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key.lower(): _lower_keys(item) for key, item in value.items()}
    return [_lower_keys(item) for item in value] if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    whole = value == value.to_integral_value() and value.adjusted() < 18
    return int(value) if whole else float(value)


def _mismatch(value: Any) -> MisfitError:
    # The record itself is in the error object; the message must not repeat long or personal values.
    kind = {str: "string", bool: "boolean", dict: "object", list: "array"}.get(type(value), "number")
    return MisfitError(f"Data does not match the schema. A {kind} of this form does not fit the column")
