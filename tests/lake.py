"""Rows as the Parquet files of the lake, with the schema that the template declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.template import columns

ARROW: dict[str, pa.DataType] = {"string": pa.string(), "int": pa.int32(), "timestamp": pa.timestamp("us")}


def arrow_schema(table: str = "order_changes") -> pa.Schema:
    """The Arrow schema of a Glue table's columns."""
    fields: list[pa.Field[Any]] = []
    for name, kind in columns(table).items():
        if kind.startswith("decimal"):
            precision, scale = kind[8:-1].split(",")
            fields.append(pa.field(name, pa.decimal128(int(precision), int(scale))))
        else:
            fields.append(pa.field(name, ARROW[kind]))
    return pa.schema(fields)


def parquet(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Rows as the transformer makes them (times and decimals as text), as one file of order_changes."""
    schema = arrow_schema()
    converted = [{field.name: _value(row[field.name], field.type) for field in schema} for row in rows]
    file = BytesIO()
    pq.write_table(pa.Table.from_pylist(converted, schema=schema), file)
    return file.getvalue()


def _value(value: Any, kind: pa.DataType) -> Any:
    if value is None or not isinstance(value, str):
        return value
    if pa.types.is_timestamp(kind):
        return datetime.fromisoformat(value).replace(tzinfo=None)
    return Decimal(value) if pa.types.is_decimal(kind) else value
