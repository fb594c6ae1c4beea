"""The laptop's Athena, over the real APIs: dialect, views, pruning, results."""

import contextlib
import csv
import io
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.local.emulator.athena_lake import (
    CURRENT_COLUMNS,
    DAY,
    DAYS,
    FIRST_DAY,
    LAKE,
    PER_DAY,
    TABLE_PREFIX,
    TODAY,
    Athena,
    changes,
    create_table,
    create_view,
    put,
    running_lake,
    size_of,
)
from tests.local.emulator.emulator_process import Emulator
from tests.template import ROOT


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running_lake(tmp_path_factory.mktemp("athena"), range(DAYS)) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def athena(emulator: Emulator) -> Athena:
    return Athena(emulator.client("athena"))


def test_whole_table(athena: Athena, emulator: Emulator) -> None:
    result = athena(
        "SELECT count(*), count(DISTINCT order_date), min(order_date), max(order_date) FROM order_changes"
    )
    assert result.rows == [[str(DAYS * PER_DAY), str(DAYS), str(FIRST_DAY), str(TODAY)]]
    assert result.scanned == size_of(emulator, FIRST_DAY, DAYS)


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
        (
            "from_iso8601_timestamp('2026-11-20T10:15:00+01:00')",
            "2026-11-20 10:15:00.000 +01:00",
            "timestamp with time zone",
        ),
        ("CAST(TIMESTAMP '2026-11-20 10:15:30.5' AS varchar)", "2026-11-20 10:15:30.5", "varchar"),
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
            "2026-07-01 13:00:00.000 Europe/London",
            "timestamp with time zone",
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
        ("SELECT nothing FROM orders", "COLUMN_NOT_FOUND: line 1:8: Column 'nothing' cannot be resolved"),
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
        ("SELECT ? FROM orders", "INVALID_PARAMETER_USAGE:"),
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
    sql = "SELECT '?', country FROM orders WHERE order_date = ? AND quantity > ?"
    assert athena(sql, f"'{DAY}'", "4").rows == [["?", None]]


def test_show_and_describe(athena: Athena) -> None:
    assert ["orders"] in athena("SHOW TABLES").rows
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


STOPPED_AT_ITS_END = """
import sys
from pathlib import Path
from salescast.local.emulator.athena.engine import Engine
session = Engine(Path(sys.argv[1])).session({}, {})
print(session.run("SELECT 1", []).rows)
session.close()
session.interrupt()
"""


def test_a_query_can_be_stopped_while_it_ends(tmp_path: Path) -> None:
    """Its session is then closed before the stop reaches it, a matter of microseconds in a running stack."""
    command = [str(ROOT / ".venv-emulator/bin/python"), "-c", STOPPED_AT_ITS_END, str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (ended.stdout, ended.stderr) == ("[['1']]\n", "")


NO_MEMORY = "EXCEEDED_LOCAL_MEMORY_LIMIT: Query exceeded per-node memory limit of 1.2GB"
TOO_LARGE = "GENERIC_USER_ERROR: the result has more than 256 MB or 5,000,000 values"
HEAVY = {
    "SELECT sequence(0, 1000000000)": NO_MEMORY,
    "SELECT x, y FROM UNNEST(sequence(1, 10000)) a(x), UNNEST(sequence(1, 10000)) b(y)": TOO_LARGE,
}


def test_a_query_that_asks_too_much_costs_itself_only(athena: Athena, emulator: Emulator) -> None:
    with ThreadPoolExecutor(len(HEAVY)) as pool:
        heavy = {sql: pool.submit(athena, sql) for sql in HEAVY}
        while not all(answer.done() for answer in heavy.values()):
            assert athena(f"SELECT count(*) FROM orders WHERE order_date = '{DAY}'").state == "SUCCEEDED"
    for sql, expected in HEAVY.items():
        answer = heavy[sql].result()
        assert (answer.state, answer.reason[: len(expected)]) == ("FAILED", expected), sql
    status = Path(f"/proc/{emulator.process.pid}/status").read_text()
    [peak] = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")]
    assert peak < 1_500_000, "kB of the emulator itself"


OUT_OF_TIME = """
import sys
from pathlib import Path
from salescast.local.emulator.athena.engine import Engine
from salescast.local.emulator.athena.workers import pool
pool.SECONDS = 0.5
session = Engine(Path(sys.argv[1])).session({}, {})
try:
    session.run("SELECT count(*) FROM range(1000000000) a(x), range(1000000) b(y) WHERE x * y < 0", [])
except Exception as error:
    print(type(error).__name__, error)
session.close()
"""


def test_a_query_has_its_time(tmp_path: Path) -> None:
    command = [str(ROOT / ".venv-emulator/bin/python"), "-c", OUT_OF_TIME, str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (ended.stdout, ended.stderr) == ("QueryError Query timeout\n", "")
