# ruff: noqa: DTZ001 - Hive timestamps, and what Hypothesis draws, carry no zone
"""Firehose on a real emulator: Kinesis to Parquet, under its roles, through kills and refusals."""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64decode
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import pytest

from tests.local.movers.records import error_lines, lake_rows, send
from tests.local.movers.stack import Stack, running_stack
from tests.waiting import wait_for

FAST = ("--fast", "120")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("firehose")) as running:
        yield running


def test_records_become_parquet_and_a_backup(stack: Stack) -> None:
    send(
        stack,
        {"id": "h1", "n": 1, "amount": "12.5", "at": "2026-11-20T10:15:00.123Z", "x": 1},
        {"ID": "h2", "n": "2", "amount": 0.1},
        {"id": "h3", "note": {"B": 1}, "mode": "drop"},
    )
    with stack.mover("firehose", *FAST):
        rows = wait_for(lambda: len(found := lake_rows(stack, "h")) == 2 and found, "two rows")
        wait_for(lambda: stack.keys("raw/"), "the backup")
    assert rows == [
        {"id": "h1", "n": 1, "amount": Decimal("12.5000"), "at": datetime(2026, 11, 20, 10, 15, 0, 123000),
         "note": None},
        {"id": "h2", "n": 2, "amount": Decimal("0.1000"), "at": None, "note": None},
    ]  # fmt: skip
    backup = b"".join(gzip.decompress(stack.read(key)) for key in stack.keys("raw/"))
    assert backup.count(b'"id": "h') + backup.count(b'"ID": "h') == 3
    key, *_ = stack.keys("curated/rows/")
    assert re.match(r"curated/rows/day=\d{4}-\d\d-\d\d/", key)
    assert key.rsplit("/", 1)[1].startswith(f"{stack.outputs()['Delivery']}-1-2")
    assert key.endswith(".parquet")


def test_every_record_that_fails_alone(stack: Stack) -> None:
    expected = {
        "fail": "Lambda.ProcessingFailedStatus",
        "missing": "Lambda.MissingRecordId",
        "twice": "Lambda.DuplicatedRecordId",
        "no-data": "Lambda.InvalidReturnFormat",
    }
    modes = [*expected, "ok", "alien"]
    send(stack, *[{"id": f"m-{mode}", "mode": mode} for mode in modes], key="same shard")
    with stack.mover("firehose", *FAST):
        wait_for(lambda: len(error_lines(stack, "processing-failed", "m-")) == 4, "four errors")
        wait_for(lambda: len(lake_rows(stack, "m-")) == 2, "two rows")
    lines = error_lines(stack, "processing-failed", "m-")
    found = {json.loads(b64decode(line["rawData"]))["mode"]: line for line in lines}
    assert {mode: line["errorCode"] for mode, line in found.items()} == expected
    assert {line["attemptsMade"] for line in lines} == {1}
    assert all(type(line["arrivalTimestamp"]) is int and "lambdaARN" in line for line in lines)


@pytest.mark.parametrize(
    ("mode", "code", "attempts"),
    [
        ("raise", "Lambda.FunctionError", 2),
        ("sleep", "Lambda.FunctionTimedOut", 2),
        ("not-json", "Lambda.MissingRecordId", 1),  # a JSON string: a body without records
        ("bad-base64", "Lambda.InvalidReturnFormat", 1),
        ("illegal", "Lambda.InvalidReturnFormat", 1),
    ],
)
def test_a_batch_that_fails_as_a_whole(stack: Stack, mode: str, code: str, attempts: int) -> None:
    send(stack, {"id": f"{mode}-1"}, {"id": f"{mode}-2", "mode": mode}, {"id": f"{mode}-3"}, key="same shard")
    with stack.mover("firehose", *FAST):
        lines = wait_for(
            lambda: len(found := error_lines(stack, "processing-failed", mode)) == 3 and found, "three errors"
        )
    assert {(line["errorCode"], line["attemptsMade"]) for line in lines} == {(code, attempts)}


def test_a_function_that_may_not_be_invoked(stack: Stack) -> None:
    allow = stack.policy("DeliveryRole", "lambda:InvokeFunction")
    try:
        send(stack, {"id": "denied"})
        with stack.mover("firehose", *FAST):
            [line] = wait_for(lambda: error_lines(stack, "processing-failed", "denied"), "the error")
    finally:
        allow()
    assert (line["errorCode"], line["attemptsMade"]) == ("Lambda.InvokeAccessDenied", 2)
    events = stack.client("logs").get_log_events(
        logGroupName="/aws/kinesisfirehose/m", logStreamName="destination"
    )["events"]
    codes = {json.loads(event["message"])["errorCode"] for event in events}
    assert "Lambda.InvokeAccessDenied" in codes


def test_a_row_that_does_not_fit_the_table(stack: Stack) -> None:
    send(stack, {"id": "c1", "n": "many"}, {"id": "c2", "amount": 0.00001}, {"id": "c3", "n": 3})
    with stack.mover("firehose", *FAST):
        lines = wait_for(
            lambda: len(found := error_lines(stack, "format-conversion-failed", "c")) == 2 and found,
            "two errors",
        )
        wait_for(lambda: [row["id"] for row in lake_rows(stack, "c")] == ["c3"], "the row that fits")
    assert {line["lastErrorCode"] for line in lines} == {"DataFormatConversion.MalformedData"}
    assert lines[0]["dataCatalogTable"]["tableName"] == "rows"
    assert set(lines[0]["dataCatalogTable"]) == {
        "catalogId", "databaseName", "tableName", "region", "versionId", "roleArn",
    }  # fmt: skip


def test_what_s3_refuses_waits_and_is_not_lost(stack: Stack) -> None:
    allow = stack.policy("DeliveryRole", "s3:PutObject")
    try:
        before = stack.checkpoint("firehose")
        send(stack, {"id": "w1"}, {"id": "w2"}, key="same shard")
        process = stack.start("firehose", *FAST)
        wait_for(lambda: "S3.AccessDenied" in stack.log("firehose"), "the refusal")
        process.kill()  # what waits in memory is read again
        process.wait()
        after = stack.checkpoint("firehose")
        assert [shard for shard in after if after[shard][0] == "AT_SEQUENCE_NUMBER"]
        assert set(before) <= set(after)
        with stack.mover("firehose", *FAST):
            wait_for(lambda: stack.log("firehose").count("S3.AccessDenied") > 2, "the next refusal")
            allow()
            wait_for(lambda: {row["id"] for row in lake_rows(stack, "w")} == {"w1", "w2"}, "both rows")
    finally:
        allow()


def test_a_killed_firehose_delivers_everything_at_least_once(stack: Stack) -> None:
    sent: set[str] = set()
    for round_ in range(4):
        process = stack.start("firehose", *FAST)
        for part in range(4):
            records = [{"id": f"k{round_}-{part}-{number}"} for number in range(100)]
            send(stack, *records)
            sent |= {record["id"] for record in records}
        wait_for(lambda: stack.log("firehose").count("reading from") >= 2, "reading")
        process.kill()
        process.wait()
    with stack.mover("firehose", *FAST):
        wait_for(lambda: {row["id"] for row in lake_rows(stack, "k")} == sent, "every row")


def test_a_changed_table_is_followed(stack: Stack) -> None:
    glue = stack.client("glue")
    table = glue.get_table(DatabaseName="movers", Name="rows")["Table"]
    kept = {name: table[name] for name in ("Name", "StorageDescriptor", "PartitionKeys", "TableType")}
    kept["StorageDescriptor"]["Columns"].append({"Name": "fresh", "Type": "bigint"})
    glue.update_table(DatabaseName="movers", TableInput=kept)
    send(stack, {"id": "f1", "fresh": 2**40})
    with stack.mover("firehose", *FAST):
        [row] = wait_for(lambda: lake_rows(stack, "f1"), "the row")
    assert row["fresh"] == 2**40


def test_a_stopped_firehose_delivers_what_it_read(stack: Stack) -> None:
    with stack.mover("firehose"):  # interval 60 s: only the end can deliver in time
        before = stack.checkpoint("firehose")
        send(stack, {"id": "t1"})
        wait_for(lambda: stack.checkpoint("firehose") != before, "the record to be read")
    assert [row["id"] for row in lake_rows(stack, "t1")] == ["t1"]
    assert all(position[0] == "AFTER_SEQUENCE_NUMBER" for position in stack.checkpoint("firehose").values())
