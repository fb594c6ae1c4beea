"""Messages of the dead-letter queue, and the changes they point at (docs/aws-behaviour.md 1.6).

A message holds no changes: it names their place in the table's stream, which keeps them for 24 hours.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from botocore.exceptions import ClientError

from salescast.integrity.failures import POLL_SECONDS
from salescast.local.movers.pipe.event import to_event
from salescast.local.movers.wire import keep_raw
from salescast.stack.stack import Stack

# Nobody else gets a message that is being worked on, for this long at the most.
HIDDEN_SECONDS = 300
# An open shard may answer with nothing several times and still have more.
EMPTY_PAGES = 10
GONE = ("TrimmedDataAccessException", "ResourceNotFoundException")


@dataclass
class DeadLetter:
    """One message. `handle` is the newest receipt, which deleting needs."""

    message_id: str
    handle: str
    batch: dict[str, Any] = field(default_factory=dict)
    reason: str = "dead letter: not a message of the pipe"

    @property
    def size(self) -> int:
        """How many changes the message stands for."""
        size = self.batch.get("batchSize")
        return size if isinstance(size, int) and size > 0 else 1

    @property
    def arrival(self) -> datetime | None:
        """When the last of its changes was made; None where the message does not say."""
        try:
            return datetime.fromisoformat(self.batch["approximateArrivalOfLastRecord"])
        except (KeyError, TypeError, ValueError):
            return None

    @property
    def place(self) -> str:
        """Where the changes were, for a person."""
        names = ("shardId", "startSequenceNumber", "endSequenceNumber", "approximateArrivalOfFirstRecord")
        shard, start, end, arrival = (self.batch.get(name, "?") for name in names)
        return f"shard {shard}, {start} to {end}, from {arrival} on"


def parse(message_id: str, handle: str, body: str) -> DeadLetter:
    """A message of the queue. Never raises."""
    try:
        content = json.loads(body)
        batch = content["DDBStreamBatchInfo"]
        if not isinstance(batch, dict):
            raise TypeError
        condition = str(content.get("context", {}).get("condition", "no condition"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return DeadLetter(message_id, handle)
    return DeadLetter(message_id, handle, batch, f"dead letter: {condition}")


class Queue:
    """The dead-letter queue as a context; what was taken and not deleted is visible again afterwards."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._url = stack.output("DeadLetterQueue")
        self._taken: dict[str, DeadLetter] = {}

    def __enter__(self) -> "Queue":
        return self

    def __exit__(self, *_: object) -> None:
        for letter in self._taken.values():
            # A message that was hidden for too long is visible already, and SQS refuses.
            with suppress(ClientError):
                self._stack.sqs.change_message_visibility(
                    QueueUrl=self._url, ReceiptHandle=letter.handle, VisibilityTimeout=0
                )

    def letters(self) -> Iterator[DeadLetter]:
        """Each message once."""
        seen: set[str] = set()
        while True:
            messages = self._stack.sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=10,
                VisibilityTimeout=HIDDEN_SECONDS,
                WaitTimeSeconds=POLL_SECONDS,
            ).get("Messages", [])
            letters = [parse(one["MessageId"], one["ReceiptHandle"], one["Body"]) for one in messages]
            self._taken |= {letter.message_id: letter for letter in letters}
            new = [letter for letter in letters if letter.message_id not in seen]
            if not new:
                return
            seen |= {letter.message_id for letter in new}
            yield from new

    def delete(self, letter: DeadLetter) -> None:
        del self._taken[letter.message_id]
        self._stack.sqs.delete_message(QueueUrl=self._url, ReceiptHandle=letter.handle)


def changes(stack: Stack, letter: DeadLetter) -> Iterator[tuple[str, bytes]]:
    """Order id and event, as the pipe makes it, of the changes that the table's stream still has."""
    batch = letter.batch
    try:
        arn, first, last = (
            batch["streamArn"],
            int(batch["startSequenceNumber"]),
            int(batch["endSequenceNumber"]),
        )
        iterator = _iterator(stack, batch)
    except (KeyError, TypeError, ValueError):
        return
    streams, empty = stack.dynamodbstreams, 0
    keep_raw(streams, "GetRecords")  # images stay DynamoDB JSON, whatever is in them
    while iterator and empty < EMPTY_PAGES:
        answer: Any = streams.get_records(ShardIterator=iterator, Limit=1000)
        for record in answer["Records"]:
            number = int(record["dynamodb"]["SequenceNumber"])
            if number > last:
                return
            if number >= first:
                yield record["dynamodb"]["Keys"]["order_id"]["S"], orjson.dumps(to_event(record, arn))
            if number == last:
                return
        empty = 0 if answer["Records"] else empty + 1
        iterator = answer.get("NextShardIterator")


def _iterator(stack: Stack, batch: dict[str, Any]) -> str | None:
    """At the first change; where that is gone, at the oldest the shard has; None without the shard."""
    streams, shard = stack.dynamodbstreams, {"StreamArn": batch["streamArn"], "ShardId": batch["shardId"]}
    for place in (
        {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": batch["startSequenceNumber"]},
        {"ShardIteratorType": "TRIM_HORIZON"},
    ):
        try:
            return str(streams.get_shard_iterator(**shard, **place)["ShardIterator"])
        except ClientError as error:
            if error.response["Error"]["Code"] not in GONE:
                raise
    return None
