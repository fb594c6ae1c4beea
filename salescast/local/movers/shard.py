"""A reader of one shard, of a DynamoDB stream or of a Kinesis stream.

Keeps: iterators that expire (15 and 5 minutes) are taken anew after the last record read; a closed shard
ends; a position that was trimmed (24 hours, docs/aws-behaviour.md 1.9) goes on at the trim horizon, and says
that data was lost.

Leaves out: enhanced fan-out, which neither Pipes nor Firehose uses here.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from botocore.exceptions import ClientError

logger = logging.getLogger(__name__)

Record = dict[str, Any]


class PositionType(StrEnum):
    """The types of shard iterator, and one of ours."""

    TRIM_HORIZON = "TRIM_HORIZON"
    LATEST = "LATEST"
    AT_SEQUENCE_NUMBER = "AT_SEQUENCE_NUMBER"
    AFTER_SEQUENCE_NUMBER = "AFTER_SEQUENCE_NUMBER"
    AT_TIMESTAMP = "AT_TIMESTAMP"
    FINISHED = "FINISHED"  # closed and read to its end: nothing to read from


_AT_A_NUMBER = (PositionType.AT_SEQUENCE_NUMBER, PositionType.AFTER_SEQUENCE_NUMBER)


class Position(NamedTuple):
    """Where to read from: a type, and its sequence number or time where it needs one."""

    type: PositionType
    value: str = ""


TRIM_HORIZON = Position(PositionType.TRIM_HORIZON)
LATEST = Position(PositionType.LATEST)
FINISHED = Position(PositionType.FINISHED)


def at(sequence_number: str) -> Position:
    return Position(PositionType.AT_SEQUENCE_NUMBER, sequence_number)


def after(sequence_number: str) -> Position:
    return Position(PositionType.AFTER_SEQUENCE_NUMBER, sequence_number)


def from_checkpoint(kept: Sequence[str]) -> Position:
    """The position that a checkpoint keeps as a list. Raises ValueError or TypeError for what is none."""
    kind, value = PositionType(kept[0]), "".join(kept[1:])
    if isinstance(kept, str) or len(kept) > 2 or (kind in _AT_A_NUMBER and not value.isdecimal()):
        raise ValueError(kept)
    return Position(kind, value)


class Stream(Protocol):
    """A stream of shards. All but `sequence_number` raise ClientError."""

    def parents(self) -> dict[str, set[str]]:
        """The stream's shards, each with its parents."""

    def iterator(self, shard_id: str, position: Position) -> str:
        """A shard iterator at a position."""

    def page(self, iterator: str, limit: int) -> dict[str, Any]:
        """The answer of GetRecords, as raw JSON: Records, NextShardIterator, MillisBehindLatest."""

    def sequence_number(self, record: Record) -> str:
        """A record's place in its shard."""


class ShardGoneError(Exception):
    """The shard does not exist any more."""


class ShardReader:
    """Reads a shard page by page. Not for use by several threads at once."""

    def __init__(self, stream: Stream, shard_id: str, start: Position) -> None:
        self.shard_id = shard_id
        self.closed = False
        self.position = start
        self.milliseconds_behind = 0
        self._stream = stream
        self._iterator: str | None = None

    def read(self, limit: int) -> list[Record]:
        """The next records, at most `limit`, as raw JSON; empty at the tip. Sets `closed` at the shard's end.

        Raises ShardGoneError, or ClientError for what the caller may try again.
        """
        if self._iterator is None:
            self._iterator = self._new_iterator()
        try:
            page = self._stream.page(self._iterator, limit)
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
            self.position = after(self._stream.sequence_number(records[-1]))
        self._iterator = page.get("NextShardIterator")
        self.closed = self._iterator is None
        self.milliseconds_behind = page.get("MillisBehindLatest", 0)
        return records

    def _new_iterator(self) -> str:
        try:
            return self._stream.iterator(self.shard_id, self.position)
        except ClientError as error:
            match error.response["Error"]["Code"]:
                case "TrimmedDataAccessException":
                    self._trimmed()
                    return self._new_iterator()
                case "ResourceNotFoundException":
                    raise ShardGoneError(self.shard_id) from error
                case "InvalidArgumentException" | "ValidationException" if self.position.value:
                    # A checkpoint of another time or of another hand: at least once is allowed.
                    place = self.position.value
                    logger.error("%s: has no place %s; reading from its beginning", self.shard_id, place)
                    self.position = TRIM_HORIZON
                    return self._new_iterator()
            raise

    def _trimmed(self) -> None:
        logger.error(
            "%s: records after %s are beyond the stream's retention and lost; reading at its trim horizon",
            self.shard_id,
            self.position.value,
        )
        self.position = TRIM_HORIZON
