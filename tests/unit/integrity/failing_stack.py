"""A stack with failed changes, in memory: error objects, raw/, a dead-letter queue, the table's stream.

Stack and clients in one. Every call of the queue takes `seconds` of its own time; messages that are visible
come in the order in which they were sent, also when they are visible again.
"""

# Arguments are called as those of AWS.
# ruff: noqa: N803

import base64
import json
from datetime import UTC, datetime
from io import BytesIO
from itertools import islice
from typing import Any
from unittest.mock import MagicMock

from botocore.exceptions import ClientError

TABLE = "orders"
ARN = f"arn:aws:dynamodb:us-east-1:000000000000:table/{TABLE}/stream/2026-11-20T00:00:00.000"
SHARD = "shardId-00000000000000000001"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PROCESSING = "errors/processing-failed/2026/11/20/a"
CONVERSION = "errors/format-conversion-failed/2026/11/20/a"


def change(order_id: Any = "a", version: Any = "3", name: str = "MODIFY") -> dict[str, Any]:
    """A change as the pipe writes it."""
    image = {"order_id": {"S": order_id}} | ({"version": {"N": version}} if version else {})
    images = {"OldImage": image} if name == "REMOVE" else {"NewImage": image}
    return {
        "eventID": f"{order_id}-{version}",
        "eventName": name,
        "dynamodb": {"Keys": {"order_id": {"S": order_id}}, **images},
    }


def row(order_id: Any = "a", version: Any = 3, change_type: str = "MODIFY") -> dict[str, Any]:
    """A change as the transformer makes it."""
    return {
        "change_id": f"{order_id}-{version}",
        "order_id": order_id,
        "version": version,
        "change_type": change_type,
    }


def line(content: Any, **fields: Any) -> bytes:
    """A line of an error object; `content` is JSON, or bytes as they are."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    raw = base64.b64encode(data).decode()
    return json.dumps({"arrivalTimestamp": 1795176000000, "rawData": raw, **fields}).encode()


def record(number: int) -> dict[str, Any]:
    """A stream record; its order is its number."""
    content = change(str(number), "1")
    return content | {
        "awsRegion": "us-east-1",
        "dynamodb": content["dynamodb"] | {"SequenceNumber": f"{number:021d}"},
    }


def letter(first: int, last: int, **batch: Any) -> str:
    """A message of the pipe on the records with these numbers."""
    info = {
        "streamArn": ARN,
        "shardId": SHARD,
        "startSequenceNumber": f"{first:021d}",
        "endSequenceNumber": f"{last:021d}",
        "batchSize": last - first + 1,
        "approximateArrivalOfLastRecord": "2026-11-20T12:00:00.000Z",
    }
    return json.dumps(
        {"context": {"condition": "RetryAttemptsExhausted"}, "DDBStreamBatchInfo": info | batch}
    )


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Operation")


class FailingStack:
    endpoint = None
    config = None

    def __init__(
        self,
        objects: dict[str, bytes] | None = None,
        messages: list[str] | None = None,
        pages: list[list[int]] | None = None,
        trimmed: int = 0,
        seconds: float = 0.0,
    ) -> None:
        """`pages` are what GetRecords answers, by number; the stream has lost records up to `trimmed`."""
        self.objects = objects or {}
        self.messages = {str(index): body for index, body in enumerate(messages or [])}
        self.pages = pages or []
        self.trimmed = trimmed
        self.delivered: list[str] = []
        self.clients_made = 0
        self._seconds = seconds
        self._now = 0.0
        self._hidden_until: dict[str, float] = {}
        self._receipts: dict[str, str] = {}
        self.meta = MagicMock()
        self.s3 = self.sqs = self.kinesis = self.session = self.dynamodbstreams = self

    def output(self, name: str) -> str:
        return TABLE if name == "OrdersTable" else name

    def client(self, _service: str, **_: Any) -> "FailingStack":
        self.clients_made += 1
        return self

    # S3

    def get_paginator(self, _name: str) -> "FailingStack":
        return self

    def paginate(self, Bucket: str, Prefix: str) -> list[dict[str, Any]]:
        keys = [key for key in self.objects if key.startswith(Prefix)]
        return [{"Contents": [{"Key": key, "LastModified": NOON} for key in keys]}]

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        if Key not in self.objects:
            raise refusal("NoSuchKey")
        return {"Body": BytesIO(self.objects[Key])}

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:
        self.objects[Key] = Body

    def delete_object(self, Bucket: str, Key: str) -> None:
        self.objects.pop(Key, None)

    # SQS

    def receive_message(
        self,
        QueueUrl: str,
        MaxNumberOfMessages: int,
        VisibilityTimeout: int,
        WaitTimeSeconds: int,
    ) -> dict[str, Any]:
        self._now += self._seconds
        visible = list(islice(filter(self.is_visible, self.messages), MaxNumberOfMessages))
        for name in visible:
            self._hidden_until[name] = self._now + VisibilityTimeout
            self._receipts[name] = f"{name} at {self._now}"
        return {
            "Messages": [
                {"MessageId": name, "ReceiptHandle": self._receipts[name], "Body": self.messages[name]}
                for name in visible
            ]
        }

    def is_visible(self, name: str) -> bool:
        return self._hidden_until.get(name, -1.0) <= self._now

    def delete_message(self, QueueUrl: str, ReceiptHandle: str) -> None:
        del self.messages[self._held(ReceiptHandle)]

    def change_message_visibility_batch(self, QueueUrl: str, Entries: list[Any]) -> None:
        assert len(Entries) <= 10
        for entry in Entries:
            name = entry["ReceiptHandle"].split()[0]
            if self._receipts.get(name) == entry["ReceiptHandle"]:
                self._hidden_until[name] = self._now + entry["VisibilityTimeout"]

    def _held(self, receipt: str) -> str:
        name = receipt.split()[0]
        if self._receipts.get(name) != receipt or name not in self.messages:
            raise refusal("ReceiptHandleIsInvalid")
        return name

    # DynamoDB Streams

    def get_shard_iterator(
        self,
        StreamArn: str,
        ShardId: str,
        ShardIteratorType: str,
        SequenceNumber: str = "",
    ) -> dict[str, str]:
        if SequenceNumber and int(SequenceNumber) <= self.trimmed:
            raise refusal("TrimmedDataAccessException")
        return {"ShardIterator": f"0 {SequenceNumber or 0}"}

    def get_records(self, ShardIterator: str, Limit: int) -> dict[str, Any]:
        index, first = map(int, ShardIterator.split())
        page = self.pages[index] if self.pages else []
        there = (number for number in page if number >= first and number > self.trimmed)
        numbers = list(islice(there, Limit))
        answer: dict[str, Any] = {"Records": [record(number) for number in numbers]}
        if numbers and numbers[-1] != page[-1]:
            answer["NextShardIterator"] = f"{index} {numbers[-1] + 1}"
        elif index + 1 < len(self.pages):
            answer["NextShardIterator"] = f"{index + 1} {first}"
        return answer

    # Kinesis

    def put_records(self, StreamName: str, Records: list[Any]) -> dict[str, Any]:
        self.delivered += [entry["PartitionKey"] for entry in Records]
        return {"Records": [{"SequenceNumber": "1"} for _ in Records]}
