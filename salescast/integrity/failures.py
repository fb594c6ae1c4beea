"""Changes that are not in the lake but accounted for: under errors/ or in the dead-letter queue."""

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from salescast.stack.stack import Stack

ERRORS = "errors/"
# Failed copies of untransformed records; the records themselves went their way to the lake.
BACKUP = "errors/backup/"
# Reading does not take a message off the queue; it is hidden from others while all are read, for this long
# at the most.
PEEK_SECONDS = 30
# A poll that waits asks all of the queue's servers, one that does not asks some (SQS guide, short and long
# polling).
POLL_SECONDS = 1


@dataclass
class Failures:
    """What failed. `changes` holds (order_id, version), `removals` the ids of orders whose removal failed.

    `records` counts all of it, also what could not be read (`unreadable`: no order in it, or gone from the
    table's stream).
    """

    records: int = 0
    unreadable: int = 0
    changes: set[tuple[str, int]] = field(default_factory=set)
    removals: set[str] = field(default_factory=set)
    orders: set[str] = field(default_factory=set)

    def add(self, change: Any) -> None:
        """Take in a stream record as the Pipe passes it on, or a row as the transformer made it."""
        try:
            if "dynamodb" in change:
                image = change["dynamodb"].get("NewImage") or change["dynamodb"].get("OldImage") or {}
                order_id = change["dynamodb"]["Keys"]["order_id"]["S"]
                version, removal = image.get("version", {}).get("N"), change.get("eventName") == "REMOVE"
            else:
                order_id = change["order_id"]
                version, removal = change.get("version"), change.get("change_type") in ("REMOVE", "EXPIRE")
        except (KeyError, TypeError, AttributeError):
            self.unreadable += 1
            return
        self.orders.add(order_id)
        if removal:
            self.removals.add(order_id)
        elif str(version).isdecimal():
            self.changes.add((order_id, int(version)))


def read(stack: Stack) -> Failures:
    """Everything that failed and is still kept."""
    failures = Failures()
    for line in _error_lines(stack):
        failures.records += 1
        failures.add(_change(line))
    for message in _messages(stack):
        batch = message.get("DDBStreamBatchInfo", {})
        size = int(batch.get("batchSize", 1))
        failures.records += size
        found = 0
        for change in _stream_records(stack, batch, size):
            failures.add(change)
            found += 1
        failures.unreadable += size - found
    return failures


def error_objects(stack: Stack) -> Iterator[str]:
    """Keys of the objects that Firehose wrote for records that did not become rows."""
    for page in stack.s3.get_paginator("list_objects_v2").paginate(
        Bucket=stack.output("Lake"), Prefix=ERRORS
    ):
        yield from (one["Key"] for one in page.get("Contents", []) if not one["Key"].startswith(BACKUP))


def _error_lines(stack: Stack) -> Iterator[bytes]:
    for key in error_objects(stack):
        body = stack.s3.get_object(Bucket=stack.output("Lake"), Key=key)["Body"]
        yield from (line for line in body.iter_lines() if line.strip())


def _change(line: bytes) -> Any:
    """The record of an error line; it may be what the transformer made of it (docs/aws-behaviour.md 4.3)."""
    try:
        return json.loads(base64.b64decode(json.loads(line)["rawData"]))
    except (ValueError, KeyError, TypeError, binascii.Error):
        return None


def _messages(stack: Stack) -> list[dict[str, Any]]:
    """The queue's messages, which stay in it, visible to whoever asks next."""
    queue, bodies, handles = stack.output("DeadLetterQueue"), dict[str, str](), dict[str, str]()
    while True:
        answer = stack.sqs.receive_message(
            QueueUrl=queue,
            MaxNumberOfMessages=10,
            VisibilityTimeout=PEEK_SECONDS,
            WaitTimeSeconds=POLL_SECONDS,
        )
        messages = answer.get("Messages", [])
        handles |= {one["MessageId"]: one["ReceiptHandle"] for one in messages}
        if not any(one["MessageId"] not in bodies for one in messages):
            break
        bodies |= {one["MessageId"]: one["Body"] for one in messages}
    # Hidden messages would be missing from a second look, which comes soon.
    for handle in handles.values():
        stack.sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0)
    return [_metadata(body) for body in bodies.values()]


def _metadata(body: str) -> dict[str, Any]:
    try:
        message = json.loads(body)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def _stream_records(stack: Stack, batch: dict[str, Any], size: int) -> Iterator[Any]:
    """The records a dead letter points at, as long as the table's stream keeps them (24 hours)."""
    try:
        iterator: str | None = stack.dynamodbstreams.get_shard_iterator(
            StreamArn=batch["streamArn"],
            ShardId=batch["shardId"],
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=batch["startSequenceNumber"],
        )["ShardIterator"]
        left = size
        while iterator and left > 0:
            answer = stack.dynamodbstreams.get_records(ShardIterator=iterator, Limit=min(1000, left))
            for record in answer["Records"]:
                yield record
                left -= 1
                if record["dynamodb"].get("SequenceNumber") == batch.get("endSequenceNumber"):
                    return
            if not answer["Records"]:
                return
            iterator = answer.get("NextShardIterator")
    except KeyError:
        return
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("TrimmedDataAccessException", "ResourceNotFoundException"):
            raise
