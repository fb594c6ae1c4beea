"""What the tests of the data movers send, and what they find in the lake, in Kinesis and in the queue."""

from __future__ import annotations

import json
from base64 import b64decode
from functools import cache
from io import BytesIO
from typing import Any

import pyarrow.parquet as pq

from tests.local.movers.stack import Stack


def send(stack: Stack, *records: dict[str, Any], key: str | None = None) -> None:
    """Puts records for Firehose into Kinesis, at most 500 a call."""
    entries = [
        {"Data": json.dumps(record).encode(), "PartitionKey": key or str(number)}
        for number, record in enumerate(records)
    ]
    for start in range(0, len(entries), 500):
        answer = stack.client("kinesis").put_records(
            StreamName=stack.outputs()["Stream"], Records=entries[start : start + 500]
        )
        assert answer["FailedRecordCount"] == 0


def lake_rows(stack: Stack, start: str) -> list[dict[str, Any]]:
    """Rows in the lake whose id starts so."""
    found: list[dict[str, Any]] = []
    for key in stack.keys("curated/rows/"):
        found += [row for row in _parquet(stack.read(key)) if (row["id"] or "").startswith(start)]
    return found


@cache
def _parquet(content: bytes) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(BytesIO(content)).to_pylist()
    return rows


def error_lines(stack: Stack, kind: str, start: str) -> list[dict[str, Any]]:
    """Lines of error objects of this kind whose raw data has such an id."""
    lines = [
        json.loads(line) for key in stack.keys(f"errors/{kind}/") for line in stack.read(key).splitlines()
    ]
    return [line for line in lines if json.loads(b64decode(line["rawData"])).get("id", "").startswith(start)]


def stream_events(stack: Stack, start: str) -> list[dict[str, Any]]:
    """Events in Kinesis of the orders whose id starts so, shard by shard."""
    kinesis, name = stack.client("kinesis"), stack.outputs()["Stream"]
    found = []
    for shard in kinesis.list_shards(StreamName=name)["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName=name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        for record in kinesis.get_records(ShardIterator=iterator)["Records"]:
            event = json.loads(record["Data"])
            if "dynamodb" not in event:  # sent by a test of Firehose
                continue
            key = event["dynamodb"]["Keys"]["id"]["S"]
            assert record["PartitionKey"] == key
            if key.startswith(start):
                found.append(event)
    return found


def dead_letters(stack: Stack) -> list[dict[str, Any]]:
    """The messages of the dead-letter queue, which is empty afterwards."""
    sqs, queue = stack.client("sqs"), stack.outputs()["Queue"]
    found = []
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return found
