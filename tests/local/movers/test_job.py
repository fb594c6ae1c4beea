"""The lake's job on a stack: the deployed script on Spark under its role, and what Athena reads then."""

from __future__ import annotations

import io
import json
import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from salescast import laptop
from salescast.functions import compact, erase, generate
from salescast.integrity import health, reconcile
from salescast.stack.errors import SalescastError
from salescast.stack.polling import poll
from salescast.stack.processes import Process, start_time
from salescast.stack.services import athena, freshness
from salescast.stack.services.lake import Lake
from salescast.stack.stack import Stack
from salescast.stack.state import State
from tests.waiting import wait_for

pytestmark = pytest.mark.skipif("SALESCAST_GLUE" not in os.environ, reason="make test-glue runs these")
ORDERS, DAYS = 150, 75


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("job")
    try:
        yield laptop.up(folder, fast=60, report=print)
    finally:
        State(folder).down()


def ask(stack: Stack, sql: str) -> list[list[Any]]:
    return athena.run(stack, sql).rows


def views(stack: Stack) -> list[Any]:
    """All that the two views say of orders and changes."""
    return [
        ask(stack, "SELECT * FROM orders ORDER BY order_id"),
        ask(stack, "SELECT * FROM order_changes ORDER BY change_id"),
    ]


def test_the_job_merges_what_arrived_and_nobody_sees_a_difference(stack: Stack, tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    last = today - timedelta(days=1)
    event = {
        "action": "backfill",
        "start": (today - timedelta(days=DAYS)).isoformat(),
        "end": last.isoformat(),
        "orders": ORDERS,
    }
    generate.run(stack, event)
    assert poll(
        lambda: reconcile.reconcile(stack, 0.0),
        lambda found: found.reconciled and not found.in_flight,
        pause=1.0,
        seconds=10 * freshness.bound(stack),
    ).reconciled
    before, arrived = views(stack), Lake(stack)
    rows = arrived.look()
    assert rows >= len(before[1]) > ORDERS
    compact.run(stack)
    assert ask(stack, "SELECT count(*), count(DISTINCT change_id) FROM order_log") == [[len(before[1])] * 2]
    assert len(ask(stack, "SELECT order_id FROM order_state")) >= len(before[0])
    assert views(stack) == before
    assert Lake(stack).look() == rows, "what was merged stays for an hour"
    assert reconcile.reconcile(stack, 0.0).reconciled
    everything = athena.run(stack, "SELECT count(*) FROM order_log").bytes_scanned
    month = athena.run(stack, f"SELECT count(*) FROM order_log WHERE order_date >= '{last}'").bytes_scanned
    assert month < everything
    (stage,) = [stage for stage in health.stages(stack) if stage.name == "lake job"]
    assert (stage.health, "SUCCEEDED" in stage.detail) == (health.OK, True)


@pytest.mark.parametrize("killed", ["the job alone", "its stand-in alone", "both, and Firehose"])
def test_a_killed_run_loses_nothing(stack: Stack, killed: str) -> None:
    """Killed as soon as it has written to the tables' folders; the next run finds what it left."""
    touch(stack)
    before = views(stack)
    run_id = stack.glue.start_job_run(JobName=stack.output("LakeJob"))["JobRunId"]
    written = objects(stack)
    wait_for(lambda: objects(stack) > written, "a file of the run")
    script = next((stack.state.folder / "tmp" / "job").glob("*/process.json"))
    spark = json.loads(script.read_text())["pid"]
    record = stack.state.read()
    assert record is not None
    for name in {"the job alone": [], "its stand-in alone": ["job"]}.get(killed, ["job", "firehose"]):
        kill(record.processes[name])
    if killed != "its stand-in alone":
        os.killpg(spark, signal.SIGKILL)
    laptop.revive(stack.state.folder)
    get = partial(stack.glue.get_job_run, JobName=stack.output("LakeJob"), RunId=run_id)
    wait_for(lambda: get()["JobRun"]["JobRunState"] == "FAILED", "the run's end")
    assert start_time(spark) is None, "its script ended with it"
    assert views(stack) == before
    compact.run(stack)
    assert views(stack) == before
    assert ask(stack, "SELECT count(*) - count(DISTINCT change_id) FROM order_log") == [[0]]
    assert reconcile.reconcile(stack, 0.0).reconciled


def kill(process: Process) -> None:
    os.kill(process.pid, signal.SIGKILL)
    wait_for(lambda: not process.alive, "the end of the process")


def touch(stack: Stack) -> None:
    """Some more versions of orders, in the lake."""
    table = stack.output("OrdersTable")
    counted = "SELECT count(*) FROM order_changes"
    ((changes,),) = ask(stack, counted)
    for (order_id,) in ask(stack, "SELECT order_id FROM orders ORDER BY order_id LIMIT 5"):
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        stack.dynamodb.update_item(
            TableName=table,
            Key={"order_id": {"S": order_id}},
            UpdateExpression="SET version = version + :one, updated_ts = :now",
            ExpressionAttributeValues={":one": {"N": "1"}, ":now": {"S": now}},
        )
    wait_for(lambda: ask(stack, counted) == [[changes + 5]], "the changes in the lake")


def objects(stack: Stack) -> int:
    """How many files the tables' folders have."""
    return sum(
        len(
            stack.s3.list_objects_v2(Bucket=stack.output("Lake"), Prefix=f"curated/{table}/").get(
                "Contents", []
            )
        )
        for table in ("order_log", "order_state")
    )


def test_the_lake_as_the_job_had_left_it(stack: Stack) -> None:
    """Tables, views, named queries and today's date of then; what was true then is asked of the log."""
    questions = (
        "SELECT * FROM orders ORDER BY order_id",
        "WITH sold AS (SELECT * FROM orders) SELECT count(*), sum(net_revenue), current_date FROM sold",
        "orders_by_status",
    )
    # Iceberg's snapshots have milliseconds, a statement has seconds.
    time.sleep(1.5)
    moment = datetime.now(UTC).replace(microsecond=0)
    before = [athena.query(stack, text, {}).rows for text in questions]
    (order_id,) = ask(stack, "SELECT order_id FROM orders WHERE status = 'DELIVERED' ORDER BY 1 LIMIT 1")[0]
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    stack.dynamodb.update_item(
        TableName=stack.output("OrdersTable"),
        Key={"order_id": {"S": order_id}},
        UpdateExpression="SET #s = :s, version = version + :one, updated_ts = :now",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":s": {"S": "RETURNED"}, ":one": {"N": "1"}, ":now": {"S": now}},
    )
    returned = f"SELECT count(*) FROM orders WHERE order_id = '{order_id}' AND status = 'RETURNED'"
    wait_for(lambda: ask(stack, returned) == [[1]], "the return in the lake")
    assert [athena.query(stack, text, {}, moment).rows for text in questions] == before
    compact.run(stack)
    assert ask(stack, returned) == [[1]]
    assert [athena.query(stack, text, {}, moment).rows for text in questions] == before
    with pytest.raises(SalescastError, match="name the table orders without its database"):
        athena.query(stack, f"SELECT * FROM {stack.output('Database')}.orders", {}, moment)
    with pytest.raises(SalescastError, match="version history"):
        athena.query(stack, questions[0], {}, moment - timedelta(days=1))
    written = datetime.fromisoformat(now) - timedelta(milliseconds=1)
    then = {"moment": written.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]}
    assert athena.query(stack, "orders_by_status_at", then).rows == before[2]


def test_an_erased_customer_is_in_the_books_without_a_name(stack: Stack) -> None:
    """After the merge and with arrivals of its own: the id is in no file under curated/, the revenue is."""
    ((customer, orders, revenue),) = ask(
        stack,
        "SELECT customer_id, count(*), sum(net_revenue) FROM orders GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1",
    )
    of_all = "SELECT count(*), sum(net_revenue) FROM orders"
    before = ask(stack, of_all)
    assert held(stack, customer) > 0
    done = erase.run(stack, customer)
    assert (done.orders, held(stack, customer)) == (orders, 0)
    assert ask(stack, "SELECT sum(net_revenue) FROM orders WHERE customer_id = 'erased'") == [[revenue]]
    assert ask(stack, of_all) == before
    assert reconcile.reconcile(stack, 0.0).reconciled
    assert erase.run(stack, customer).orders == 0, "may be repeated"
    table = stack.dynamodb.scan(TableName=stack.output("OrdersTable"), ConsistentRead=True)["Items"]
    erased = [item for item in table if item["customer_id"]["S"] == "erased"]
    assert len(erased) == orders
    assert not any({"customer_name", "customer_email"} & set(item) for item in erased)


def held(stack: Stack, customer: str) -> int:
    """How many objects under curated/ hold the id: rows of Parquet, and the bytes of what is no Parquet."""
    lake, count = stack.output("Lake"), 0
    for page in stack.s3.get_paginator("list_objects_v2").paginate(Bucket=lake, Prefix="curated/"):
        for found in page.get("Contents", []):
            content = stack.s3.get_object(Bucket=lake, Key=found["Key"])["Body"].read()
            if found["Key"].endswith(".parquet"):
                content = repr(pq.read_table(io.BytesIO(content)).to_pylist()).encode()
            count += customer.encode() in content
    return count
