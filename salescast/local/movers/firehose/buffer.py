"""Firehose's delivery buffers: for rows, for each kind of error, and for the source backup.

Keeps (docs/aws-behaviour.md 5): a buffer is due when its data reaches SizeInMBs or its first record is
IntervalInSeconds old.
"""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, cast

from salescast.local.movers.firehose.config import Hints
from salescast.local.movers.firehose.errors import ErrorType, Row
from salescast.local.movers.progress import Container

_IN_MEMORY = 4 * 1024 * 1024
_ROW_OVERHEAD = 300  # bytes of the Python objects around a row's data


class Buffer(Container):
    """Data on its way to one object: its size in bytes, its oldest arrival in epoch milliseconds."""

    def __init__(self, hints: Hints, opened: float) -> None:
        super().__init__()
        self._hints = hints
        self.opened = opened
        self.size = 0
        self.arrival = 0

    def due(self, now: float) -> bool:
        return self.size > 0 and (self.size >= self._hints.size or now - self.opened >= self._hints.interval)

    @property
    def memory(self) -> int:
        """Bytes held in memory, about."""
        return self.size

    def _took(self, size: int, arrival: int) -> None:
        self.size += size
        self.arrival = min(self.arrival or arrival, arrival)


class RowBuffer(Buffer):
    """Transformed records."""

    def __init__(self, hints: Hints, opened: float) -> None:
        super().__init__(hints, opened)
        self.rows: list[Row] = []

    @property
    def memory(self) -> int:
        return self.size + len(self.rows) * _ROW_OVERHEAD

    def add(self, shard_id: str, rows: Iterable[Row]) -> int:
        """Takes the rows; gives the bytes of memory that this needs, as the others' `add` do."""
        before = self.memory
        for row in rows:
            self.rows.append(row)
            self.holds(shard_id, row.sequence_number)
            self._took(len(row.data), row.arrival)
        return self.memory - before


class ErrorBuffer(Buffer):
    """Lines of one kind of error object."""

    def __init__(self, error_type: ErrorType, hints: Hints, opened: float) -> None:
        super().__init__(hints, opened)
        self.error_type = error_type
        self.lines: list[bytes] = []

    def add(self, shard_id: str, sequence_number: str, line: bytes, arrival: int) -> int:
        self.lines.append(line)
        self.holds(shard_id, sequence_number)
        self._took(len(line), arrival)
        return len(line)


class BackupBuffer(Buffer):
    """Source records as they came, one after the other, on the disk once they are many."""

    def __init__(self, hints: Hints, opened: float, folder: Path, compressed: bool) -> None:
        super().__init__(hints, opened)
        folder.mkdir(parents=True, exist_ok=True)
        # Closed when it was delivered.
        self._spool = tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(folder))  # noqa: SIM115
        self._writer: IO[bytes] = cast("IO[bytes]", self._spool)
        if compressed:
            file = gzip.GzipFile(fileobj=self._spool, mode="wb", compresslevel=1, mtime=0)
            self._writer = cast("IO[bytes]", file)

    @property
    def memory(self) -> int:
        return min(self.size, _IN_MEMORY)

    def add(self, shard_id: str, sequence_number: str, data: bytes, arrival: int) -> int:
        """Takes the data of consecutive records, the first with this number and arrival."""
        before = self.memory
        self._writer.write(data)
        self.holds(shard_id, sequence_number)
        self._took(len(data), arrival)
        return self.memory - before

    def content(self) -> IO[bytes]:
        """The object's content. Nothing can be added after."""
        if self._writer is not self._spool:
            self._writer.close()
        self._spool.seek(0)
        return cast("IO[bytes]", self._spool)

    def done(self) -> None:
        self._spool.close()
