"""The projection as one Parquet object per run date: curated/sales_projections/run_date=yyyy-MM-dd/.

The key is the same for every run of a date, and S3 replaces an object whole or not at all: a repeated
run leaves one projection, a failed one leaves the previous.
"""

import datetime as dt
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast import Projection
from history import Series

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "curated/sales_projections"
DOUBLES = ("mean", "lo80", "hi80", "lo95", "hi95", "seasonal_naive")
TEXTS = ("breakdown", "series", "measure", "currency", "projected_date", "method", "explanation")
COLUMNS = (
    *("breakdown", "series", "measure", "currency", "projected_date", "horizon"),
    *("mean", "lo80", "hi80", "lo95", "hi95", "seasonal_naive", "method", "history_days", "projected_ts"),
    "explanation",  # after those of earlier versions, as in the Glue table
)


@dataclass(frozen=True, slots=True)
class Projected:
    """A series and its projection; horizon 1 is the run date itself, `first_horizon` 0 its intraday close."""

    series: Series
    projection: Projection
    first_horizon: int = 1


def rows(projected: list[Projected], run_date: dt.date, currency: str, now: dt.datetime) -> dict[str, Any]:
    """Column name -> list of values, as the Glue table sales_projections declares them."""
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for one in projected:
        values, found = one.series.values, one.projection
        days = len(found.mean)
        naive = np.resize(values[-7:], days) if len(values) else np.zeros(days)
        for step in range(days):
            horizon = one.first_horizon + step
            row = (
                *(one.series.breakdown, one.series.name, one.series.measure, currency),
                (run_date + dt.timedelta(days=max(0, horizon - 1))).isoformat(),
                horizon,
                *(
                    float(bound[step])
                    for bound in (found.mean, found.lo80, found.hi80, found.lo95, found.hi95)
                ),
                *(float(naive[step]), found.method, len(values), int(now.timestamp() * 1000)),
                found.explanation,
            )
            for name, value in zip(COLUMNS, row, strict=True):
                columns[name].append(value)
    return columns


def parquet(columns: dict[str, Any]) -> bytes:
    """The columns as a Parquet file, Snappy inside."""
    import arro3.core as arrow
    import arro3.io

    types = dict.fromkeys(DOUBLES, arrow.DataType.float64()) | dict.fromkeys(TEXTS, arrow.DataType.utf8())
    types |= dict.fromkeys(("horizon", "history_days"), arrow.DataType.int32())
    arrays = [
        arrow.Array(columns[name], type=types[name])
        if name in types
        else arrow.Array(columns[name], type=arrow.DataType.int64()).cast(arrow.DataType.timestamp("ms"))
        for name in COLUMNS
    ]
    file = io.BytesIO()
    arro3.io.write_parquet(arrow.Table.from_arrays(arrays, names=list(COLUMNS)), file, compression="snappy")
    return file.getvalue()


def publish(s3: "S3Client", bucket: str, run_date: dt.date, columns: dict[str, Any]) -> str:
    """Write the object and return its key."""
    key = f"{PREFIX}/run_date={run_date}/projection.parquet"
    s3.put_object(Bucket=bucket, Key=key, Body=parquet(columns), ContentType="application/vnd.apache.parquet")
    return key
