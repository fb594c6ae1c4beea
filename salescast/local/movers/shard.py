"""A reader of one shard, of a DynamoDB stream or of a Kinesis stream.

Keeps: iterators that expire (15 and 5 minutes) are taken anew after the last record read; a closed shard
ends; a position that was trimmed (24 hours, docs/aws-behaviour.md 1.9) goes on at the trim horizon, and says
that data was lost.

Leaves out: enhanced fan-out, which neither Pipes nor Firehose uses here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from salescast.stack.raw_answers import keep_raw

logger = logging.getLogger(__name__)

Record = dict[str, Any]


class Position(NamedTuple):
    """Where to read from: a shard iterator type, and its sequence number or time where it needs one."""

    type: str
    value: str = ""


TRIM_HORIZON = Position("TRIM_HORIZON")
LATEST = Position("LATEST")


def at(sequence_number: str) -> Position:
    return Position("AT_SEQUENCE_NUMBER", sequence_number)


def after(sequence_number: str) -> Position:
    return Position("AFTER_SEQUENCE_NUMBER", sequence_number)


@dataclass(frozen=True)
class Protocol:
    """How the two stream services differ for a reader."""

    sequence_argument: str
    sequence_number: Callable[[Record], str]


DYNAMODB = Protocol("SequenceNumber", lambda record: str(record["dynamodb"]["SequenceNumber"]))
KINESIS = Protocol("StartingSequenceNumber", lambda record: str(record["SequenceNumber"]))


class ShardGoneError(Exception):
    """The shard does not exist any more."""


class ShardReader:
    """Reads a shard page by page. Not for use by several threads at once."""

    def __init__(
        self, client: Any, protocol: Protocol, stream_arn: str, shard_id: str, start: Position
    ) -> None:
        self.shard_id = shard_id
        self.closed = False
        self.position = start
        self.milliseconds_behind = 0
        self._client = client
        self._protocol = protocol
        self._stream_arn = stream_arn
        self._iterator: str | None = None

    def read(self, limit: int) -> list[Record]:
        """The next records, at most `limit`, as raw JSON; empty at the tip. Sets `closed` at the shard's end.

        Raises ShardGoneError, or ClientError for what the caller may try again.
        """
        if self._iterator is None:
            self._iterator = self._new_iterator()
        try:
            # Kinesis may be told the stream, which IAM then need not find out from the iterator.
            stream = {"StreamARN": self._stream_arn} if self._protocol is KINESIS else {}
            page = self._client.get_records(ShardIterator=self._iterator, Limit=limit, **stream)
        except ClientError as error:
            self._iterator = None
            match error.response["Error"]["Code"]:
                case "ExpiredIteratorException":
                    logger.info("%s: the iterator expired, reading on from %s", self.shard_id, self.position)
                    return []
                case "TrimmedDataAccessException":
                    self._trimmed()
                    return []
                case "ResourceNotFoundException":
                    raise ShardGoneError(self.shard_id) from error
            raise
        records: list[Record] = page.get("Records", [])
        if records:
            self.position = after(self._protocol.sequence_number(records[-1]))
        self._iterator = page.get("NextShardIterator")
        self.closed = self._iterator is None
        self.milliseconds_behind = page.get("MillisBehindLatest", 0)
        return records

    def _new_iterator(self) -> str:
        arguments: dict[str, str | float] = {
            "StreamARN" if self._protocol is KINESIS else "StreamArn": self._stream_arn,
            "ShardId": self.shard_id,
            "ShardIteratorType": self.position.type,
        }
        if self.position.type == "AT_TIMESTAMP":
            arguments["Timestamp"] = float(self.position.value)
        elif self.position.value:
            arguments[self._protocol.sequence_argument] = self.position.value
        try:
            return str(self._client.get_shard_iterator(**arguments)["ShardIterator"])
        except ClientError as error:
            match error.response["Error"]["Code"]:
                case "TrimmedDataAccessException":
                    self._trimmed()
                    return self._new_iterator()
                case "ResourceNotFoundException":
                    raise ShardGoneError(self.shard_id) from error
            raise

    def _trimmed(self) -> None:
        logger.error(
            "%s: records after %s are beyond the stream's retention and lost; reading at its trim horizon",
            self.shard_id,
            self.position.value,
        )
        self.position = TRIM_HORIZON


def raw_get_records(client: Any) -> Any:
    """The client, with GetRecords answering in raw JSON."""
    keep_raw(client, "GetRecords")
    return client
