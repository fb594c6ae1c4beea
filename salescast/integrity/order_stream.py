"""Records of the stack's Kinesis stream, which keeps them for 24 hours unless told otherwise."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from salescast.stack.services.raw_answers import keep_raw
from salescast.stack.stack import Stack

PAGE = 10_000

Record = dict[str, Any]
"""SequenceNumber, ApproximateArrivalTimestamp (epoch seconds), Data (base64 text), PartitionKey."""


def records(stack: Stack, since: datetime, until: float) -> Iterator[Record]:
    """Shard by shard, those that came between `since` and `until` (epoch seconds) and are kept still.

    Raises ClientError for a missing right or a stream that does not answer.
    """
    client: Any = stack.session.client("kinesis", endpoint_url=stack.endpoint, config=stack.config)
    keep_raw(client, "GetRecords")
    name = stack.output("OrderStream")
    for shard in client.get_paginator("list_shards").paginate(StreamName=name).search("Shards"):
        iterator = client.get_shard_iterator(
            StreamName=name, ShardId=shard["ShardId"], ShardIteratorType="AT_TIMESTAMP", Timestamp=since
        )["ShardIterator"]
        while iterator:
            answer = client.get_records(ShardIterator=iterator, Limit=PAGE)
            for record in answer["Records"]:
                if record["ApproximateArrivalTimestamp"] >= until:
                    break
                yield record
            else:
                iterator = answer.get("NextShardIterator") if answer["MillisBehindLatest"] else None
                continue
            break
