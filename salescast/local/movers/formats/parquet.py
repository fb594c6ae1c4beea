"""Parquet files as Firehose writes them.

Keeps (docs/aws-behaviour.md 4.1): the ParquetSerDe's compression (SNAPPY by default), dictionary switch, page
size and writer version. Leaves out: INT96 timestamps (microseconds here, read alike by Athena and DuckDB),
BlockSizeBytes (one row group per write of at most 1 Mi rows) and MaxPaddingBytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_ROW_GROUP = 1024 * 1024
_CODECS: dict[str, Any] = {"SNAPPY": "snappy", "GZIP": "gzip", "UNCOMPRESSED": "none"}


def write(table: pa.Table, serializer: Mapping[str, Any]) -> pa.Buffer:
    """The file's content. `serializer` is the ParquetSerDe of the delivery stream, empty for the defaults."""
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression=_CODECS[serializer.get("Compression", "SNAPPY")],
        use_dictionary=serializer.get("EnableDictionaryCompression", True),
        data_page_size=int(serializer.get("PageSizeBytes", 1024 * 1024)),
        data_page_version="2.0" if serializer.get("WriterVersion") == "V2" else "1.0",
        row_group_size=_ROW_GROUP,
        store_schema=False,
    )
    return sink.getvalue()
