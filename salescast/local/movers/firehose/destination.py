"""Where a delivery stream writes, and how it insists.

Keeps (docs/aws-behaviour.md 2.6): what S3 or Glue refuses is logged and tried again for as long as it takes,
an object under the same key.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, NamedTuple, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from salescast.local.movers.firehose.log import FirehoseLog
from salescast.local.movers.firehose.table import Table
from salescast.local.movers.formats.hive import UnsupportedTypeError
from salescast.local.movers.runner import describe
from salescast.stack.condition import Report

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0

T = TypeVar("T")
Content = Callable[[], "bytes | IO[bytes]"]  # an object's content, asked for anew at every attempt


class AbandonedError(Exception):
    """The process ends before the object was delivered; its records are read again after the next start."""


class Destinations(NamedTuple):
    """What is written and read, under the roles of the delivery stream."""

    s3: S3Client
    table: Table | None
    log: FirehoseLog
    backup_s3: S3Client
    backup_log: FirehoseLog


class Persistence:
    """Tries until it is done. `abandon` ends the waiting between attempts; `condition` says what waits."""

    def __init__(self, abandon: threading.Event, condition: Report | None = None) -> None:
        self._abandon = abandon
        self._condition = condition

    def until_done(self, what: str, call: Callable[[], T], refused: Callable[[str, str], None]) -> T:
        """The call's answer; each failure goes to `refused(code, message)`. Raises AbandonedError."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                answer = call()
                if self._condition is not None:
                    self._condition.well(what)
                return answer
            except (ClientError, BotoCoreError, OSError, UnsupportedTypeError) as error:
                code = error.response["Error"]["Code"] if isinstance(error, ClientError) else "Failure"
                refused(code, describe(error))
                if self._condition is not None:
                    self._condition.ill(what, f"{what}: {describe(error)}")
            if self._abandon.wait(pause):
                raise AbandonedError(what)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


class Bucket:
    """A bucket of one role, and the log of what it refuses."""

    def __init__(self, s3: S3Client, name: str, log: FirehoseLog, persistence: Persistence) -> None:
        self._s3 = s3
        self._name = name
        self._log = log
        self._persistence = persistence

    def put(self, key: str, content: Content) -> None:
        """Writes one object. Raises AbandonedError."""
        self._persistence.until_done(
            f"s3://{self._name}/{key}",
            lambda: self._s3.put_object(Bucket=self._name, Key=key, Body=content()),
            lambda code, message: self._log.error(f"S3.{code}", message),
        )
