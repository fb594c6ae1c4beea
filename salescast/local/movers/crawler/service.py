"""The stand-in for Glue's crawlers: tables and partitions from the Parquet files that are there.

    python -m salescast.local.movers.crawler --endpoint URL --stack NAME --state DIR

Keeps (docs/aws-behaviour.md 6.3): a run begins with StartCrawler and ends with LastCrawl SUCCEEDED or FAILED;
everything is read and written with the crawler's role; columns from the files' footers; TablePrefix;
RecrawlPolicy CRAWL_EVERYTHING and CRAWL_NEW_FOLDERS_ONLY; the log /aws-glue/crawlers. Layout by
layout.py, catalog by catalog.py.

Leaves out: the crawler's schedule; other targets than S3; other formats than Parquet (passed over, and
logged).
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import BotoCoreError, ClientError

from salescast.local.movers.clients import Clients
from salescast.local.movers.crawler.catalog import Catalog
from salescast.local.movers.crawler.config import (
    CrawlerConfig,
    CrawlerState,
    CrawlStatus,
    RecrawlBehavior,
    UpdateBehavior,
    from_description,
)
from salescast.local.movers.crawler.layout import CrawledTable, Object, merge_columns, tables
from salescast.local.movers.crawler.log import CrawlerLog
from salescast.local.movers.crawler.rights import RIGHTS
from salescast.local.movers.credentials import post, service_session
from salescast.local.movers.formats.hive import UnsupportedTypeError, from_arrow
from salescast.local.movers.runner import Runner, describe, start

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.5
_TAIL = 64 * 1024
_READERS = 4


class Crawl:
    """One run of a crawler."""

    def __init__(self, runner: Runner, config: CrawlerConfig) -> None:
        self._config = config
        arn = f"arn:aws:glue:{runner.account.region_name}:{config.account}:crawler/{config.name}"
        session = service_session(
            runner.endpoint,
            runner.account,
            config.role_arn,
            "glue.amazonaws.com",
            arn,
            config.account,
            rights=RIGHTS,
        )
        clients = Clients(session, runner.endpoint)
        self._s3 = clients.s3
        self._log = CrawlerLog(clients.logs, config.name)
        update = config.update is UpdateBehavior.UPDATE
        self._catalog = Catalog(clients.glue, config.database, config.name, update, self._log.say)

    def run(self) -> None:
        """Crawls every S3 target. Raises ClientError, OSError."""
        config = self._config
        self._log.say(f"BENCHMARK : Running Start Crawl for Crawler {config.name}")
        try:
            for bucket, folder, exclusions in config.targets:
                objects = self._objects(bucket, folder)
                level, prefix = config.table_level, config.table_prefix
                for table in tables(bucket, folder, objects, exclusions, level, prefix):
                    self._crawl(table)
            self._log.say("BENCHMARK : Crawler has finished running and is in state READY")
        except (ClientError, BotoCoreError, OSError) as error:
            self._log.say(f"ERROR : {describe(error)}")
            raise
        finally:
            self._log.write()

    def _crawl(self, table: CrawledTable) -> None:
        if self._config.recrawl is RecrawlBehavior.NEW_FOLDERS:
            registered = self._catalog.partitions(table.name) or {}
            new = {values: items for values, items in table.partitions.items() if values not in registered}
            table.partitions = new
        objects = [item for items in table.partitions.values() for item in items]
        with ThreadPoolExecutor(_READERS) as readers:
            footers = list(readers.map(lambda item: self._footer(table.bucket, item), objects))
        columns = merge_columns(columns for columns, _ in footers)
        if columns:
            self._catalog.write(table, columns, sum(rows for _, rows in footers))

    def _objects(self, bucket: str, prefix: str) -> Iterable[Object]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [Object(item["Key"], item["Size"]) for page in pages for item in page.get("Contents", [])]

    def _footer(self, bucket: str, item: Object) -> tuple[list[tuple[str, str]], int]:
        """Columns and number of rows of a Parquet file, none for any other."""
        tail = self._tail(bucket, item, _TAIL)
        length = int.from_bytes(tail[-8:-4], "little") + 8
        if tail[-4:] != b"PAR1" or length > item.size:
            self._log.say(f"INFO : {item.key} is not Parquet, passed over")
            return [], 0
        if length > len(tail):
            tail = self._tail(bucket, item, length)
        try:
            # Only the footer is parsed; that the row groups it points to are absent does not matter.
            metadata = pq.read_metadata(io.BytesIO(b"PAR1" + tail[-length:]))
            schema = metadata.schema.to_arrow_schema()
            return [(field.name, from_arrow(field.type)) for field in schema], metadata.num_rows
        except (pa.ArrowException, UnsupportedTypeError, OSError) as error:
            self._log.say(f"INFO : {item.key} passed over: {error}")
            return [], 0

    def _tail(self, bucket: str, item: Object, length: int) -> bytes:
        start = max(item.size - length, 0)
        answer = self._s3.get_object(Bucket=bucket, Key=item.key, Range=f"bytes={start}-{item.size - 1}")
        return answer["Body"].read()


def run(runner: Runner) -> None:
    """Waits for StartCrawler on the stack's crawler until the process is told to stop."""

    def step() -> None:
        config = describe_crawler(runner)
        if config is not None:
            runner.condition.at_work()
        if config is not None and config.state is CrawlerState.RUNNING:
            _finish(runner, config.name, _run(runner, config))

    runner.follow(step, POLL_SECONDS)


def describe_crawler(runner: Runner) -> CrawlerConfig | None:
    """The stack's crawler, None while there is none."""
    return runner.described(
        "AWS::Glue::Crawler",
        lambda name: from_description(runner.clients.glue.get_crawler(Name=name)["Crawler"]),
    )


def _run(runner: Runner, config: CrawlerConfig) -> str:
    """Runs the crawler; gives the error message, empty when it succeeded."""
    try:
        Crawl(runner, config).run()
        return ""
    except (ClientError, BotoCoreError, OSError) as error:
        logger.error("%s: %s", config.name, describe(error))
        return describe(error)


def _finish(runner: Runner, name: str, error: str) -> None:
    status = CrawlStatus.FAILED if error else CrawlStatus.SUCCEEDED
    body = {"Name": name, "Status": status, "ErrorMessage": error}
    post(runner.account, f"{runner.endpoint}/_salescast/crawler-finished", body)


def main() -> int:
    """Run until SIGTERM or SIGINT. Returns the exit status."""
    return start("crawler", run)
