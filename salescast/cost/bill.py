"""The bill of a month, line by line with its arithmetic, for the ways to build this.

* default: the template as it is. provisioned: with `StreamMode=PROVISIONED`.
* naive: what tutorials build of the same services: Firehose partitions by the order's date (so an object
  holds about five changes, as measured before this project stopped doing that), no job merges them, a
  crawler looks for partitions every hour.
* zero-etl: DynamoDB's own integration with an Iceberg table, which has the state alone: no log of changes, no
  metrics of one's own.

Free tiers are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from salescast.cost.prices import Prices, prices
from salescast.cost.usage import CHANGES_PER_ORDER, HOURS, Usage

GB = 1e9
KB = 1024.0
DAYS = 30.4
BATCH_SECONDS = 5.0  # the transformer is called as often at least, while something flows
BATCH_BYTES = 1e6
QUERY_BYTES = 10e6  # the least that Athena bills
ROW_BYTES = 90.0  # of a change in Parquet, of the columns that a query reads
STORED_BYTES = 250.0  # of a change in Parquet: in the log, and in the state
GZIP = 8.0  # how often raw/ is smaller than what came
LOG_BYTES = 1_500.0  # of an invocation: its metrics, and Lambda's own three lines
CHANGES_PER_NAIVE_OBJECT = 5.0
# Order dates that change within one interval, at the most: an order is settled within a month.
NAIVE_DATES = 30.0
SHARD_CHANGES = 1_000.0  # a second
DESIGNS = ("default", "provisioned", "naive", "zero-etl")


class Line(NamedTuple):
    """One line: what, how it was counted, US dollars a month. `grows`: with the number of changes."""

    item: str
    arithmetic: str
    usd: float
    grows: bool


@dataclass(frozen=True)
class Bill:
    """A month's bill of one design."""

    design: str
    usage: Usage
    lines: list[Line] = field(default_factory=list)

    @property
    def usd(self) -> float:
        return sum(line.usd for line in self.lines)

    @property
    def fixed(self) -> float:
        """What is paid whether or not anything flows."""
        return sum(line.usd for line in self.lines if not line.grows)

    @property
    def per_million(self) -> float:
        """What a million changes cost beyond the fixed part, with the queries that look at them."""
        return (self.usd - self.fixed) / self.usage.changes * 1e6 if self.usage.changes else 0.0


def bill(usage: Usage, design: str = "default") -> Bill:
    """The bill of a design; `design` is one of DESIGNS."""
    usage = replace(usage, provisioned=usage.provisioned or design == "provisioned")
    made = _zero_etl if design == "zero-etl" else _naive if design == "naive" else _default
    return Bill(design, usage, [line for line in made(usage, prices()) if line.usd >= 0.005])


def shards(usage: Usage) -> int:
    """Shards that a provisioned stream needs, twice the mean: a shop has busy hours."""
    second = usage.changes / HOURS / 3600
    return max(1, math.ceil(2 * second / SHARD_CHANGES), math.ceil(2 * second * usage.change_bytes / 1e6))


def _default(usage: Usage, price: Prices) -> Iterator[Line]:
    yield from _orders(usage, price)
    yield from _flow(usage, price)
    objects = _objects(usage)
    yield Line(
        "S3, objects written",
        f"{objects:,.0f} puts of rows, {_raw(usage):,.0f} of raw/",
        (objects + _raw(usage)) * price["s3_put"],
        grows=False,
    )
    hours = usage.job_runs * (2 + usage.changes / 1e6) / 60 * 2
    yield Line(
        "Glue, the job",
        f"{usage.job_runs:,.0f} runs, {hours:,.1f} DPU-hours",
        hours * price["glue_dpu_hour"],
        grows=False,
    )
    arrivals = objects / DAYS / 2 * DAYS / max(usage.job_runs, 1)
    yield from _queries(usage, price, arrivals + usage.query_days / 7)
    yield from _watching(usage, price)


def _naive(usage: Usage, price: Prices) -> Iterator[Line]:
    yield from _orders(usage, price)
    yield from _flow(usage, price)
    billed = usage.changes * 5 * KB / GB
    objects = max(
        _objects(usage), min(usage.changes / CHANGES_PER_NAIVE_OBJECT, NAIVE_DATES * _objects(usage))
    )
    yield Line(
        "Firehose, dynamic partitioning",
        f"{billed:,.2f} GB, {objects:,.0f} objects",
        billed * price["firehose_partitioning"] + objects * price["firehose_partition_object"],
        grows=True,
    )
    yield Line("S3, objects written", f"{objects:,.0f} puts", objects * price["s3_put"], grows=True)
    hours = 24 * DAYS * 2 * 10 / 60
    yield Line(
        "Glue, crawler every hour",
        f"{24 * DAYS:,.0f} runs of ten minutes, {hours:,.0f} DPU-hours",
        hours * price["glue_dpu_hour"],
        grows=False,
    )
    yield from _queries(usage, price, objects * usage.query_days / DAYS)
    yield from _watching(usage, price)


def _zero_etl(usage: Usage, price: Prices) -> Iterator[Line]:
    yield from _orders(usage, price)
    size = usage.changes * usage.item_bytes / GB
    yield Line("DynamoDB, export of changes", f"{size:,.2f} GB", size * price["dynamodb_export"], grows=True)
    hours = 24 * DAYS * 2 * (3 + usage.changes / 24 / DAYS / 1e5) / 60
    yield Line(
        "Glue, ingestion every hour",
        f"{24 * DAYS:,.0f} runs, {hours:,.0f} DPU-hours",
        hours * price["glue_dpu_hour"],
        grows=False,
    )
    yield from _queries(usage, price, usage.query_days / 7)


def _orders(usage: Usage, price: Prices) -> Iterator[Line]:
    """The orders themselves, whoever writes them: here in transactions, which cost twice."""
    units = 2 * usage.changes * math.ceil(usage.item_bytes / KB)
    yield Line(
        "DynamoDB, writes",
        f"{units / 1e6:,.2f} million units, twice one for each change (transactions)",
        units * price["dynamodb_write"],
        grows=True,
    )
    kept = usage.changes / CHANGES_PER_ORDER * usage.item_bytes / GB
    yield Line(
        "DynamoDB, kept and backed up",
        f"{kept:,.2f} GB for each month of orders",
        kept * (price["dynamodb_storage"] + price["dynamodb_backup"]),
        grows=True,
    )


def _flow(usage: Usage, price: Prices) -> Iterator[Line]:
    """From the table's stream to Firehose."""
    polls = max(0.0, 4 * 3600 * HOURS - 2.5e6)
    yield Line(
        "Pipes, polling DynamoDB Streams",
        f"{polls / 1e6:,.1f} million reads",
        polls * price["streams_read"],
        grows=False,
    )
    batches = min(usage.changes, 3600 * HOURS)
    requests = max(batches, usage.changes * usage.change_bytes / (64 * KB))
    yield Line(
        "Pipes, requests",
        f"{requests / 1e6:,.2f} million of up to 64 KB",
        requests * price["pipes_request"],
        grows=True,
    )
    if usage.provisioned:
        count = shards(usage)
        hourly = price["kinesis_shard_hour"]
        hourly += price["kinesis_extended_shard_hour"] if usage.retention_hours > 24 else 0
        yield Line(
            "Kinesis, provisioned", f"{count:,} shard(s) x {HOURS:.0f} h", count * hourly * HOURS, grows=False
        )
        units = usage.changes * math.ceil(usage.change_bytes / (25 * KB))
        yield Line(
            "Kinesis, written",
            f"{units / 1e6:,.2f} million units of 25 KB",
            units * price["kinesis_put_unit"],
            grows=True,
        )
    else:
        yield Line("Kinesis, on demand", f"{HOURS:.0f} h", HOURS * price["kinesis_stream_hour"], grows=False)
        gigabytes = usage.changes * math.ceil(usage.change_bytes / KB) * KB / GB
        yield Line(
            "Kinesis, in and out",
            f"{gigabytes:,.2f} GB, records of whole KB",
            gigabytes * (price["kinesis_in"] + price["kinesis_out"]),
            grows=True,
        )
        kept = gigabytes * max(0.0, usage.retention_hours - 24) / HOURS
        yield Line(
            "Kinesis, kept beyond a day", f"{kept:,.2f} GB", kept * price["kinesis_retention"], grows=True
        )
    billed = usage.changes * math.ceil(usage.change_bytes / (5 * KB)) * 5 * KB / GB
    yield Line(
        "Firehose, ingest and conversion",
        f"{billed:,.2f} GB, records of whole 5 KB",
        billed * (price["firehose_in"] + price["firehose_conversion"]),
        grows=True,
    )
    calls = max(
        min(usage.changes, 3600 * HOURS / BATCH_SECONDS), usage.changes * usage.change_bytes / BATCH_BYTES
    )
    seconds = calls * 0.005 + usage.changes * 30e-6
    yield Line(
        "Lambda, transformer",
        f"{calls / 1e6:,.2f} million calls, {seconds:,.0f} GB-seconds",
        calls * price["lambda_request"] + seconds * price["lambda_gb_second"],
        grows=True,
    )
    logged = calls * LOG_BYTES / GB
    yield Line("CloudWatch Logs", f"{logged:,.2f} GB", logged * price["logs_in"], grows=True)
    stored = usage.changes * (STORED_BYTES + usage.change_bytes / GZIP) / GB
    yield Line(
        "S3, kept",
        f"{stored:,.2f} GB of rows and raw/ for each month",
        stored * price["s3_storage"],
        grows=True,
    )


def _queries(usage: Usage, price: Prices, objects: float) -> Iterator[Line]:
    """People's queries and the dashboard's, each of which reads so many objects."""
    looks = usage.dashboard_hours * 60 * 4
    count = usage.queries + looks
    size = max(QUERY_BYTES, usage.changes / DAYS * usage.query_days * ROW_BYTES)
    scanned = usage.queries * size + looks * max(QUERY_BYTES, usage.changes / DAYS * ROW_BYTES)
    yield Line(
        "Athena, scanned",
        f"{count:,.0f} queries, {scanned / 1e12:,.2f} TB",
        scanned / 1e12 * price["athena_tb"],
        grows=usage.changes / DAYS * usage.query_days * ROW_BYTES > QUERY_BYTES,
    )
    reads = usage.queries * objects + looks * objects / usage.query_days
    yield Line(
        "S3, objects read by queries",
        f"{objects:,.0f} objects a query, {reads / 1e6:,.1f} million gets",
        reads * price["s3_get"],
        grows=objects > 1_000,
    )


def _watching(usage: Usage, price: Prices) -> Iterator[Line]:
    yield Line(
        "CloudWatch, alarms",
        f"{usage.alarm_metrics} metrics",
        usage.alarm_metrics * price["alarm_metric"],
        grows=False,
    )
    yield Line(
        "CloudWatch, metrics of the functions",
        f"{usage.own_metrics} metrics",
        usage.own_metrics * price["metric"],
        grows=False,
    )
    yield Line(
        "CloudWatch, the dashboard", "one; an account's first three are free", price["dashboard"], grows=False
    )


def _objects(usage: Usage) -> float:
    return min(usage.changes, HOURS * 3600 / usage.delivery_interval)


def _raw(usage: Usage) -> float:
    return min(usage.changes, HOURS * 12)
