"""The crawler on a real emulator: tables and partitions from files, under its role."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.local.movers.stack import Stack, running_stack
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("crawler")) as running:
        yield running


def _put(stack: Stack, key: str, table: pa.Table | bytes) -> None:
    body = BytesIO()
    if isinstance(table, bytes):
        body.write(table)
    else:
        pq.write_table(table, body)
    stack.client("s3").put_object(Bucket=stack.outputs()["Lake"], Key=key, Body=body.getvalue())


def _crawl(stack: Stack) -> dict[str, Any]:
    """Runs the crawler; gives its LastCrawl."""
    glue, name = stack.client("glue"), stack.outputs()["Crawler"]
    glue.start_crawler(Name=name)
    with pytest.raises(glue.exceptions.CrawlerRunningException):
        glue.start_crawler(Name=name)
    with stack.mover("crawler"):
        wait_for(lambda: glue.get_crawler(Name=name)["Crawler"]["State"] == "READY", "the crawler")
    last: dict[str, Any] = glue.get_crawler(Name=name)["Crawler"]["LastCrawl"]
    return last


def _partitions(stack: Stack) -> list[list[str]]:
    pages = stack.client("glue").get_partitions(DatabaseName="movers", TableName="crawled_rows")
    return [partition["Values"] for partition in pages["Partitions"]]


def test_a_table_is_made_of_what_is_there_and_follows_it(stack: Stack) -> None:
    glue = stack.client("glue")
    price = pa.array([Decimal("1.5")], pa.decimal128(18, 4))
    _put(stack, "curated/rows/day=2026-11-19/a.parquet", pa.table({"id": ["a"], "price": price}))
    _put(stack, "curated/rows/day=2026-11-20/b.parquet", pa.table({"id": ["b"], "n": [1], "Extra": [True]}))
    _put(stack, "curated/rows/day=2026-11-20/skip.parquet", pa.table({"skipped": [1]}))
    _put(stack, "curated/rows/day=2026-11-20/notes.txt", b"not parquet at all")
    assert _crawl(stack)["Status"] == "SUCCEEDED"
    table = glue.get_table(DatabaseName="movers", Name="crawled_rows")["Table"]
    assert [(column["Name"], column["Type"]) for column in table["StorageDescriptor"]["Columns"]] == [
        ("id", "string"), ("price", "decimal(18,4)"), ("n", "bigint"), ("extra", "boolean"),
    ]  # fmt: skip
    assert table["PartitionKeys"] == [{"Name": "day", "Type": "string"}]
    assert table["StorageDescriptor"]["Location"].endswith("/curated/rows/")
    assert table["Parameters"]["recordCount"] == "2"
    assert _partitions(stack) == [["2026-11-19"], ["2026-11-20"]]

    _put(stack, "curated/rows/day=2026-11-21/c.parquet", pa.table({"id": ["c"], "later": [1.5]}))
    last = _crawl(stack)
    assert last["Status"] == "SUCCEEDED", last
    table = glue.get_table(DatabaseName="movers", Name="crawled_rows")["Table"]
    assert table["StorageDescriptor"]["Columns"][-1] == {"Name": "later", "Type": "double"}
    assert _partitions(stack) == [["2026-11-19"], ["2026-11-20"], ["2026-11-21"]]
    declared = glue.get_table(DatabaseName="movers", Name="rows")["Table"]
    assert len(declared["StorageDescriptor"]["Columns"]) == 5  # left alone

    log = stack.client("logs").get_log_events(
        logGroupName="/aws-glue/crawlers", logStreamName=stack.outputs()["Crawler"]
    )["events"]
    assert any("Created table crawled_rows" in event["message"] for event in log)


def test_a_crawl_that_may_not_read_fails(stack: Stack) -> None:
    _put(stack, "curated/rows/day=2026-11-19/a.parquet", pa.table({"id": ["a"]}))
    allow = stack.policy("CrawlerRole", "s3:GetObject")
    try:
        last = _crawl(stack)
    finally:
        allow()
    assert last["Status"] == "FAILED"
    assert "GetObject" in last["ErrorMessage"]
