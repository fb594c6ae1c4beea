"""Every snippet of docs/clients.md, run as it stands against a stack on this machine: `make test-clients`."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import boto3
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/clients.md").read_text()
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
DISTRIBUTIONS = {
    "AWS CLI": "awscli",
    "PyAthena": "PyAthena",
    "SQLAlchemy": "SQLAlchemy",
    "AWS SDK for pandas": "awswrangler",
    "dbt": "dbt-athena",
    "DuckDB": "duckdb",
    "Polars": "polars",
    "PyArrow": "pyarrow",
    "PyIceberg": "pyiceberg",
}
FROM_ATHENA = {
    "AWS CLI": "SELECT count(*) FROM orders",
    "PyAthena": "SELECT count(*) FROM orders",
    "SQLAlchemy": "SELECT count(*) FROM orders",
    "AWS SDK for pandas": "SELECT count(*) FROM orders",
    "DuckDB": "SELECT count(DISTINCT change_id) FROM order_arrivals",
    "Polars": "SELECT count(DISTINCT change_id) FROM order_arrivals",
    "PyArrow": "SELECT count(DISTINCT change_id) FROM order_arrivals",
    "PyIceberg": "SELECT count(*) FROM order_log",
}
"""What Athena itself is asked for the number that a snippet prints."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder with shop.py, the first snippet of the page."""
    (tmp_path / "shop.py").write_text(FENCE.findall(PAGE)[0][1])
    return tmp_path


def session(environment: dict[str, str]) -> boto3.Session:
    return boto3.Session(
        environment["AWS_ACCESS_KEY_ID"],
        environment["AWS_SECRET_ACCESS_KEY"],
        region_name=environment["AWS_REGION"],
    )


def asked(environment: dict[str, str], sql: str) -> str:
    athena = session(environment).client("athena", endpoint_url=environment["AWS_ENDPOINT_URL"])
    started = athena.start_query_execution(
        QueryString=sql, WorkGroup="salescast", QueryExecutionContext={"Database": "salescast"}
    )
    query = started["QueryExecutionId"]
    while True:
        status = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
        if status["State"] not in ("QUEUED", "RUNNING"):
            break
        time.sleep(0.1)
    assert status["State"] == "SUCCEEDED", status
    _, row = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
    return row["Data"][0]["VarCharValue"]


def run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    finished = subprocess.run(
        command,
        cwd=folder,
        env=environment | {"HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert finished.returncode == 0, f"{finished.stdout[-3000:]}\n{finished.stderr[-3000:]}"
    return finished.stdout.strip()


def with_httpfs(home: Path) -> None:
    """DuckDB's extension where INSTALL would put it: a machine may reach no site but the registry."""
    import duckdb
    import duckdb_extension_httpfs

    (found,) = Path(next(iter(duckdb_extension_httpfs.__path__))).rglob("httpfs.duckdb_extension")
    platform = duckdb.execute("PRAGMA platform").fetchone()[0]
    place = home / ".duckdb/extensions" / f"v{duckdb.__version__}" / platform
    place.mkdir(parents=True)
    shutil.copy(found, place)


@pytest.mark.parametrize("client", FROM_ATHENA)
def test_a_snippet_says_what_athena_says(client: str, folder: Path, environment: dict[str, str]) -> None:
    ((language, snippet),) = FENCE.findall(SECTIONS[client])
    if client == "DuckDB":
        with_httpfs(folder)
    command = ["bash", "-ec", snippet] if language == "bash" else [sys.executable, "-c", snippet]
    printed = run(command, folder, environment)
    expected = asked(environment, FROM_ATHENA[client])
    print(f"{client} {version(DISTRIBUTIONS[client])}: {printed}")
    assert printed in (expected, f"{{{expected}}}")


def test_dbt_finds_its_way(folder: Path, environment: dict[str, str]) -> None:
    """Its profile, its project and its connection. `dbt run` is not tried here, see docs/clients.md."""
    names = ["dbt_project.yml", "profiles.yml", "models/revenue.sql"]
    (folder / "models").mkdir()
    for name, (_, text) in zip(names, FENCE.findall(SECTIONS["dbt"]), strict=True):
        (folder / name).write_text(text)
    cloudformation = session(environment).client(
        "cloudformation", endpoint_url=environment["AWS_ENDPOINT_URL"]
    )
    outputs = cloudformation.describe_stacks(StackName="salescast")["Stacks"][0]["Outputs"]
    (lake,) = (output["OutputValue"] for output in outputs if output["OutputKey"] == "Lake")
    quiet = environment | {"LAKE": lake, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    assert "All checks passed" in run(["dbt", "debug"], folder, quiet)


@pytest.mark.parametrize("cursor", ["default", "dict", "async", "pandas", "polars"])
@pytest.mark.parametrize("style", ["pyformat", "qmark"])
def test_cursors_of_pyathena(cursor: str, style: str, environment: dict[str, str]) -> None:
    import pyathena
    from pyathena.async_cursor import AsyncCursor
    from pyathena.cursor import Cursor, DictCursor
    from pyathena.pandas.cursor import PandasCursor
    from pyathena.polars.cursor import PolarsCursor

    kinds = {
        "default": Cursor,
        "dict": DictCursor,
        "async": AsyncCursor,
        "pandas": PandasCursor,
        "polars": PolarsCursor,
    }
    connection = pyathena.connect(
        work_group="salescast",
        schema_name="salescast",
        region_name=environment["AWS_REGION"],
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        cursor_class=kinds[cursor],
    )
    place, values = ("%(day)s", {"day": "2000-01-01"}) if style == "pyformat" else ("?", ["'2000-01-01'"])
    sql = f"SELECT count(*) AS n FROM orders WHERE order_date >= {place}"
    executed = connection.cursor().execute(sql, values, paramstyle=style)
    if cursor == "async":
        executed = executed[1].result()
    row = executed.fetchone()
    found = row["n"] if cursor == "dict" else row[0]
    assert str(found) == asked(environment, "SELECT count(*) FROM orders")
