"""The stand-in for Glue's crawlers: tables and partitions from the Parquet files that are there.

    python -m salescast.local.movers.crawler --endpoint URL --stack NAME --state DIR

Keeps (docs/aws-behaviour.md 6.3): a run begins with StartCrawler and ends with LastCrawl SUCCEEDED or FAILED;
everything is read and written with the crawler's role; columns from the files' footers; TablePrefix;
RecrawlPolicy CRAWL_EVERYTHING and CRAWL_NEW_FOLDERS_ONLY; the log /aws-glue/crawlers. Layout by
crawler_layout.py, catalog by crawler_catalog.py.

Leaves out: the crawler's schedule; other targets than S3; other formats than Parquet (passed over, and
logged).
"""

from __future__ import annotations

import io
import json
import logging
import time
import urllib.request
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import BotoCoreError, ClientError

from salescast.local.movers.crawler.catalog import Catalog
from salescast.local.movers.crawler.layout import (
    Found,
    Object,
    merge_columns,
    split_path,
    table_level,
    tables,
)
from salescast.local.movers.credentials import client, service_session
from salescast.local.movers.formats.hive import UnsupportedTypeError, from_arrow
from salescast.local.movers.runner import Runner, absent, describe, start

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.5
LOG_GROUP = "/aws-glue/crawlers"
_TAIL = 64 * 1024
_READERS = 4


class Crawl:
    """One run of a crawler."""

    def __init__(self, runner: Runner, crawler: dict[str, Any]) -> None:
        self._crawler = crawler
        self._name = crawler["Name"]
        role = crawler["Role"]
        account = role.split(":")[4]
        arn = f"arn:aws:glue:{runner.account.region_name}:{account}:crawler/{self._name}"
        session = service_session(runner.endpoint, role, "glue.amazonaws.com", arn, account)
        self._s3 = client(session, "s3", runner.endpoint)
        self._logs = client(session, "logs", runner.endpoint)
        self._lines: list[dict[str, Any]] = []
        policy = crawler.get("SchemaChangePolicy") or {}
        update = policy.get("UpdateBehavior", "UPDATE_IN_DATABASE") == "UPDATE_IN_DATABASE"
        glue = client(session, "glue", runner.endpoint)
        self._catalog = Catalog(glue, crawler["DatabaseName"], self._name, update, self._say)
        recrawl = (crawler.get("RecrawlPolicy") or {}).get("RecrawlBehavior", "CRAWL_EVERYTHING")
        self._new_only = recrawl == "CRAWL_NEW_FOLDERS_ONLY"

    def run(self) -> None:
        """Crawls every S3 target. Raises ClientError, OSError."""
        self._say(f"BENCHMARK : Running Start Crawl for Crawler {self._name}")
        try:
            level = table_level(self._crawler.get("Configuration") or "")
            for target in self._crawler["Targets"].get("S3Targets", []):
                bucket, folder = split_path(target["Path"])
                objects = self._objects(bucket, folder)
                excluded = target.get("Exclusions") or []
                prefix = self._crawler.get("TablePrefix") or ""
                for found in tables(bucket, folder, objects, excluded, level, prefix):
                    self._crawl(found)
            self._say("BENCHMARK : Crawler has finished running and is in state READY")
        except (ClientError, BotoCoreError, OSError) as error:
            self._say(f"ERROR : {describe(error)}")
            raise
        finally:
            self._write_log()

    def _crawl(self, found: Found) -> None:
        if self._new_only:
            known = self._catalog.partitions(found.name) or {}
            found.partitions = {v: items for v, items in found.partitions.items() if v not in known}
        objects = [item for items in found.partitions.values() for item in items]
        with ThreadPoolExecutor(_READERS) as readers:
            footers = list(readers.map(lambda item: self._footer(found.bucket, item), objects))
        columns = merge_columns(columns for columns, _ in footers)
        if columns:
            self._catalog.write(found, columns, sum(rows for _, rows in footers))

    def _objects(self, bucket: str, prefix: str) -> Iterable[Object]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [Object(item["Key"], item["Size"]) for page in pages for item in page.get("Contents", [])]

    def _footer(self, bucket: str, item: Object) -> tuple[list[tuple[str, str]], int]:
        """Columns and number of rows of a Parquet file, none for any other."""
        tail = self._tail(bucket, item, _TAIL)
        length = int.from_bytes(tail[-8:-4], "little") + 8
        if tail[-4:] != b"PAR1" or length > item.size:
            self._say(f"INFO : {item.key} is not Parquet, passed over")
            return [], 0
        if length > len(tail):
            tail = self._tail(bucket, item, length)
        try:
            # Only the footer is parsed; that the row groups it points to are absent does not matter.
            metadata = pq.read_metadata(io.BytesIO(b"PAR1" + tail[-length:]))
            schema = metadata.schema.to_arrow_schema()
            return [(field.name, from_arrow(field.type)) for field in schema], metadata.num_rows
        except (pa.ArrowException, UnsupportedTypeError, OSError) as error:
            self._say(f"INFO : {item.key} passed over: {error}")
            return [], 0

    def _tail(self, bucket: str, item: Object, length: int) -> bytes:
        start = max(item.size - length, 0)
        answer = self._s3.get_object(Bucket=bucket, Key=item.key, Range=f"bytes={start}-{item.size - 1}")
        body: bytes = answer["Body"].read()
        return body

    def _say(self, message: str) -> None:
        logger.info("%s: %s", self._name, message)
        self._lines.append({"timestamp": time.time_ns() // 1_000_000, "message": message})

    def _write_log(self) -> None:
        where = {"logGroupName": LOG_GROUP, "logStreamName": self._name}
        try:
            with suppress(self._logs.exceptions.ResourceAlreadyExistsException):
                self._logs.create_log_group(logGroupName=LOG_GROUP)
            with suppress(self._logs.exceptions.ResourceAlreadyExistsException):
                self._logs.create_log_stream(**where)
            self._logs.put_log_events(**where, logEvents=self._lines)
        except (ClientError, BotoCoreError, OSError) as error:
            logger.warning("the log group %s was not written: %s", LOG_GROUP, describe(error))


def run(runner: Runner) -> None:
    """Waits for StartCrawler on the stack's crawler until the process is told to stop."""
    glue = runner.client("glue")

    def step() -> None:
        try:
            name = runner.resource("AWS::Glue::Crawler")
            crawler = glue.get_crawler(Name=name)["Crawler"] if name else None
        except ClientError as error:
            if absent(error):
                return
            raise
        if crawler is not None and crawler["State"] == "RUNNING":
            _finish(runner, crawler["Name"], _run(runner, crawler))

    runner.follow(step, POLL_SECONDS)


def _run(runner: Runner, crawler: dict[str, Any]) -> str:
    """Runs the crawler; gives the error message, empty when it succeeded."""
    try:
        Crawl(runner, crawler).run()
        return ""
    except (ClientError, BotoCoreError, OSError) as error:
        logger.error("%s: %s", crawler["Name"], describe(error))
        return describe(error)


def _finish(runner: Runner, name: str, error: str) -> None:
    body = {"Name": name, "Status": "FAILED" if error else "SUCCEEDED", "ErrorMessage": error}
    request = urllib.request.Request(  # noqa: S310 - the runner's endpoint is on loopback
        f"{runner.endpoint}/_salescast/crawler-finished", data=json.dumps(body).encode(), method="POST"
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30):
        pass


def main() -> int:
    """Run until SIGTERM or SIGINT. Returns the exit status."""
    return start("crawler", run)
