"""A lake of changes on an emulator of its own, and its Athena as one identity sees it."""

import base64
import io
import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.local.emulator.emulator_process import Emulator, started

DAYS = 200
PER_DAY = 6
TODAY = datetime.now(UTC).date()
FIRST_DAY = TODAY - timedelta(days=DAYS - 1)
DAY = FIRST_DAY + timedelta(days=100)
LAKE = "salescast-lake"
HIVE_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"
TABLE_PREFIX = "curated/order_changes"
COLUMNS = [
    ("change_type", "string"),
    ("sequence_number", "string"),
    ("version", "int"),
    ("order_id", "string"),
    ("order_ts", "timestamp"),
    ("country", "string"),
    ("quantity", "int"),
    ("amount", "decimal(20,4)"),
    ("processed_ts", "timestamp"),
    ("added_later", "string"),
]
CURRENT = (
    "SELECT order_id, version, country, quantity, amount, order_ts, order_date FROM ("
    "SELECT *, row_number() OVER (PARTITION BY order_date, order_id "
    "ORDER BY version DESC, sequence_number DESC, processed_ts DESC) rn FROM order_changes) WHERE rn = 1"
)
CURRENT_COLUMNS = [
    ("order_id", "varchar"),
    ("version", "integer"),
    ("country", "varchar"),
    ("quantity", "integer"),
    ("amount", "decimal(20,4)"),
    ("order_ts", "timestamp(3)"),
    ("order_date", "varchar"),
]


@dataclass
class Result:
    """A finished query."""

    state: str
    reason: str
    columns: list[dict[str, Any]]
    rows: list[list[str | None]]
    scanned: int
    location: str

    @property
    def names(self) -> list[str]:
        return [column["Name"] for column in self.columns]

    @property
    def types(self) -> list[str]:
        return [column["Type"] for column in self.columns]


class Athena:
    """Runs queries as one identity."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def __call__(
        self, sql: str, *parameters: str, workgroup: str = "sales", database: str = "sales", **more: Any
    ) -> Result:
        if parameters:
            more["ExecutionParameters"] = list(parameters)
        query_id = self.client.start_query_execution(
            QueryString=sql, WorkGroup=workgroup, QueryExecutionContext={"Database": database}, **more
        )["QueryExecutionId"]
        for _ in range(3000):
            execution = self.client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
            if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
                break
            time.sleep(0.01)
        columns: list[dict[str, Any]] = []
        rows: list[list[str | None]] = []
        if execution["Status"]["State"] == "SUCCEEDED":
            for page in self.client.get_paginator("get_query_results").paginate(QueryExecutionId=query_id):
                columns = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
                rows += [
                    [datum.get("VarCharValue") for datum in row["Data"]] for row in page["ResultSet"]["Rows"]
                ]
            if execution["StatementType"] == "DML":
                assert rows.pop(0) == [column["Name"] for column in columns]
        return Result(
            execution["Status"]["State"],
            execution["Status"].get("StateChangeReason", ""),
            columns,
            rows,
            execution["Statistics"]["DataScannedInBytes"],
            execution["ResultConfiguration"]["OutputLocation"],
        )


def create_table(
    glue: Any, name: str, parameters: dict[str, str], location: str, keys: tuple[str, ...] = ("order_date",)
) -> None:
    glue.create_table(
        DatabaseName="sales",
        TableInput={
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "PartitionKeys": [{"Name": key, "Type": "string"} for key in keys],
            "Parameters": parameters,
            "StorageDescriptor": {
                "Columns": [{"Name": column, "Type": kind} for column, kind in COLUMNS],
                "Location": location,
                "InputFormat": f"{HIVE_PARQUET}.MapredParquetInputFormat",
                "SerdeInfo": {
                    "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
                },
            },
        },
    )


def create_view(glue: Any, name: str, sql: str, columns: list[tuple[str, str]]) -> None:
    content = {
        "originalSql": sql,
        "catalog": "awsdatacatalog",
        "schema": "sales",
        "columns": [{"name": column, "type": kind} for column, kind in columns],
    }
    text = base64.b64encode(json.dumps(content).encode()).decode()
    glue.create_table(
        DatabaseName="sales",
        TableInput={
            "Name": name,
            "TableType": "VIRTUAL_VIEW",
            "PartitionKeys": [],
            "Parameters": {"presto_view": "true", "comment": "Presto View"},
            "ViewExpandedText": "/* Presto View */",
            "ViewOriginalText": f"/* Presto View: {text} */",
            "StorageDescriptor": {
                "SerdeInfo": {},
                "Columns": [{"Name": c, "Type": "string"} for c, _ in columns],
            },
        },
    )


def changes(day: date, number: int) -> bytes:
    """PER_DAY changes: orders of two versions, amounts that tell the day; without the column added later."""
    moment = datetime.combine(day, datetime.min.time()) + timedelta(hours=10)
    rows = range(PER_DAY)
    table = pa.table(
        {
            "change_type": ["INSERT" if row % 2 == 0 else "MODIFY" for row in rows],
            "sequence_number": [f"{row:040d}" for row in rows],
            "version": pa.array([1 + row % 2 for row in rows], pa.int32()),
            "order_id": [f"{day}-{row // 2}" for row in rows],
            "order_ts": pa.array([moment] * PER_DAY, pa.timestamp("ms")),
            "country": [("DE", "UK", None)[row // 2 % 3] for row in rows],
            "quantity": pa.array([row + 1 for row in rows], pa.int32()),
            "amount": pa.array([Decimal(number) + Decimal(row) / 8 for row in rows], pa.decimal128(20, 4)),
            "processed_ts": pa.array([moment] * PER_DAY, pa.timestamp("ms")),
        }
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def put(s3: Any, key: str, body: bytes) -> int:
    s3.put_object(Bucket=LAKE, Key=key, Body=body)
    return len(body)


def size_of(emulator: Emulator, first: date, days: int) -> int:
    s3 = emulator.client("s3")
    keys = [f"{TABLE_PREFIX}/order_date={first + timedelta(days=d)}/changes-1.parquet" for d in range(days)]
    return sum(int(s3.head_object(Bucket=LAKE, Key=key)["ContentLength"]) for key in keys)


@contextmanager
def running_lake(folder: Path, numbers: Iterable[int]) -> Iterator[Emulator]:
    """An emulator with two workgroups, a projected table, a view on it, a view on the view, and a file for
    each of these days, counted from FIRST_DAY."""
    with started(folder) as emulator:
        s3, athena, glue = emulator.client("s3"), emulator.client("athena"), emulator.client("glue")
        s3.create_bucket(Bucket=LAKE)
        s3.create_bucket(Bucket="elsewhere")
        for name, cutoff in (("sales", None), ("tight", 10_000_000)):
            configuration = {
                "EnforceWorkGroupConfiguration": True,
                "ResultConfiguration": {"OutputLocation": f"s3://{LAKE}/results/"},
            }
            if cutoff:
                configuration["BytesScannedCutoffPerQuery"] = cutoff
            athena.create_work_group(Name=name, Configuration=configuration)
        glue.create_database(DatabaseInput={"Name": "sales"})
        projection = {
            "classification": "parquet",
            "projection.enabled": "true",
            "projection.order_date.type": "date",
            "projection.order_date.format": "yyyy-MM-dd",
            "projection.order_date.range": "2024-01-01,NOW+1DAY",
            "storage.location.template": f"s3://{LAKE}/{TABLE_PREFIX}/order_date=${{order_date}}/",
        }
        create_table(glue, "order_changes", projection, f"s3://{LAKE}/{TABLE_PREFIX}/")
        create_view(glue, "orders", CURRENT, CURRENT_COLUMNS)
        create_view(
            glue,
            "daily_sales",
            "SELECT order_date, sum(amount) AS revenue, count(*) AS orders FROM orders GROUP BY order_date",
            [("order_date", "varchar"), ("revenue", "decimal(38,4)"), ("orders", "bigint")],
        )
        for number in numbers:
            day = FIRST_DAY + timedelta(days=number)
            put(s3, f"{TABLE_PREFIX}/order_date={day}/changes-1.parquet", changes(day, number))
        # Neither a day outside the projected range nor a hidden name is part of the table.
        outside = TODAY + timedelta(days=2)
        put(s3, f"{TABLE_PREFIX}/order_date={outside}/changes-1.parquet", changes(outside, 0))
        put(s3, f"{TABLE_PREFIX}/order_date={TODAY}/_temporary.parquet", changes(TODAY, 0))
        yield emulator
