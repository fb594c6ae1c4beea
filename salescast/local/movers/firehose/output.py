"""The three kinds of objects that a delivery stream writes: rows, errors by type, the source backup.

Keeps (docs/aws-behaviour.md 2.5, 3 to 5): each has open buffers of its own, and turns one buffer into one
object; conversion failures become an error object beside the rows'.

Nothing here locks: `add` and `close` are for one thread at a time (see delivery.py), `deliver` for any.
"""

from __future__ import annotations

import gzip
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from salescast.local.movers.firehose.batch import Source
from salescast.local.movers.firehose.buffer import BackupBuffer, Buffer, ErrorBuffer, RowBuffer
from salescast.local.movers.firehose.config import Backup, FirehoseConfig
from salescast.local.movers.firehose.destination import Bucket, Content, Destinations, Persistence
from salescast.local.movers.firehose.errors import ErrorType, Row, conversion_line, processing_line
from salescast.local.movers.firehose.prefix import Prefix, object_name
from salescast.local.movers.firehose.response import Accepted, Rejected
from salescast.local.movers.firehose.table import Table
from salescast.local.movers.formats import parquet
from salescast.local.movers.formats.conversion import Failure
from salescast.local.movers.progress import Progress

B = TypeVar("B", bound=Buffer)
Clock = Callable[[], float]


class Output(ABC, Generic[B]):
    """The open buffers of one kind, and the way of each to its object."""

    def __init__(
        self, config: FirehoseConfig, bucket: Bucket, progress: Progress, clock: Clock = time.monotonic
    ) -> None:
        self._config = config
        self._bucket = bucket
        self._progress = progress
        self._clock = clock

    @abstractmethod
    def buffers(self) -> list[B]:
        """The open buffers."""

    @abstractmethod
    def close(self, buffer: B) -> None:
        """Takes no more records into this buffer."""

    @abstractmethod
    def deliver(self, buffer: B) -> None:
        """Writes a closed buffer's objects. Raises AbandonedError."""

    def _opened(self, buffer: B) -> B:
        self._progress.add(buffer)
        return buffer

    def _local(self, arrival: int) -> datetime:
        return datetime.fromtimestamp(arrival / 1000, ZoneInfo(self._config.zone))

    def _name(self, extension: str) -> str:
        return object_name(self._config.name, self._config.version, datetime.now(UTC), extension)


class ErrorOutput(Output[ErrorBuffer]):
    """Records that failed, an object per type of error."""

    def __init__(
        self, config: FirehoseConfig, bucket: Bucket, progress: Progress, clock: Clock = time.monotonic
    ) -> None:
        super().__init__(config, bucket, progress, clock)
        self._prefix = Prefix(config.error_prefix, error=True)
        self._open: dict[ErrorType, ErrorBuffer] = {}

    def buffers(self) -> list[ErrorBuffer]:
        return list(self._open.values())

    def add(self, shard_id: str, error_type: ErrorType, rejected: Rejected, attempts: int) -> int:
        """Takes a record; gives the bytes of memory that this needs."""
        buffer = self._open.get(error_type)
        if buffer is None:
            buffer = self._opened(ErrorBuffer(error_type, self._config.hints, self._clock()))
            self._open[error_type] = buffer
        line = processing_line(self._config, rejected, attempts)
        source = rejected.source
        return buffer.add(shard_id, source.sequence_number, line, source.arrival)

    def close(self, buffer: ErrorBuffer) -> None:
        del self._open[buffer.error_type]

    def deliver(self, buffer: ErrorBuffer) -> None:
        self.put(buffer.error_type, buffer.lines, buffer.arrival)

    def put(self, error_type: ErrorType, lines: list[bytes], arrival: int) -> None:
        """Writes one error object, `arrival` being that of its oldest record. Raises AbandonedError."""
        body = b"".join(lines)
        key = self._prefix.evaluate(self._local(arrival), error_type) + self._name("")
        self._bucket.put(key, lambda: body)


class RowOutput(Output[RowBuffer]):
    """Transformed records, one object after the other."""

    def __init__(
        self,
        config: FirehoseConfig,
        bucket: Bucket,
        progress: Progress,
        errors: ErrorOutput,
        destinations: Destinations,
        persistence: Persistence,
        clock: Clock = time.monotonic,
    ) -> None:
        super().__init__(config, bucket, progress, clock)
        self._prefix = Prefix(config.prefix)
        self._errors = errors
        self._table = destinations.table
        self._log = destinations.log
        self._persistence = persistence
        self._open: RowBuffer | None = None

    def buffers(self) -> list[RowBuffer]:
        return [] if self._open is None else [self._open]

    def add(self, shard_id: str, accepted: list[Accepted]) -> int:
        """Takes records; gives the bytes of memory that this needs."""
        if self._open is None:
            self._open = self._opened(RowBuffer(self._config.hints, self._clock()))
        rows = [Row(item.data, item.source.arrival, item.source.sequence_number) for item in accepted]
        return self._open.add(shard_id, rows)

    def close(self, _buffer: RowBuffer) -> None:
        self._open = None

    def deliver(self, buffer: RowBuffer) -> None:
        key = self._prefix.evaluate(self._local(buffer.arrival)) + self._name(self._config.extension)
        if self._table is None:
            data = self._config.delimiter.join(row.data for row in buffer.rows)
            if self._config.gzip:
                data = gzip.compress(data)
            self._put(key, buffer, lambda: data)
            return
        content, failures = self._converted(buffer, self._table)
        if failures:
            self._report(buffer, failures)
        if len(failures) < len(buffer.rows):
            self._put(key, buffer, content)

    def _put(self, key: str, buffer: RowBuffer, content: Content) -> None:
        self._bucket.put(key, content)
        buffer.rows.clear()

    def _converted(self, buffer: RowBuffer, table: Table) -> tuple[Content, list[Failure]]:
        assert self._config.conversion is not None
        converter = self._persistence.until_done("the schema", table.converter, self._log.error)
        rows, failures = converter.convert([row.data for row in buffer.rows])
        return parquet.write(rows, self._config.conversion.serializer).to_pybytes, failures

    def _report(self, buffer: RowBuffer, failures: list[Failure]) -> None:
        conversion = self._config.conversion
        assert conversion is not None
        lines = [
            conversion_line(self._config, conversion, buffer.rows[failure.record], failure)
            for failure in failures
        ]
        for (code, message), count in Counter((item.code, item.message) for item in failures).items():
            self._log.error(code, message, records=str(count))
        self._errors.put(ErrorType.CONVERSION_FAILED, lines, buffer.arrival)


class BackupOutput(Output[BackupBuffer]):
    """Source records as they came, in one object after the other."""

    def __init__(
        self,
        config: FirehoseConfig,
        bucket: Bucket,
        progress: Progress,
        backup: Backup,
        folder: Path,
        clock: Clock = time.monotonic,
    ) -> None:
        super().__init__(config, bucket, progress, clock)
        self._backup = backup
        self._folder = folder
        self._prefix = Prefix(backup.prefix)
        self._open: BackupBuffer | None = None

    def buffers(self) -> list[BackupBuffer]:
        return [] if self._open is None else [self._open]

    def add(self, shard_id: str, first: Source, data: bytes) -> int:
        """Takes the data of consecutive records; gives the bytes of memory that this needs."""
        if self._open is None:
            backup = self._backup
            buffer = BackupBuffer(backup.hints, self._clock(), self._folder, backup.gzip)
            self._open = self._opened(buffer)
        return self._open.add(shard_id, first.sequence_number, data, first.arrival)

    def close(self, _buffer: BackupBuffer) -> None:
        self._open = None

    def deliver(self, buffer: BackupBuffer) -> None:
        name = self._name(".gz" if self._backup.gzip else "")
        self._bucket.put(self._prefix.evaluate(self._local(buffer.arrival)) + name, buffer.content)
        buffer.done()
