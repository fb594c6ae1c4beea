"""Rows as a Parquet file, by Arrow's small Rust libraries: pyarrow would be five times the package."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from arro3.core import Array, DataType, Table
from arro3.io import write_parquet

from stock import Stock

_TEXT, _INT, _TIME = DataType.string(), DataType.int32(), DataType.timestamp("ms")
# The columns of the Glue table, in its order; a test compares them with the template.
TYPES = {
    "product_id": _TEXT,
    "product_name": _TEXT,
    "category": _TEXT,
    "stock": _INT,
    "reorder_level": _INT,
    "lead_time_days": _INT,
    "updated_ts": _TIME,
    "snapshot_ts": _TIME,
}


def parquet(rows: Sequence[Stock]) -> bytes:
    """The rows as one Parquet file, compressed with Snappy. The same rows give the same bytes."""
    arrays = []
    for position, kind in enumerate(TYPES.values()):
        values = [row[position] for row in rows]
        arrays.append(Array(values, DataType.int64()).cast(kind) if kind is _TIME else Array(values, kind))
    file = BytesIO()
    write_parquet(Table.from_arrays(arrays, names=list(TYPES)), file, compression="SNAPPY")
    return file.getvalue()
