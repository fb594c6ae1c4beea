"""From transformed records to objects in S3.

Keeps (docs/aws-behaviour.md 2.5, 2.6, 3, 4): records go to the buffer of their partition, to the error output
or to the backup; a due buffer becomes one object; conversion failures become an error object beside it; what
S3 or Glue refuses is tried again for as long as it takes, under the same key, and is not passed by the
checkpoint.

Leaves out: a bound on retries (RetryOptions, the source's retention); buffers together are kept under
MAX_BUFFERED, so that a partition may be delivered before its hints ask for it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from botocore.exceptions import BotoCoreError, ClientError

from salescast.local.movers.firehose.batch import Batch, Source
from salescast.local.movers.firehose.buffer import (
    ActivePartitions,
    BackupBuffer,
    Buffer,
    ErrorBuffer,
    Keys,
    PartitionBuffer,
)
from salescast.local.movers.firehose.config import MEGABYTE, FirehoseConfig
from salescast.local.movers.firehose.errors import (
    CONVERSION_FAILED,
    NO_PARTITION_KEY,
    PARTITIONS_EXCEEDED,
    PROCESSING_FAILED,
    TOO_MANY_PARTITIONS,
    Row,
    conversion_line,
    processing_line,
)
from salescast.local.movers.firehose.log import FirehoseLog
from salescast.local.movers.firehose.prefix import Prefix, PrefixError, object_name
from salescast.local.movers.firehose.processing import Outcome
from salescast.local.movers.firehose.response import Accepted, Rejected
from salescast.local.movers.firehose.table import Table
from salescast.local.movers.formats import parquet
from salescast.local.movers.formats.conversion import Failure
from salescast.local.movers.formats.hive import UnsupportedTypeError
from salescast.local.movers.progress import Progress
from salescast.local.movers.runner import describe

logger = logging.getLogger(__name__)

MAX_BUFFERED = 80 * MEGABYTE  # above it the largest buffer is delivered early
MAX_WAITING = 112 * MEGABYTE  # above it reading waits
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0
_WRITERS = 2

T = TypeVar("T")


class AbandonedError(Exception):
    """The process ends before the object was delivered; its records are read again after the next start."""


class Destinations(NamedTuple):
    """What is written and read, under the roles of the delivery stream."""

    s3: Any
    table: Table | None
    log: FirehoseLog
    backup_s3: Any = None
    backup_log: FirehoseLog | None = None


class Delivery:
    """The buffers of one delivery stream and their way to S3. Safe to use from several threads."""

    def __init__(
        self,
        config: FirehoseConfig,
        destinations: Destinations,
        progress: Progress,
        folder: Path,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config = config
        self._to = destinations
        self._progress = progress
        self._folder = folder
        self._clock = clock
        self._prefix = Prefix(config.prefix)
        self._error_prefix = Prefix(config.error_prefix, error=True)
        self._lock = threading.Lock()
        self._active = ActivePartitions()
        self._partitions: dict[Keys, PartitionBuffer] = {}
        self._errors: dict[str, ErrorBuffer] = {}
        self._backup: BackupBuffer | None = None
        self._waiting = 0  # bytes in memory, in buffers and on their way
        self._abandon = threading.Event()
        self._pool = ThreadPoolExecutor(_WRITERS, thread_name_prefix="writer")
        self._writes: set[Future[None]] = set()

    @property
    def overfull(self) -> bool:
        """Whether reading should wait."""
        return self._waiting > MAX_WAITING

    def back_up(self, shard_id: str, sources: list[Source]) -> None:
        """Takes source records, in order, for the backup, if there is one."""
        backup = self._config.backup
        if backup is None or not sources:
            return
        data = b"".join([source.decoded() for source in sources])
        with self._lock:
            if self._backup is None:
                self._backup = BackupBuffer(backup.hints, self._clock(), self._folder, backup.gzip)
                self._progress.add(self._backup)
            before = self._backup.memory
            self._backup.add(shard_id, sources[0].sequence_number, data, sources[0].arrival)
            self._waiting += self._backup.memory - before

    def take(self, batch: Batch, outcome: Outcome) -> None:
        """Takes a transformed batch: every record of it is in a buffer, or dropped, afterwards."""
        groups: dict[Keys, list[Accepted]] = {}
        rejected = [(PROCESSING_FAILED, item) for item in outcome.rejected]
        for accepted in outcome.accepted:
            keys = self._keys(accepted)
            if keys is None:
                rejected.append((PROCESSING_FAILED, Rejected(accepted.source, *NO_PARTITION_KEY)))
            else:
                groups.setdefault(keys, []).append(accepted)
        with self._lock:
            for keys, group in groups.items():
                try:
                    buffer = self._partition(keys, group[0].source.arrival)
                except PrefixError as error:
                    # The records' own fault: their keys are too long.
                    failure = (NO_PARTITION_KEY[0], str(error))
                    rejected += [(PROCESSING_FAILED, Rejected(item.source, *failure)) for item in group]
                    continue
                if buffer is None:
                    rejected += [
                        (PARTITIONS_EXCEEDED, Rejected(item.source, *TOO_MANY_PARTITIONS)) for item in group
                    ]
                else:
                    rows = [Row(i.data, i.source.arrival, i.source.sequence_number) for i in group]
                    before = buffer.memory
                    buffer.add(batch.shard_id, rows)
                    self._waiting += buffer.memory - before
            for error_type, item in rejected:
                self._reject(batch.shard_id, error_type, item, outcome.attempts)
        for (code, message), count in Counter((i.code, i.message) for _, i in rejected).items():
            processor = self._config.processing.function_arn
            self._to.log.error(code, message, processor=processor, records=str(count))

    def deliver_due(self) -> None:
        """Sends off the buffers that are due, and the largest ones while there is too much."""
        with self._lock:
            now = self._clock()
            for buffer in [buffer for buffer in self._open() if buffer.due(now)]:
                self._send_off(buffer)
            held = sum(buffer.memory for buffer in self._open())
            while held > MAX_BUFFERED:
                largest = max(self._open(), key=lambda buffer: buffer.memory)
                held -= largest.memory
                self._send_off(largest)

    def finish(self, seconds: float) -> None:
        """Delivers everything, giving up after a time."""
        with self._lock:
            for buffer in self._open():
                self._send_off(buffer)
            writes = set(self._writes)
        wait(writes, timeout=seconds)
        self._abandon.set()
        self._pool.shutdown(cancel_futures=True)

    def _keys(self, accepted: Accepted) -> Keys | None:
        names = self._prefix.partition_keys
        if not names:
            return ()
        try:
            given = accepted.keys["partitionKeys"]
            keys = tuple([given[name] for name in names])
        except (KeyError, TypeError):
            return None
        return keys if all(isinstance(key, str) and key for key in keys) else None

    def _partition(self, keys: Keys, arrival: int) -> PartitionBuffer | None:
        """The partition's buffer, None where one partition more would be too many. Raises PrefixError."""
        buffer = self._partitions.get(keys)
        if buffer is not None:
            return buffer
        self._placed(keys, arrival)
        if not self._active.open(keys):
            return None
        buffer = self._partitions[keys] = PartitionBuffer(keys, self._config.hints, self._clock())
        self._progress.add(buffer)
        return buffer

    def _reject(self, shard_id: str, error_type: str, item: Rejected, attempts: int) -> None:
        buffer = self._errors.get(error_type)
        if buffer is None:
            buffer = self._errors[error_type] = ErrorBuffer(error_type, self._config.hints, self._clock())
            self._progress.add(buffer)
        line = processing_line(self._config, item, attempts)
        buffer.add(shard_id, item.source.sequence_number, line, item.source.arrival)
        self._waiting += len(line)

    def _open(self) -> list[Buffer]:
        backup = [self._backup] if self._backup is not None else []
        return [*self._partitions.values(), *self._errors.values(), *backup]

    def _send_off(self, buffer: Buffer) -> None:
        if isinstance(buffer, PartitionBuffer):
            del self._partitions[buffer.keys]
        elif isinstance(buffer, ErrorBuffer):
            del self._errors[buffer.error_type]
        else:
            self._backup = None
        write = self._pool.submit(self._deliver, buffer)
        self._writes.add(write)
        write.add_done_callback(self._written)

    def _written(self, write: Future[None]) -> None:
        self._writes.discard(write)
        error = None if write.cancelled() else write.exception()
        if error is not None and not isinstance(error, AbandonedError):
            logger.error("a buffer could not be delivered", exc_info=error)

    def _deliver(self, buffer: Buffer) -> None:
        held = buffer.memory
        if isinstance(buffer, PartitionBuffer):
            self._deliver_partition(buffer)
            with self._lock:
                self._active.delivered(buffer.keys)
        elif isinstance(buffer, ErrorBuffer):
            self._put_errors(buffer.error_type, buffer.lines, buffer.arrival)
        elif isinstance(buffer, BackupBuffer):
            self._deliver_backup(buffer)
        self._progress.remove(buffer)
        with self._lock:
            self._waiting -= held

    def _deliver_partition(self, buffer: PartitionBuffer) -> None:
        prefix = self._placed(buffer.keys, buffer.arrival)
        key = prefix + object_name(self._config.name, self._config.version, _now(), self._config.extension)
        body, failed = self._converted(buffer)
        if failed:
            assert self._config.conversion is not None
            lines = [
                conversion_line(self._config, self._config.conversion, buffer.rows[failure.record], failure)
                for failure in failed
            ]
            for (code, message), count in Counter((item.code, item.message) for item in failed).items():
                self._to.log.error(code, message, records=str(count))
            self._put_errors(CONVERSION_FAILED, lines, buffer.arrival)
        if len(failed) < len(buffer.rows):
            buffer.rows.clear()  # the object holds them now
            self._put(self._to.s3, self._config.bucket, key, lambda: body)

    def _converted(self, buffer: PartitionBuffer) -> tuple[Any, list[Failure]]:
        table = self._to.table
        if table is None:
            return b"".join(row.data for row in buffer.rows), []
        converter = self._persistently("the schema", table.converter)
        rows, failed = converter.convert([row.data for row in buffer.rows])
        assert self._config.conversion is not None
        return parquet.write(rows, self._config.conversion.serializer), failed

    def _placed(self, keys: Keys, arrival: int) -> str:
        names = dict(zip(self._prefix.partition_keys, keys, strict=True))
        return self._prefix.evaluate(self._local(arrival), names)

    def _put_errors(self, error_type: str, lines: list[bytes], arrival: int) -> None:
        prefix = self._error_prefix.evaluate(self._local(arrival), {}, error_type)
        key = prefix + object_name(self._config.name, self._config.version, _now(), "")
        body = b"".join(lines)
        self._put(self._to.s3, self._config.bucket, key, lambda: body)

    def _deliver_backup(self, buffer: BackupBuffer) -> None:
        backup = self._config.backup
        assert backup is not None
        extension = ".gz" if backup.gzip else ""
        prefix = Prefix(backup.prefix).evaluate(self._local(buffer.arrival), {})
        key = prefix + object_name(self._config.name, self._config.version, _now(), extension)
        self._put(self._to.backup_s3, backup.bucket, key, buffer.content, self._to.backup_log)
        buffer.done()

    def _put(
        self, s3: Any, bucket: str, key: str, body: Callable[[], Any], log: FirehoseLog | None = None
    ) -> None:
        def put() -> None:
            content = body()
            if hasattr(content, "to_pybytes"):
                content = content.to_pybytes()
            s3.put_object(Bucket=bucket, Key=key, Body=content)

        self._persistently(f"s3://{bucket}/{key}", put, log)

    def _persistently(self, what: str, call: Callable[[], T], log: FirehoseLog | None = None) -> T:
        log = log or self._to.log
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return call()
            except (ClientError, BotoCoreError, OSError, UnsupportedTypeError) as error:
                code = error.response["Error"]["Code"] if isinstance(error, ClientError) else "Failure"
                log.error(f"S3.{code}" if what.startswith("s3:") else code, describe(error))
            if self._abandon.wait(pause):
                raise AbandonedError(what)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _local(self, arrival: int) -> datetime:
        return datetime.fromtimestamp(arrival / 1000, ZoneInfo(self._config.zone))


def _now() -> datetime:
    return datetime.now(UTC)
