"""A batch of source records on its way through the transformation function.

Keeps (docs/aws-behaviour.md 2.1, 2.3): the processor's buffer, by bytes of data and by time; the event with
base64 data, millisecond times and Kinesis metadata; a payload under 6 MB, also when records are tiny and
their envelopes weigh more than they do.
"""

from __future__ import annotations

import uuid
from binascii import a2b_base64
from collections.abc import Iterator
from typing import NamedTuple

import orjson

from salescast.local.movers.firehose.config import FirehoseConfig
from salescast.local.movers.progress import Container
from salescast.local.movers.shard import Record

MAX_PAYLOAD = 6 * 1024 * 1024 - 10_000
_ENVELOPE = 420  # bytes around a record's data and partition key in the event, at most


class Source(NamedTuple):
    """A record as it came from Kinesis."""

    sequence_number: str
    arrival: int  # epoch milliseconds
    data: str  # base64
    partition_key: str

    @property
    def size(self) -> int:
        """Bytes of data."""
        return len(self.data) * 3 // 4

    def decoded(self) -> bytes:
        return a2b_base64(self.data)


class Batch(Container):
    """Records of one shard, gathered for one invocation."""

    def __init__(self, shard_id: str, opened: float) -> None:
        super().__init__()
        self.shard_id = shard_id
        self.opened = opened
        self.sources: list[Source] = []
        self.size = 0
        self.payload = 0

    def add(self, source: Source) -> None:
        if not self.sources:
            self.holds(self.shard_id, source.sequence_number)
        self.sources.append(source)
        self.size += source.size
        self.payload += _payload(source)

    def full(self, most: int, following: Source) -> bool:
        """Whether the next record belongs to the next batch."""
        if not self.sources:
            return False
        return self.size + following.size > most or self.payload + _payload(following) > MAX_PAYLOAD

    def event(self, config: FirehoseConfig) -> bytes:
        """The invocation's payload. A retry has the same records and another invocationId."""
        head = orjson.dumps(
            {
                "invocationId": str(uuid.uuid4()),
                "sourceKinesisStreamArn": config.source,
                "deliveryStreamArn": config.arn,
                "region": config.region,
            }
        )
        records = ",".join(self._records()).encode()
        return b'%b,"records":[%b]}' % (head[:-1], records)

    def _records(self) -> Iterator[str]:
        # Written by hand: the data is base64 already, and everything else is short. The record id is the
        # sequence number, which is unique in a shard.
        for sequence, arrival, data, key in self.sources:
            yield (
                f'{{"recordId":"{sequence}","approximateArrivalTimestamp":{arrival},"data":"{data}",'
                f'"kinesisRecordMetadata":{{"shardId":"{self.shard_id}",'
                f'"partitionKey":{orjson.dumps(key).decode()},'
                f'"approximateArrivalTimestamp":{arrival},"sequenceNumber":"{sequence}","subsequenceNumber":0}}}}'
            )


def to_source(record: Record) -> Source:
    """The source record of a raw GetRecords record."""
    return Source(
        record["SequenceNumber"],
        round(record["ApproximateArrivalTimestamp"] * 1000),
        record["Data"],
        record["PartitionKey"],
    )


def _payload(source: Source) -> int:
    return len(source.data) + len(source.partition_key) * 2 + _ENVELOPE
