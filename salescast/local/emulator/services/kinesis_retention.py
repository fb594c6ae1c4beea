"""Kinesis forgets old records and iterators without looking at all the others.

Gap closed: MiniStack copies the records of every shard with each call, which costs 12 ms a call once 250,000
records are kept, and goes through all iterators, of which every GetRecords makes one that is kept for five
minutes. Both stand in the order in which they were made, so those to forget are at the front.
"""

import time
from bisect import bisect_left
from typing import Any

from ministack.services import kinesis

from salescast.local.emulator import patching


def apply() -> None:
    """Replace MiniStack's expiry."""
    patching.replace(kinesis, "_expire_records", forget_expired)
    patching.replace(kinesis, "_expire_iterators", forget_expired_iterators)


def forget_expired(stream: dict[str, Any]) -> None:
    """Drop the records of `stream` (MiniStack's description of it) that are older than its retention."""
    cutoff = time.time() - stream["RetentionPeriodHours"] * 3600
    for shard in stream["shards"].values():
        records = shard["records"]
        if records and records[0]["ApproximateArrivalTimestamp"] < cutoff:
            del records[
                : bisect_left(records, cutoff, key=lambda record: record["ApproximateArrivalTimestamp"])
            ]


def forget_expired_iterators() -> None:
    """Drop the iterators, of any account and region, that can no longer be used."""
    cutoff = time.time() - kinesis.ITERATOR_EXPIRY_SECONDS
    iterators = kinesis._shard_iterators._data
    while iterators and iterators[oldest := next(iter(iterators))]["created_at"] < cutoff:
        del iterators[oldest]
