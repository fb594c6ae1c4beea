"""From transformed records to objects in S3.

Keeps (docs/aws-behaviour.md 2.5, 2.6, 3, 4): records go to the rows, to the error output or to the backup
(output.py); a due buffer becomes one object; what is refused is tried again for as long as
it takes (destination.py), and is not passed by the checkpoint.

Leaves out: a bound on retries (RetryOptions, the source's retention); buffers together are kept under
MAX_BUFFERED, so that rows may be delivered before their hints ask for it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, NamedTuple

from salescast.local.movers.firehose.batch import Batch, Source
from salescast.local.movers.firehose.buffer import Buffer
from salescast.local.movers.firehose.config import MEGABYTE, FirehoseConfig
from salescast.local.movers.firehose.destination import (
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    AbandonedError,
    Bucket,
    Destinations,
    Persistence,
)
from salescast.local.movers.firehose.errors import ErrorType
from salescast.local.movers.firehose.output import BackupOutput, ErrorOutput, Output, RowOutput
from salescast.local.movers.firehose.processing import Outcome
from salescast.local.movers.progress import Progress
from salescast.stack.condition import Report

logger = logging.getLogger(__name__)

MAX_BUFFERED = 80 * MEGABYTE  # above it the largest buffer is delivered early
MAX_WAITING = 112 * MEGABYTE  # above it reading waits
_WRITERS = 2


class _Open(NamedTuple):
    """An open buffer and the output that it belongs to."""

    output: Output[Any]
    buffer: Buffer


class Delivery:
    """The buffers of one delivery stream and their way to S3. Safe to use from several threads."""

    def __init__(
        self,
        config: FirehoseConfig,
        destinations: Destinations,
        progress: Progress,
        folder: Path,
        clock: Callable[[], float] = time.monotonic,
        condition: Report | None = None,
    ) -> None:
        self._config = config
        self._log = destinations.log
        self._progress = progress
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting = 0  # bytes in memory, in buffers and on their way
        self._abandon = threading.Event()
        persistence = Persistence(self._abandon, condition)
        lake = Bucket(destinations.s3, config.bucket, destinations.log, persistence)
        self._errors = ErrorOutput(config, lake, progress, clock)
        self._rows = RowOutput(config, lake, progress, self._errors, destinations, persistence, clock)
        self._outputs: list[Output[Any]] = [self._rows, self._errors]
        self._backup: BackupOutput | None = None
        if config.backup is not None:
            bucket = Bucket(
                destinations.backup_s3, config.backup.bucket, destinations.backup_log, persistence
            )
            self._backup = BackupOutput(config, bucket, progress, config.backup, folder, clock)
            self._outputs.append(self._backup)
        self._pool = ThreadPoolExecutor(_WRITERS, thread_name_prefix="writer")
        self._writes: set[Future[None]] = set()

    @property
    def overfull(self) -> bool:
        """Whether reading should wait."""
        return self._waiting > MAX_WAITING

    def back_up(self, shard_id: str, sources: list[Source]) -> None:
        """Takes source records, in order, for the backup, if there is one.

        Raises OSError when the disk does not take them: nothing is changed then.
        """
        if self._backup is None or not sources:
            return
        data = b"".join([source.decoded() for source in sources])
        with self._lock:
            self._waiting += self._backup.add(shard_id, sources[0], data)

    def take(self, batch: Batch, outcome: Outcome) -> None:
        """Takes a transformed batch: every record of it is in a buffer, or dropped, afterwards."""
        rejected = outcome.rejected
        with self._lock:
            if outcome.accepted:
                self._waiting += self._rows.add(batch.shard_id, outcome.accepted)
            for item in rejected:
                self._waiting += self._errors.add(
                    batch.shard_id, ErrorType.PROCESSING_FAILED, item, outcome.attempts
                )
        for (code, message), count in Counter((item.code, item.message) for item in rejected).items():
            # Only a function rejects.
            processor = self._config.processing.function_arn if self._config.processing else ""
            self._log.error(code, message, processor=processor, records=str(count))

    def deliver_due(self) -> None:
        """Sends off the buffers that are due, and the largest ones while there is too much."""
        with self._lock:
            now = self._clock()
            for item in self._open():
                if item.buffer.due(now):
                    self._send_off(item)
            held = sum(item.buffer.memory for item in self._open())
            while held > MAX_BUFFERED:
                largest = max(self._open(), key=lambda item: item.buffer.memory)
                held -= largest.buffer.memory
                self._send_off(largest)

    def finish(self, seconds: float) -> None:
        """Delivers everything, giving up after a time."""
        with self._lock:
            for item in self._open():
                self._send_off(item)
            writes = set(self._writes)
        wait(writes, timeout=seconds)
        self._abandon.set()
        self._pool.shutdown(cancel_futures=True)

    def _open(self) -> list[_Open]:
        return [_Open(output, buffer) for output in self._outputs for buffer in output.buffers()]

    def _send_off(self, item: _Open) -> None:
        item.output.close(item.buffer)
        write = self._pool.submit(self._deliver, item)
        self._writes.add(write)
        write.add_done_callback(self._writes.discard)

    def _deliver(self, item: _Open) -> None:
        """Until it is done. Raises AbandonedError."""
        held = item.buffer.memory
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                item.output.deliver(item.buffer)
                break
            except AbandonedError:
                raise
            except Exception:
                # Nobody foresaw it. What is in the buffer stays in it, and is not passed by the checkpoint.
                logger.exception("a buffer could not be delivered; trying again in %.1f s", pause)
            if self._abandon.wait(pause):
                raise AbandonedError
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        self._progress.remove(item.buffer)
        with self._lock:
            self._waiting -= held
