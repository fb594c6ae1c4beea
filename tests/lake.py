"""Rows as the Parquet files of the lake, with the schema that the template declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.template import columns, table

ARROW: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int": pa.int32(),
    "double": pa.float64(),
    "timestamp": pa.timestamp("us"),
}


def arrow_schema(table_name: str = "order_arrivals", *, keys: bool = False) -> pa.Schema:
    """The Arrow schema of a Glue table's columns, the partition keys among them if asked for."""
    fields: list[pa.Field[Any]] = []
    partitions = {key["Name"]: key["Type"] for key in table(table_name)["PartitionKeys"]} if keys else {}
    for name, kind in (columns(table_name) | partitions).items():
        if kind.startswith("decimal"):
            precision, scale = kind[8:-1].split(",")
            fields.append(pa.field(name, pa.decimal128(int(precision), int(scale))))
        else:
            fields.append(pa.field(name, ARROW[kind]))
    return pa.schema(fields)


def parquet(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Rows as the transformer makes them (times and decimals as text), as one file of order_arrivals."""
    schema = arrow_schema()
    converted = [{field.name: value(row[field.name], field.type) for field in schema} for row in rows]
    file = BytesIO()
    pq.write_table(pa.Table.from_pylist(converted, schema=schema), file)
    return file.getvalue()


def value(text: Any, kind: pa.DataType) -> Any:
    """What Arrow takes for a value of that type as the transformer writes it."""
    if text is None or not isinstance(text, str):
        return text
    if pa.types.is_timestamp(kind):
        return datetime.fromisoformat(text).replace(tzinfo=None)
    return Decimal(text) if pa.types.is_decimal(kind) else text
