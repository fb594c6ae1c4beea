"""Which quota binds at which rate: a model of each hop, of documented quotas and measured sizes.

A hop's limit is in changes a second, as a new account has it and as it can be had. Sources: the quota pages
of the services' guides, looked up in 2026-11. The job is not in it: its speed on Glue is not measured.
"""

from __future__ import annotations

from typing import NamedTuple

from salescast.cost.bill import ROW_BYTES
from salescast.cost.usage import Usage

RATES = (10, 1_000, 100_000, 1_000_000)
CHANGE = Usage(0).change_bytes
# A change takes about 30 microseconds of the transformer at 1 GB (`make bench` on a processor of which Lambda
# gives 0.58 at that size), an invocation 5 ms besides, for 1 MB of changes.
TRANSFORM_SECONDS = 30e-6 + 0.005 * CHANGE / 1e6
QUERY_SECONDS = 28 * 86_400
PIPE_BATCH, PIPE_SECONDS = 500, 0.2  # a batch, and how long a shard waits for its PutRecords at the most
SHARD_WRITES = 1_000  # a second, of one partition of a table, which has one shard in its stream


class Hop(NamedTuple):
    """A hop, the quota that binds in it, its limit as it comes and as it can be had, and how."""

    name: str
    quota: str
    limit: float
    raised: float
    remedy: str


def hops() -> list[Hop]:
    """The hops in the order in which data flows."""
    return [
        Hop(
            "orders table",
            "4,000 write units a second of a new table, 40,000 of any; a transaction takes two",
            4_000 / 2,
            1e7,
            "warm throughput for the table, then Service Quotas: table-level write units",
        ),
        Hop(
            "Pipe",
            "1,000 executions at once in an account; one batch of 500 for each shard of the table's stream",
            min(SHARD_WRITES, PIPE_BATCH / PIPE_SECONDS) * 1_000,
            1e7,
            "Service Quotas: concurrent pipe executions",
        ),
        Hop(
            "Kinesis stream",
            "4 MB a second of a new on-demand stream, 200 MB after it has grown",
            4e6 / CHANGE,
            10e9 / CHANGE,
            "fill it slowly (it doubles in minutes), warm throughput, then Service Quotas: 10 GB a second",
        ),
        Hop(
            "transformer",
            "10 functions at once in a new account, 1,000 in others",
            10 / TRANSFORM_SECONDS,
            1e4 / TRANSFORM_SECONDS,
            "Service Quotas: concurrent executions",
        ),
        Hop(
            "Firehose",
            "5 calls of the transformer at once for each shard; no dynamic partitions to run out of",
            5 / TRANSFORM_SECONDS,
            1e7,
            "grows with the shards of the stream",
        ),
        Hop(
            "queries",
            "ScanLimitBytes, 10 GiB a query, for 28 days and 90 bytes a change",
            10 * 1024**3 / ROW_BYTES / QUERY_SECONDS,
            1e6,
            "ScanLimitBytes; tables of sums for dashboards",
        ),
    ]


def binding(rate: float) -> list[Hop]:
    """The hops whose limit, as it comes, is below a rate in changes a second; the tightest first."""
    return sorted((hop for hop in hops() if hop.limit < rate), key=lambda hop: hop.limit)
