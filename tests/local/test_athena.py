"""The laptop's Athena, over the real APIs: dialect, views, pruning, rights, results."""

import base64
import contextlib
import csv
import io
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from tests.local.emulator_process import Emulator, started

DAYS = 200
PER_DAY = 6
TODAY = datetime.now(UTC).date()
FIRST_DAY = TODAY - timedelta(days=DAYS - 1)
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


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with started(tmp_path_factory.mktemp("athena")) as emulator:
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
        for number in range(DAYS):
            day = FIRST_DAY + timedelta(days=number)
            put(s3, f"{TABLE_PREFIX}/order_date={day}/changes-1.parquet", changes(day, number))
        # Neither a day outside the projected range nor a hidden name is part of the table.
        outside = TODAY + timedelta(days=2)
        put(s3, f"{TABLE_PREFIX}/order_date={outside}/changes-1.parquet", changes(outside, 0))
        put(s3, f"{TABLE_PREFIX}/order_date={TODAY}/_temporary.parquet", changes(TODAY, 0))
        yield emulator


@pytest.fixture(scope="module")
def athena(emulator: Emulator) -> Athena:
    return Athena(emulator.client("athena"))


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


def test_whole_table(athena: Athena, emulator: Emulator) -> None:
    result = athena(
        "SELECT count(*), count(DISTINCT order_date), min(order_date), max(order_date) FROM order_changes"
    )
    assert result.rows == [[str(DAYS * PER_DAY), str(DAYS), str(FIRST_DAY), str(TODAY)]]
    assert result.scanned == size_of(emulator, FIRST_DAY, DAYS)


DAY = FIRST_DAY + timedelta(days=100)


@pytest.mark.parametrize(
    ("sql", "first", "days", "scans"),
    [
        (f"SELECT * FROM order_changes WHERE order_date = '{DAY}'", DAY, 1, 1),
        (f"SELECT * FROM orders WHERE order_date = '{DAY}'", DAY, 1, 1),
        (f"SELECT * FROM daily_sales WHERE order_date = '{DAY}'", DAY, 1, 1),
        (
            f"SELECT count(*) FROM orders WHERE order_date BETWEEN '{DAY}' AND '{DAY + timedelta(days=2)}'",
            DAY,
            3,
            1,
        ),
        (f"SELECT count(*) FROM orders WHERE order_date IN ('{DAY}') AND quantity > 2", DAY, 1, 1),
        (
            f"WITH o AS (SELECT * FROM orders) SELECT country FROM o WHERE date(order_date) = DATE '{DAY}'",
            DAY,
            1,
            1,
        ),
        (
            "SELECT * FROM daily_sales "
            "WHERE order_date > date_format(date_add('day', -3, current_date), '%Y-%m-%d')",
            TODAY - timedelta(days=2),
            3,
            1,
        ),
        (
            "SELECT a.order_id FROM orders a JOIN order_changes b ON a.order_date = b.order_date "
            f"WHERE a.order_date = '{DAY}'",
            DAY,
            1,
            2,
        ),
        (
            f"WITH orders AS (SELECT * FROM orders WHERE order_date = '{DAY}') SELECT count(*) FROM orders",
            DAY,
            1,
            1,
        ),
        (
            f"SELECT order_id FROM orders WHERE order_date = '{DAY}' AND order_id IN "
            f"(SELECT order_id FROM order_changes WHERE order_date = '{DAY}')",
            DAY,
            1,
            2,
        ),
        ("SELECT * FROM orders WHERE order_date = '1999-01-01'", DAY, 0, 1),
    ],
)
def test_reads_only_the_days_asked_for(
    athena: Athena, emulator: Emulator, sql: str, first: date, days: int, scans: int
) -> None:
    result = athena(sql)
    assert result.state == "SUCCEEDED", result.reason
    assert bool(result.rows) == (days > 0)
    assert result.scanned == size_of(emulator, first, days) * scans


def test_view_gives_the_current_row_with_the_declared_types(athena: Athena) -> None:
    result = athena(f"SELECT * FROM orders WHERE order_date = '{DAY}' ORDER BY order_id")
    assert result.names == [name for name, _ in CURRENT_COLUMNS]
    assert result.types == ["varchar", "integer", "varchar", "integer", "decimal", "timestamp", "varchar"]
    amount = result.columns[4]
    assert (amount["Precision"], amount["Scale"]) == (20, 4)
    assert result.rows == [
        [f"{DAY}-0", "2", "DE", "2", "100.1250", f"{DAY} 10:00:00.000", str(DAY)],
        [f"{DAY}-1", "2", "UK", "4", "100.3750", f"{DAY} 10:00:00.000", str(DAY)],
        [f"{DAY}-2", "2", None, "6", "100.6250", f"{DAY} 10:00:00.000", str(DAY)],
    ]


def test_view_on_a_view(athena: Athena) -> None:
    result = athena(f"SELECT order_date, revenue, orders FROM sales.daily_sales WHERE order_date = '{DAY}'")
    assert result.rows == [[str(DAY), "301.1250", "3"]]


def test_column_added_later_is_null_in_older_files(athena: Athena) -> None:
    result = athena("SELECT count(added_later), count(*) FROM order_changes WHERE order_date = ?", f"'{DAY}'")
    assert result.rows == [["0", str(PER_DAY)]]


# Each value as Trino gives it, worked out by hand from its documentation.
@pytest.mark.parametrize(
    ("expression", "expected", "kind"),
    [
        ("7 / 2", "3", "integer"),
        ("-7 / 2", "-3", "integer"),
        ("7 / 2.0", "3.5", "decimal"),
        ("CAST(2 AS decimal(20,4)) / 3", "0.6667", "decimal"),
        ("CAST('1.0001' AS decimal(18,4)) / 2", "0.5001", "decimal"),
        ("CAST(-1 AS decimal(10,2)) / 8", "-0.13", "decimal"),
        ("1.50 * 2", "3.00", "decimal"),
        ("7 / 2e0", "3.5", "double"),
        ("round(CAST('12.3456' AS decimal(20,4)), 2)", "12.3500", "decimal"),
        ("date_add('month', 1, DATE '2026-01-31')", "2026-02-28", "date"),
        ("DATE '2026-11-20' - INTERVAL '7' DAY", "2026-11-13", "date"),
        ("date_diff('day', DATE '2026-11-01', DATE '2026-11-20')", "19", "bigint"),
        ("date_trunc('week', DATE '2026-11-20')", "2026-11-16", "date"),
        ("date_trunc('hour', TIMESTAMP '2026-11-20 10:15:30.5')", "2026-11-20 10:00:00.000", "timestamp"),
        (
            "date_format(TIMESTAMP '2026-11-20 10:15:30', '%Y-%m-%d %H:%i:%s')",
            "2026-11-20 10:15:30",
            "varchar",
        ),
        ("from_iso8601_timestamp('2026-11-20T10:15:00+01:00')", "2026-11-20 09:15:00.000", "timestamp"),
        ("CAST(TIMESTAMP '2026-11-20 10:15:30.5' AS varchar)", "2026-11-20 10:15:30.500", "varchar"),
        ("day_of_week(DATE '2026-11-22')", "7", "bigint"),
        ("element_at(ARRAY[1, 2], 5)", None, "integer"),
        ("cardinality(sequence(1, 10, 3))", "4", "bigint"),
        ("lpad('7', 3, '0')", "007", "varchar"),
        ("try_cast('x' AS integer)", None, "integer"),
        ("coalesce(NULL, 1.25)", "1.25", "decimal"),
        ("CAST('12.5' AS decimal(20,4))", "12.5000", "decimal"),
        ("if(1 > 2, 'a', 'b')", "b", "varchar"),
        ("true", "true", "boolean"),
        ("1e10", "1.0E10", "double"),
        ("split_part('a-b', '-', 2)", "b", "varchar"),
        (
            "TIMESTAMP '2026-07-01 12:00:00' AT TIME ZONE 'Europe/London'",
            "2026-07-01 13:00:00.000",
            "timestamp",
        ),
    ],
)
def test_dialect(athena: Athena, expression: str, expected: str | None, kind: str) -> None:
    result = athena(f"SELECT {expression} AS x")
    assert result.state == "SUCCEEDED", result.reason
    assert (result.rows, result.types) == ([[expected]], [kind])


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT x FROM UNNEST(ARRAY[3, 1]) AS t(x) ORDER BY x", [["1"], ["3"]]),
        (
            "SELECT d FROM UNNEST(sequence(DATE '2026-01-31', DATE '2026-02-01')) AS t(d)",
            [["2026-01-31"], ["2026-02-01"]],
        ),
        (
            "SELECT k, sum(v) FROM (VALUES ('a', 1), ('a', 2), ('b', 5)) AS t(k, v) GROUP BY 1 ORDER BY 2",
            None,
        ),
        ("SELECT avg(v) FROM (VALUES 1, 2) AS t(v)", [["1.5"]]),
        ("SELECT avg(v) FROM (VALUES 1.25, 2.50, 2.50) AS t(v)", [["2.08"]]),
        ("SELECT avg(v) FILTER (WHERE v > 2) FROM (VALUES 1.25, 2.50) AS t(v)", [["2.50"]]),
        ("SELECT avg(v) FILTER (WHERE v > 9) FROM (VALUES 1.25, 2.50) AS t(v)", [[None]]),
        ("SELECT sum(v) / count(*) FROM (VALUES 1.25, 2.50) AS t(v)", [["1.88"]]),
        ("SELECT sum(v) / count(*) FROM (VALUES 1, 4) AS t(v)", [["2"]]),
        ("SELECT max_by(k, v), min_by(k, v) FROM (VALUES ('a', 1), ('b', 5)) AS t(k, v)", [["b", "a"]]),
        ("SELECT count_if(v > 1), arbitrary(k) FROM (VALUES ('a', 1), ('a', 5)) AS t(k, v)", [["1", "a"]]),
        ("SELECT approx_percentile(v, 0.5) FROM (VALUES 1e0, 2e0, 3e0) AS t(v)", [["2.0"]]),
        (
            "SELECT k, sum(v) FROM (VALUES ('a', 1), ('b', 5)) AS t(k, v) "
            "GROUP BY GROUPING SETS ((k), ()) ORDER BY k",
            [["a", "1"], ["b", "5"], [None, "6"]],
        ),
        ("SELECT v FROM (VALUES 2, NULL, 1) AS t(v) ORDER BY v DESC", [["2"], ["1"], [None]]),
        ("SELECT 1 UNION ALL SELECT 2 ORDER BY 1 DESC", [["2"], ["1"]]),
        (
            "SELECT v, v - lag(v) OVER (ORDER BY v), 100.0 * v / sum(v) OVER () "
            "FROM (VALUES 1, 3) AS t(v) ORDER BY v",
            [["1", None, "25.0"], ["3", "2", "75.0"]],
        ),
    ],
)
def test_statements(athena: Athena, sql: str, rows: list[list[str | None]] | None) -> None:
    result = athena(sql)
    assert result.state == "SUCCEEDED", result.reason
    assert result.rows == (rows or [["a", "3"], ["b", "5"]])


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELEC 1", "SYNTAX_ERROR: line 1:"),
        ("SELECT nothing FROM orders", "COLUMN_NOT_FOUND: Column 'nothing'"),
        (
            "SELECT * FROM nowhere",
            "TABLE_NOT_FOUND: line 1:1: Table 'awsdatacatalog.sales.nowhere' does not exist",
        ),
        ("SELECT * FROM other.orders", "SCHEMA_NOT_FOUND: line 1:1: Schema 'other' does not exist"),
        ("SELECT nofunction(1)", "FUNCTION_NOT_FOUND:"),
        ("SELECT 1 / (1 - 1)", "DIVISION_BY_ZERO: Division by zero"),
        ("SELECT CAST('x' AS integer)", "INVALID_CAST_ARGUMENT:"),
        ("SELECT * FROM read_parquet('/etc/passwd')", "FUNCTION_NOT_FOUND:"),
        ('SELECT * FROM "/etc/passwd"', "TABLE_NOT_FOUND:"),
        ("SELECT content FROM read_text('/etc/passwd')", "FUNCTION_NOT_FOUND:"),
        ("SELECT * FROM orders WHERE order_date = ?", "INVALID_PARAMETER_USAGE:"),
        ("CREATE TABLE x AS SELECT 1", "NOT_SUPPORTED: CREATE"),
        ("SELECT * FROM stale", "VIEW_IS_STALE: line 1:1: View 'awsdatacatalog.sales.stale' is stale"),
        ("SELECT * FROM broken", "INVALID_VIEW: line 1:1: Failed analyzing stored view"),
    ],
)
def test_refused_statements(athena: Athena, emulator: Emulator, sql: str, reason: str) -> None:
    glue = emulator.client("glue")
    for name, view_sql in (
        ("stale", "SELECT order_id, country FROM orders"),
        ("broken", "SELECT order_id FROM gone"),
    ):
        with contextlib.suppress(glue.exceptions.AlreadyExistsException):
            create_view(glue, name, view_sql, [("order_id", "varchar")])
    result = athena(sql)
    assert result.state == "FAILED"
    assert result.reason.startswith(reason)
    assert "\n" not in result.reason


def test_parameters(athena: Athena) -> None:
    result = athena(
        "SELECT ?, country FROM orders WHERE order_date = ? AND quantity > ?", "'x'", f"'{DAY}'", "4"
    )
    assert result.rows == [["x", None]]


def test_show_and_describe(athena: Athena) -> None:
    assert ["orders"] in athena("SHOW TABLES").rows
    assert ["amount", "decimal(20,4)", ""] in athena("DESCRIBE order_changes").rows
    assert ["sales"] in athena("SHOW DATABASES").rows
    assert athena("SHOW PARTITIONS order_changes").rows == []


def test_registered_partitions_count_only_without_projection(athena: Athena, emulator: Emulator) -> None:
    glue = emulator.client("glue")
    location = f"s3://{LAKE}/{TABLE_PREFIX}/"
    create_table(glue, "registered", {"classification": "parquet"}, location)
    assert athena("SELECT count(*) FROM registered").rows == [["0"]]
    for table in ("registered", "order_changes"):
        glue.create_partition(
            DatabaseName="sales",
            TableName=table,
            PartitionInput={
                "Values": [str(DAY)],
                "StorageDescriptor": {"Location": f"{location}order_date={DAY}/"},
            },
        )
    assert athena("SELECT order_date, count(*) FROM registered GROUP BY 1").rows == [[str(DAY), str(PER_DAY)]]
    assert athena("SHOW PARTITIONS registered").rows == [[f"order_date={DAY}"]]
    assert athena("SELECT count(*) FROM order_changes").rows == [[str(DAYS * PER_DAY)]]


def test_table_without_partitions_and_new_and_replaced_objects(athena: Athena, emulator: Emulator) -> None:
    s3, key = emulator.client("s3"), "curated/flat/part.parquet"
    create_table(
        emulator.client("glue"), "flat", {"classification": "parquet"}, f"s3://{LAKE}/curated/flat", keys=()
    )
    assert athena("SELECT count(*) FROM flat").rows == [["0"]]
    for number in (1, 2):
        size = put(s3, key, changes(DAY, number))
        result = athena("SELECT min(amount), count(*) FROM flat")
        assert (result.rows, result.scanned) == ([[f"{number}.0000", str(PER_DAY)]], size)
    s3.delete_object(Bucket=LAKE, Key=key)
    assert athena("SELECT count(*) FROM flat").rows == [["0"]]


def test_misconfigured_projection_is_told_when_queried(athena: Athena, emulator: Emulator) -> None:
    create_table(
        emulator.client("glue"),
        "misconfigured",
        {"projection.enabled": "true", "classification": "parquet"},
        "s3://x/",
    )
    assert athena("SELECT * FROM misconfigured").reason.startswith(
        "HIVE_METASTORE_ERROR: sales.misconfigured"
    )


def test_result_file(athena: Athena, emulator: Emulator) -> None:
    result = athena("SELECT 'say \"hi\"' AS a, CAST(NULL AS varchar) AS b, 1.50 AS c")
    bucket, key = result.location.removeprefix("s3://").split("/", 1)
    body = emulator.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    assert body == '"a","b","c"\n"say ""hi""",,"1.50"\n'
    assert list(csv.reader(io.StringIO(body)))[1] == ['say "hi"', "", "1.50"]


def test_more_than_a_page_of_rows(athena: Athena) -> None:
    result = athena("SELECT sequence_number FROM order_changes ORDER BY order_date, sequence_number")
    assert len(result.rows) == DAYS * PER_DAY


def test_workgroup_settings_are_enforced(athena: Athena, emulator: Emulator) -> None:
    mine = {"OutputLocation": "s3://elsewhere/mine"}
    assert athena("SELECT 1", ResultConfiguration=mine).location.startswith(f"s3://{LAKE}/results/")
    primary = athena("SELECT 1", workgroup="primary", ResultConfiguration=mine)
    assert primary.location.startswith("s3://elsewhere/mine/")
    with pytest.raises(ClientError, match="WorkGroup is not found"):
        athena("SELECT 1", workgroup="nowhere")
    with pytest.raises(ClientError, match="No output location"):
        athena("SELECT 1", workgroup="primary")
    emulator.client("athena").update_work_group(WorkGroup="tight", State="DISABLED")
    with pytest.raises(ClientError, match="disabled"):
        athena("SELECT 1", workgroup="tight")
    emulator.client("athena").update_work_group(WorkGroup="tight", State="ENABLED")


def test_scan_cutoff(athena: Athena, emulator: Emulator) -> None:
    create_table(
        emulator.client("glue"), "large", {"classification": "parquet"}, f"s3://{LAKE}/large/", keys=()
    )
    put(emulator.client("s3"), "large/part.parquet", changes(DAY, 1) + b"\0" * 10_000_000)
    result = athena("SELECT * FROM large", workgroup="tight")
    assert (result.state, result.reason) == ("FAILED", "Bytes scanned limit was exceeded")


def test_queries_run_side_by_side_and_can_be_stopped(athena: Athena, emulator: Emulator) -> None:
    numbers = "UNNEST(sequence(1, 100000))"
    endless = f"SELECT count(*) FROM {numbers} a(x), {numbers} b(y) WHERE x * y < 0"
    client = emulator.client("athena")
    stopped = client.start_query_execution(QueryString=endless, WorkGroup="sales")["QueryExecutionId"]
    with ThreadPoolExecutor(8) as pool:
        days = [FIRST_DAY + timedelta(days=day) for day in range(16)]
        answers = list(
            pool.map(lambda day: athena(f"SELECT min(amount) FROM orders WHERE order_date = '{day}'"), days)
        )
    assert [answer.rows for answer in answers] == [[[f"{number}.1250"]] for number in range(16)]
    client.stop_query_execution(QueryExecutionId=stopped)
    time.sleep(0.2)
    assert (
        client.get_query_execution(QueryExecutionId=stopped)["QueryExecution"]["Status"]["State"]
        == "CANCELLED"
    )


ACCOUNT = "000000000000"
GLUE = f"arn:aws:glue:us-east-1:{ACCOUNT}"
WORKGROUP = f"arn:aws:athena:us-east-1:{ACCOUNT}:workgroup/sales"
NEEDED: list[tuple[list[str], list[str]]] = [
    (["athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults"], [WORKGROUP]),
    (
        ["glue:GetDatabase", "glue:GetTable", "glue:GetPartitions"],
        [f"{GLUE}:catalog", f"{GLUE}:database/sales", f"{GLUE}:table/sales/*"],
    ),
    (["s3:ListBucket", "s3:GetBucketLocation"], [f"arn:aws:s3:::{LAKE}"]),
    (["s3:GetObject"], [f"arn:aws:s3:::{LAKE}/curated/*"]),
    (["s3:PutObject"], [f"arn:aws:s3:::{LAKE}/results/*"]),
]


@pytest.fixture(scope="module")
def as_analyst(emulator: Emulator) -> Callable[[list[dict[str, Any]]], Athena]:
    """Athena as a user who has just the given statements."""
    iam = emulator.client("iam")
    iam.create_user(UserName="analyst")
    key = iam.create_access_key(UserName="analyst")["AccessKey"]

    def act(statements: list[dict[str, Any]]) -> Athena:
        policy = {"Version": "2012-10-17", "Statement": statements}
        iam.put_user_policy(UserName="analyst", PolicyName="p", PolicyDocument=json.dumps(policy))
        return Athena(
            boto3.client(
                "athena",
                endpoint_url=emulator.endpoint,
                region_name="us-east-1",
                aws_access_key_id=key["AccessKeyId"],
                aws_secret_access_key=key["SecretAccessKey"],
            )
        )

    return act


def statements(without: str = "") -> list[dict[str, Any]]:
    return [
        {
            "Effect": "Allow",
            "Action": [a for a in actions if a != without] or ["none:None"],
            "Resource": resources,
        }
        for actions, resources in NEEDED
    ]


def test_analyst_with_the_documented_rights(as_analyst: Callable[[list[dict[str, Any]]], Athena]) -> None:
    athena = as_analyst(statements())
    assert athena(f"SELECT count(*) FROM orders WHERE order_date = '{DAY}'").rows == [["3"]]
    assert athena("SELECT count(*) FROM registered_for_rights").reason.startswith("TABLE_NOT_FOUND")


@pytest.mark.parametrize(
    "action",
    [
        "glue:GetDatabase",
        "glue:GetTable",
        "s3:ListBucket",
        "s3:GetObject",
        "s3:PutObject",
        "s3:GetBucketLocation",
    ],
)
def test_query_fails_without(as_analyst: Callable[[list[dict[str, Any]]], Athena], action: str) -> None:
    result = as_analyst(statements(without=action))(f"SELECT count(*) FROM orders WHERE order_date = '{DAY}'")
    assert result.state == "FAILED"
    assert f"is not authorized to perform: {action} on resource: arn:aws:" in result.reason


def test_view_needs_its_tables_too(as_analyst: Callable[[list[dict[str, Any]]], Athena]) -> None:
    view_only = json.loads(json.dumps(statements()).replace("table/sales/*", "table/sales/orders"))
    result = as_analyst(view_only)("SELECT * FROM orders")
    assert result.reason.endswith(f"glue:GetTable on resource: {GLUE}:table/sales/order_changes")


def test_workgroup_is_the_resource_of_athena_actions(
    as_analyst: Callable[[list[dict[str, Any]]], Athena],
) -> None:
    athena = as_analyst(statements())
    with pytest.raises(ClientError, match="not authorized to perform: athena:StartQueryExecution"):
        athena("SELECT 1", workgroup="tight")


def test_other_prefixes_stay_closed(
    emulator: Emulator, as_analyst: Callable[[list[dict[str, Any]]], Athena]
) -> None:
    create_table(emulator.client("glue"), "raw", {"classification": "parquet"}, f"s3://{LAKE}/raw/", keys=())
    put(emulator.client("s3"), "raw/x.parquet", changes(DAY, 1))
    result = as_analyst(statements())("SELECT * FROM raw")
    assert result.reason.endswith(f"s3:GetObject on resource: arn:aws:s3:::{LAKE}/raw/x.parquet")
