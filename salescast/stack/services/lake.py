"""What has arrived in the lake: Parquet objects of order_arrivals, counted from S3."""

import io
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow.parquet as pq

from salescast.stack.stack import Stack

ARRIVALS = "curated/order_arrivals/"


@dataclass
class Lake:
    """Objects, bytes and rows of order_arrivals; look() reads only objects that it has not seen."""

    stack: Stack
    objects: int = 0
    bytes: int = 0
    rows: int = 0
    newest: datetime | None = None
    _seen: set[tuple[str, str]] = field(default_factory=set, repr=False)

    def look(self) -> int:
        """Take in the objects that came since the last call; returns the number of rows there are now."""
        bucket = self.stack.output("Lake")
        for page in self.stack.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=ARRIVALS):
            for one in page.get("Contents", []):
                if (name := (one["Key"], one["ETag"])) in self._seen:
                    continue
                body = self.stack.s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()
                self._seen.add(name)
                self.objects += 1
                self.bytes += one["Size"]
                self.rows += pq.ParquetFile(io.BytesIO(body)).metadata.num_rows
                self.newest = max(self.newest or one["LastModified"], one["LastModified"])
        return self.rows
