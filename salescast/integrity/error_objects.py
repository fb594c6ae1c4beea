"""The objects that Firehose writes for records that did not become rows (docs/aws-behaviour.md 2.5, 4.3).

One JSON line for each record: why it failed, when it came, and the record or what the transformer made of it.
"""

import base64
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from botocore.exceptions import ClientError

from salescast.integrity.failed_change import NO_CHANGE, Chosen, FailedChange
from salescast.stack.stack import Stack

ERRORS = "errors/"
# Failed copies of untransformed records; the records themselves went their way to the lake.
BACKUP = "errors/backup/"


def keys(stack: Stack) -> Iterator[str]:
    """Keys of all error objects."""
    for page in stack.s3.get_paginator("list_objects_v2").paginate(
        Bucket=stack.output("Lake"), Prefix=ERRORS
    ):
        for summary in page.get("Contents", []):
            if not summary["Key"].startswith(BACKUP):
                yield summary["Key"]


@dataclass(frozen=True)
class ErrorObject:
    """One object: its lines as they lie in it, and the chosen changes by the line they stand in."""

    stack: Stack
    key: str
    lines: list[bytes]
    by_line: dict[int, FailedChange]

    @property
    def changes(self) -> list[FailedChange]:
        return list(self.by_line.values())

    def emptied(self, settled: Collection[FailedChange]) -> bool:
        """Whether no line is left in the object when these changes are settled."""
        return not self._left(settled)

    def settle(self, settled: Collection[FailedChange]) -> None:
        """Take the lines of these changes out; delete the object when none is left."""
        left, bucket, s3 = self._left(settled), self.stack.output("Lake"), self.stack.s3
        if not left:
            s3.delete_object(Bucket=bucket, Key=self.key)
        elif len(left) < len(self.lines):
            s3.put_object(Bucket=bucket, Key=self.key, Body=b"\n".join(left) + b"\n")

    def _left(self, settled: Collection[FailedChange]) -> list[bytes]:
        return [text for index, text in enumerate(self.lines) if self.by_line.get(index) not in settled]


def read(stack: Stack, key: str, chosen: Chosen) -> ErrorObject | None:
    """The object, None where somebody else has settled and deleted it meanwhile."""
    try:
        body = stack.s3.get_object(Bucket=stack.output("Lake"), Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NoSuchKey", "404"):
            raise
        return None
    lines = [text for text in body.splitlines() if text.strip()]
    changes = ((index, parse(key, text)) for index, text in enumerate(lines))
    by_line = {index: change for index, change in changes if chosen(change.reason, change.arrival)}
    return ErrorObject(stack, key, lines, by_line)


def parse(key: str, text: bytes) -> FailedChange:
    """The failed change of a line. Never raises."""
    kind = key.split("/")[1] if key.count("/") > 1 else "errors"
    try:
        line = orjson.loads(text)
    except ValueError:
        line = None
    if not isinstance(line, dict):
        return FailedChange(f"{kind}: not a line of Firehose", key, problem=NO_CHANGE)
    code = line.get("errorCode") or line.get("lastErrorCode") or "no code"
    message = line.get("errorMessage") or line.get("lastErrorMessage") or "no message"
    arrival = _instant(line.get("arrivalTimestamp"))
    number = line.get("sequenceNumber")
    return FailedChange.of(
        _record(line.get("rawData")),
        f"{kind}: {code}: {message}",
        key,
        arrival,
        number if isinstance(number, str) else None,
    )


def _record(raw: Any) -> bytes | None:
    try:
        return base64.b64decode(raw)
    except (ValueError, TypeError):
        return None


def _instant(milliseconds: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None
