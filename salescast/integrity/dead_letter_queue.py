"""The dead-letter queue, and the changes that its messages point at (docs/aws-behaviour.md 1.6).

A message holds no changes: it names their place in the table's stream, which keeps them for 24 hours.
"""

import json
import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson
from botocore.exceptions import ClientError

from salescast.integrity.failed_change import Chosen, FailedChange
from salescast.integrity.table_stream import Batch, TableStream
from salescast.stack.services.stream_event import to_event
from salescast.stack.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

GONE = (
    "gone from the table's stream, which keeps changes for 24 hours; `salescast reconcile` names the orders"
)
FOREIGN = "a message that the pipe did not write; `salescast redrive --discard-foreign` deletes it"

# A poll that waits asks all of the queue's servers, one that does not asks some (SQS guide, short and long
# polling).
POLL_SECONDS = 1
# Of one call.
MESSAGES = 10
MAX_HIDDEN_SECONDS = 43_200
# A batch of a pipe has at most so many changes, a place in a stream looks so (Pipes and Streams API).
MAX_BATCH = 10_000
SEQUENCE_NUMBER = re.compile(r"[0-9]{21,40}")
SHARD = re.compile(r"[A-Za-z0-9-]{28,65}")
# So much of a foreign message is shown.
HEAD = 60
# A message that was hidden for too long is visible again, and its receipt worth nothing.
OUTDATED = ("ReceiptHandleIsInvalid", "InvalidParameterValue")


@dataclass
class DeadLetter:
    """One message of the pipe, or, without a batch, of somebody else. `handle` is the newest receipt."""

    queue: "DeadLetterQueue"
    message_id: str
    handle: str
    reason: str
    place: str
    batch: Batch | None = None
    arrival: datetime | None = None

    @property
    def foreign(self) -> bool:
        return self.batch is None

    @cached_property
    def changes(self) -> list[FailedChange]:
        """As many as the message stands for; those that the stream has no more have GONE as their problem."""
        if self.batch is None:
            return [FailedChange(self.reason, self.place, problem=FOREIGN)]
        changes = [
            FailedChange.of(
                orjson.dumps(to_event(record, self.batch.arn)), self.reason, self.place, self.arrival
            )
            for record in self.queue.stream.records(self.batch)
        ]
        lost = FailedChange(self.reason, self.place, self.arrival, problem=GONE)
        return changes + [lost] * (self.batch.size - len(changes))

    def emptied(self, settled: Collection[FailedChange]) -> bool:
        """Whether nothing is left of the message when these changes are settled."""
        return all(change in settled for change in self.changes)

    def settle(self, settled: Collection[FailedChange]) -> None:
        """Delete the message, unless something is left of it."""
        if self.emptied(settled):
            self.queue.delete(self)


class DeadLetterQueue:
    """The queue as a context; what was taken and not deleted is visible again afterwards.

    Nobody else gets a message that was taken, for `hidden_seconds` at the most.
    """

    def __init__(self, stack: Stack, hidden_seconds: int) -> None:
        self._stack = stack
        self._url = stack.output("DeadLetterQueue")
        self._table = stack.output("OrdersTable")
        self._hidden_seconds = hidden_seconds
        self._taken: dict[str, DeadLetter] = {}

    @cached_property
    def stream(self) -> TableStream:
        return TableStream(self._stack)

    def __enter__(self) -> "DeadLetterQueue":
        return self

    def __exit__(self, *_: object) -> None:
        letters = list(self._taken.values())
        for start in range(0, len(letters), MESSAGES):
            # Refusals of single messages are no exception; a refused call must not hide one on its way.
            with suppress(ClientError):
                self._stack.sqs.change_message_visibility_batch(
                    QueueUrl=self._url,
                    Entries=[
                        {"Id": str(index), "ReceiptHandle": letter.handle, "VisibilityTimeout": 0}
                        for index, letter in enumerate(letters[start : start + MESSAGES])
                    ],
                )

    def letters(self, chosen: Chosen) -> list[DeadLetter]:
        """Each chosen message once.

        All are taken before any is worked on: those that become visible again meanwhile might come before
        those that nobody has seen. Where taking alone lasts that long, messages are hidden for longer.
        """
        hidden_seconds = self._hidden_seconds
        while messages := self._receive(hidden_seconds):
            if any(message["MessageId"] in self._taken for message in messages):
                hidden_seconds = min(2 * hidden_seconds, MAX_HIDDEN_SECONDS)
            self._taken |= {message["MessageId"]: self._letter(message) for message in messages}
        return [letter for letter in self._taken.values() if chosen(letter.reason, letter.arrival)]

    def delete(self, letter: DeadLetter) -> None:
        del self._taken[letter.message_id]
        try:
            self._stack.sqs.delete_message(QueueUrl=self._url, ReceiptHandle=letter.handle)
        except ClientError as error:
            if error.response["Error"]["Code"] not in OUTDATED:
                raise

    def _receive(self, hidden_seconds: int) -> "list[MessageTypeDef]":
        return self._stack.sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=MESSAGES,
            VisibilityTimeout=hidden_seconds,
            WaitTimeSeconds=POLL_SECONDS,
        ).get("Messages", [])

    def _letter(self, message: "MessageTypeDef") -> DeadLetter:
        """Never raises for what is in it."""
        message_id, handle, body = message["MessageId"], message["ReceiptHandle"], message.get("Body", "")
        try:
            content = orjson.loads(body)
            info = content["DDBStreamBatchInfo"]
            condition = str(content.get("context", {}).get("condition", "no condition"))
            batch = self._batch(info)
        except (ValueError, KeyError, TypeError, AttributeError):
            place = f"message {message_id}, which begins with {json.dumps(body[:HEAD])}"
            return DeadLetter(self, message_id, handle, "dead letter: not a message of the pipe", place)
        start = info.get("approximateArrivalOfFirstRecord", "?")
        place = f"shard {batch.shard}, {batch.first} to {batch.last}, from {start} on"
        arrival = _instant(info.get("approximateArrivalOfLastRecord"))
        return DeadLetter(self, message_id, handle, f"dead letter: {condition}", place, batch, arrival)

    def _batch(self, info: dict[str, Any]) -> Batch:
        """Raises ValueError, KeyError or TypeError for what is no place in the stream of the orders table."""
        batch = Batch(
            info["streamArn"],
            info["shardId"],
            info["startSequenceNumber"],
            info["endSequenceNumber"],
            info["batchSize"],
        )
        if (
            f":table/{self._table}/stream/" not in batch.arn
            or not SHARD.fullmatch(batch.shard)
            or not SEQUENCE_NUMBER.fullmatch(batch.first)
            or not SEQUENCE_NUMBER.fullmatch(batch.last)
            or type(batch.size) is not int
            or not 1 <= batch.size <= MAX_BATCH
        ):
            raise ValueError(batch)
        return batch


def _instant(text: Any) -> datetime | None:
    """When the last change of a batch was made; None where the message does not say."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None
