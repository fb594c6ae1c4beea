"""Hive types, as Glue columns declare them, and the Arrow types that hold their values.

Keeps (docs/aws-behaviour.md 6.1): the primitive types of a Parquet table, decimal(p,s) (bare: 10,0), array,
map and struct. Leaves out: uniontype, interval and binary columns, which Firehose's JSON input cannot fill.
"""

from __future__ import annotations

import re

import pyarrow as pa

_PRIMITIVES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "int": pa.int32(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}
_DECIMAL = re.compile(r"decimal(?:\((\d+)(?:,(\d+))?\))?$")


class UnsupportedTypeError(ValueError):
    """A column's type that is left out here."""


def to_arrow(hive: str) -> pa.DataType:
    """The Arrow type of a Hive type such as `decimal(18,4)` or `array<struct<a:int>>`."""
    text = re.sub(r"\s", "", hive).lower()
    if text in _PRIMITIVES:
        return _PRIMITIVES[text]
    if match := _DECIMAL.match(text):
        return pa.decimal128(int(match[1] or 10), int(match[2] or 0))
    if re.match(r"(varchar|char)\(\d+\)$", text):
        return pa.string()
    if text.endswith(">"):
        kind, _, inner = text[:-1].partition("<")
        parts = _split(inner)
        if kind == "array" and len(parts) == 1:
            return pa.list_(to_arrow(parts[0]))
        if kind == "map" and len(parts) == 2:
            return pa.map_(to_arrow(parts[0]), to_arrow(parts[1]))
        if kind == "struct":
            fields = [part.partition(":") for part in parts]
            return pa.struct([pa.field(name, to_arrow(member)) for name, _, member in fields])
    raise UnsupportedTypeError(f"column type {hive!r} does not run here")


def from_arrow(arrow: pa.DataType) -> str:
    """The Hive type of a column in a Parquet file."""
    for name, primitive in _PRIMITIVES.items():
        if arrow == primitive:
            return name
    types = pa.types
    if types.is_large_string(arrow) or types.is_dictionary(arrow):
        return "string"
    if types.is_timestamp(arrow):
        return "timestamp"
    if types.is_binary(arrow) or types.is_large_binary(arrow) or types.is_fixed_size_binary(arrow):
        return "binary"
    if isinstance(arrow, pa.Decimal128Type):
        return f"decimal({arrow.precision},{arrow.scale})"
    if isinstance(arrow, pa.ListType | pa.LargeListType):
        return f"array<{from_arrow(arrow.value_type)}>"
    if isinstance(arrow, pa.MapType):
        return f"map<{from_arrow(arrow.key_type)},{from_arrow(arrow.item_type)}>"
    if isinstance(arrow, pa.StructType):
        members = (
            f"{arrow.field(i).name}:{from_arrow(arrow.field(i).type)}" for i in range(arrow.num_fields)
        )
        return f"struct<{','.join(members)}>"
    if types.is_unsigned_integer(arrow):
        return "int" if arrow.bit_width < 32 else "bigint"
    raise UnsupportedTypeError(f"Parquet type {arrow} has no Hive type here")


def _split(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for index, character in enumerate(text):
        depth += {"<": 1, "(": 1, ">": -1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]]
