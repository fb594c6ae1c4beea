"""The laptop's Athena beside queries: the catalog shown, what writes, hidden columns, calls of the API."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlparse

import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from tests.local.emulator.athena_lake import DAY, LAKE, TABLE_PREFIX, Athena, running_lake
from tests.local.emulator.emulator_process import Emulator


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running_lake(tmp_path_factory.mktemp("statements"), range(99, 102)) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def athena(emulator: Emulator) -> Athena:
    return Athena(emulator.client("athena"))


def ran(athena: Athena, sql: str, **more: Any) -> list[list[str | None]]:
    result = athena(sql, **more)
    assert result.state == "SUCCEEDED", result.reason
    return result.rows


def objects(emulator: Emulator, prefix: str) -> list[str]:
    found = emulator.client("s3").list_objects_v2(Bucket=LAKE, Prefix=prefix).get("Contents", [])
    return [item["Key"] for item in found]


def test_show_and_describe_in_hives_shapes(athena: Athena) -> None:
    assert ran(athena, "SHOW TABLES 'order*'") == [["order_changes"], ["orders"]]
    assert ["orders"] in ran(athena, "SHOW VIEWS IN sales")
    assert ran(athena, "SHOW COLUMNS IN order_changes")[0] == ["change_type         "]
    described = athena("DESCRIBE order_changes")
    assert described.names == ["col_name", "data_type", "comment"]
    assert described.types == ["string"] * 3
    assert described.rows[0] == ["change_type         \tstring              \t                    "]
    assert ["# Partition Information\t \t "] in described.rows
    assert described.location.endswith(".txt")
    assert ran(athena, "SHOW CREATE TABLE `order_changes`")[0] == [
        "CREATE EXTERNAL TABLE `sales.order_changes`("
    ]
    assert str(ran(athena, "SHOW CREATE VIEW orders")[0][0]).startswith("CREATE VIEW sales.orders AS\nSELECT")
    assert ["projection.enabled\ttrue"] in ran(athena, "SHOW TBLPROPERTIES order_changes")


def test_information_schema_and_the_session(athena: Athena) -> None:
    tables = "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'sales'"
    assert ["orders", "VIEW"] in ran(athena, tables)
    columns = (
        "SELECT data_type FROM awsdatacatalog.information_schema.columns "
        "WHERE table_name = 'orders' AND column_name = 'amount'"
    )
    assert ran(athena, columns) == [["decimal(20,4)"]]
    assert ran(athena, "SELECT current_catalog, current_schema") == [["awsdatacatalog", "sales"]]
    assert ran(athena, "SELECT count(*) FROM orders", database="`sales`") == [["9"]]
    assert ran(athena, "VALUES (1, 'a'), (2, 'b')") == [["1", "a"], ["2", "b"]]


def test_a_query_asked_again_sees_what_has_changed(athena: Athena) -> None:
    """Statements are kept readied; what they name, and the time, may be other by then."""
    ran(athena, "CREATE VIEW kept AS SELECT 1 AS one")
    ran(athena, "CREATE VIEW above AS SELECT one FROM kept")
    assert ran(athena, "SELECT * FROM above") == [["1"]]
    assert ran(athena, "SELECT * FROM above") == [["1"]]
    ran(athena, "CREATE OR REPLACE VIEW kept AS SELECT 2 AS one")
    assert ran(athena, "SELECT * FROM above") == [["2"]]
    ran(athena, "CREATE OR REPLACE VIEW kept AS SELECT 'text' AS one")
    assert athena("SELECT one FROM kept").types == ["varchar"]
    assert athena("SELECT one + 1 FROM kept").state == "FAILED"
    ran(athena, "DROP VIEW kept")
    assert "does not exist" in athena("SELECT one FROM kept").reason
    listed = "SELECT count(*) FROM information_schema.views WHERE table_name = 'above'"
    assert ran(athena, listed) == [["1"]]
    ran(athena, "DROP VIEW above")
    assert ran(athena, listed) == [["0"]]
    clock = "SELECT CAST(now() AS varchar), CAST(current_date AS varchar)"
    (earlier,), (later,) = ran(athena, clock), ran(athena, clock)
    assert str(earlier[0]) < str(later[0])
    assert str(later[0]).startswith(str(later[1]))
    then = "SELECT CAST(DATE '9876-10-12' AS varchar), CAST(TIMESTAMP '9876-10-12 13:14:15.167' AS varchar)"
    assert ran(athena, then) == ran(athena, then) == [["9876-10-12", "9876-10-12 13:14:15.167"]]


def test_the_file_of_a_row(athena: Athena) -> None:
    key = f"{TABLE_PREFIX}/order_date={DAY}/changes-1.parquet"
    sql = f"SELECT DISTINCT \"$path\" FROM order_changes WHERE order_date = '{DAY}'"
    assert ran(athena, sql) == [[f"s3://{LAKE}/{key}"]]
    assert "$path" not in athena("SELECT * FROM order_changes LIMIT 1").names


def test_a_view_made_and_made_anew(athena: Athena) -> None:
    ran(
        athena,
        "CREATE OR REPLACE VIEW by_country AS SELECT country, sum(amount) AS total FROM orders GROUP BY 1",
    )
    result = athena("SELECT * FROM by_country WHERE country = 'DE'")
    assert (result.names, result.types) == (["country", "total"], ["varchar", "decimal"])
    ran(athena, "-- made by hand\n/* again */ CREATE OR REPLACE VIEW sales.by_country AS SELECT 1 AS x")
    assert ran(athena, "SELECT * FROM by_country") == [["1"]]
    assert athena("CREATE VIEW by_country AS SELECT 2 AS x").reason.startswith("TABLE_ALREADY_EXISTS")
    assert athena("DROP TABLE by_country").reason.startswith("TABLE_NOT_FOUND")
    ran(athena, "DROP VIEW by_country")
    assert athena("SELECT * FROM by_country").reason.startswith("TABLE_NOT_FOUND")


def test_a_table_of_a_query_and_an_insert(athena: Athena, emulator: Emulator) -> None:
    sql = (
        f"CREATE TABLE copied WITH (format = 'PARQUET', external_location = 's3://{LAKE}/made/copied/') "
        "AS SELECT order_id, country, amount FROM orders"
    )
    ran(athena, sql)
    (key,) = objects(emulator, "made/copied/")
    body = emulator.client("s3").get_object(Bucket=LAKE, Key=key)["Body"].read()
    assert pq.read_table(io.BytesIO(body)).schema.field("amount").type.scale == 4
    assert ran(athena, "SELECT count(*), sum(amount) FROM copied") == ran(
        athena, "SELECT count(*), sum(amount) FROM orders"
    )
    assert athena(sql).reason.startswith("TABLE_ALREADY_EXISTS")
    again = sql.replace("copied WITH", "copied_again WITH")
    assert athena(again).reason.startswith("HIVE_PATH_ALREADY_EXISTS")
    ran(athena, "INSERT INTO copied VALUES ('x', 'FR', CAST(1.5 AS decimal(20,4)))")
    assert ran(athena, "SELECT country, amount FROM copied WHERE order_id = 'x'") == [["FR", "1.5000"]]
    assert athena("INSERT INTO copied SELECT 1, 'a', 'b'").reason.startswith("TYPE_MISMATCH")
    assert athena("INSERT INTO order_changes SELECT * FROM order_changes").reason.startswith("NOT_SUPPORTED")


def test_a_table_by_partitions(athena: Athena) -> None:
    sql = (
        "CREATE TABLE parted WITH (partitioned_by = ARRAY['country']) AS SELECT order_id, country FROM orders"
    )
    ran(athena, sql)
    assert ran(athena, "SELECT country, count(*) FROM parted GROUP BY 1 ORDER BY 1") == [
        ["DE", "3"],
        ["UK", "3"],
        [None, "3"],
    ]
    result = athena("SELECT order_id FROM parted WHERE country = 'DE'")
    assert 0 < result.scanned < athena("SELECT order_id FROM parted").scanned
    assert athena(
        sql.replace("order_id, country", "country, order_id").replace("parted", "other")
    ).reason.startswith("HIVE_COLUMN_ORDER_MISMATCH")


def test_unload_and_its_manifest(athena: Athena, emulator: Emulator) -> None:
    client = emulator.client("athena")
    sql = f"UNLOAD (SELECT * FROM orders) TO 's3://{LAKE}/made/unloaded/' WITH (format = 'PARQUET')"
    ran(athena, sql)
    newest = client.list_query_executions(WorkGroup="sales", MaxResults=1)["QueryExecutionIds"]
    execution = client.get_query_execution(QueryExecutionId=newest[0])["QueryExecution"]
    place = urlparse(execution["Statistics"]["DataManifestLocation"])
    manifest = (
        emulator.client("s3").get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))["Body"].read()
    )
    (key,) = objects(emulator, "made/unloaded/")
    assert manifest.decode() == f"s3://{LAKE}/{key}"
    assert athena(sql).reason.startswith("HIVE_PATH_ALREADY_EXISTS")
    assert athena(sql.replace("PARQUET", "AVRO").replace("unloaded", "b")).reason.startswith("NOT_SUPPORTED")


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("ALTER TABLE order_changes ADD COLUMNS (x int)", "NOT_SUPPORTED: ALTER"),
        ("EXPLAIN SELECT 1", "NOT_SUPPORTED: EXPLAIN"),
        ("DELETE FROM order_changes", "NOT_SUPPORTED: DELETE"),
        ("CREATE TABLE x AS SELECT 1", "MISSING_COLUMN_NAME"),
        ("CREATE TABLE x WITH (table_type = 'ICEBERG') AS SELECT 1 AS y", "NOT_SUPPORTED"),
        ("CREATE TABLE x WITH (bucketed_by = ARRAY['y']) AS SELECT 1 AS y", "NOT_SUPPORTED"),
        ("CREATE TABLE x AS SELECT current_timestamp AS y", "NOT_SUPPORTED: Unsupported Hive type"),
        ("DROP VIEW nothing", "TABLE_NOT_FOUND"),
    ],
)
def test_what_is_refused(athena: Athena, sql: str, reason: str) -> None:
    assert athena(sql).reason.startswith(reason)


def test_calls_of_the_api(athena: Athena, emulator: Emulator) -> None:
    client = emulator.client("athena")
    context = {"Database": "sales"}
    asked = {"QueryString": "SELECT 7", "WorkGroup": "sales", "QueryExecutionContext": context}
    first = client.start_query_execution(**asked, ClientRequestToken="t" * 40)["QueryExecutionId"]
    assert client.start_query_execution(**asked, ClientRequestToken="t" * 40)["QueryExecutionId"] == first
    with pytest.raises(ClientError, match="Idempotent parameters do not match"):
        client.start_query_execution(**asked | {"QueryString": "SELECT 8"}, ClientRequestToken="t" * 40)
    assert ran(athena, "SELECT 1, 2") == [["1", "2"]]
    page = client.list_query_executions(WorkGroup="sales", MaxResults=1)
    assert len(page["QueryExecutionIds"]) == 1
    statistics = client.get_query_runtime_statistics(QueryExecutionId=page["QueryExecutionIds"][0])
    assert statistics["QueryRuntimeStatistics"]["Rows"]["OutputRows"] == 1
    following = client.list_query_executions(WorkGroup="sales", NextToken=page["NextToken"])
    assert page["QueryExecutionIds"][0] not in following["QueryExecutionIds"]
    versions = client.list_engine_versions()["EngineVersions"]
    assert [version["SelectedEngineVersion"] for version in versions] == ["AUTO", "Athena engine version 3"]
    tables = client.list_table_metadata(CatalogName="awsdatacatalog", DatabaseName="SALES", MaxResults=1)
    assert len(tables["TableMetadataList"]) == 1
    assert "NextToken" in tables
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        client.get_table_metadata(CatalogName="AwsDataCatalog", DatabaseName="sales", TableName="nothing")


def test_why_a_query_failed(athena: Athena, emulator: Emulator) -> None:
    client = emulator.client("athena")
    assert athena("SELECT 1 / 0").state == "FAILED"
    (newest,) = client.list_query_executions(WorkGroup="sales", MaxResults=1)["QueryExecutionIds"]
    error = client.get_query_execution(QueryExecutionId=newest)["QueryExecution"]["Status"]["AthenaError"]
    assert error == {
        "ErrorCategory": 2,
        "ErrorType": 1001,
        "Retryable": False,
        "ErrorMessage": "DIVISION_BY_ZERO: Division by zero",
    }
