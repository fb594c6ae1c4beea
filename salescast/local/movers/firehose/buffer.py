"""Firehose's delivery buffers: for rows, for each kind of error, and for the source backup.

Keeps (docs/aws-behaviour.md 5): a buffer is due when its data reaches SizeInMBs or its first record is
IntervalInSeconds old.
"""

from __future__ import annotations

import gzip
import os
import tempfile
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import IO

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
    """Source records as they came, one after the other, on the disk once they are many.

    Compressed, each piece that is added is a gzip member of its own; members one after the other are a gzip
    file. So a piece is in the buffer whole or not at all, also when the disk is full.
    """

    def __init__(self, hints: Hints, opened: float, folder: Path, compressed: bool) -> None:
        super().__init__(hints, opened)
        self._folder = folder
        self._compressed = compressed
        self._pieces: list[bytes] = []  # in memory, until they are many
        self._file: IO[bytes] | None = None  # closed when it was delivered
        self._length = 0  # of what was written whole

    @property
    def memory(self) -> int:
        return min(self.size, _IN_MEMORY)

    def add(self, shard_id: str, sequence_number: str, data: bytes, arrival: int) -> int:
        """Takes the data of consecutive records, the first with this number and arrival.

        Raises OSError when the disk does not take it; the buffer is then as it was before.
        """
        before = self.memory
        piece = gzip.compress(data, 1, mtime=0) if self._compressed else data
        if self._file is None and self._length + len(piece) <= _IN_MEMORY:
            self._pieces.append(piece)
            self._length += len(piece)
        else:
            self._spool(piece)
        self.holds(shard_id, sequence_number)
        self._took(len(data), arrival)
        return self.memory - before

    def _spool(self, piece: bytes) -> None:
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = tempfile.TemporaryFile(dir=str(self._folder), buffering=0)  # noqa: SIM115
            try:
                length = _write(file, b"".join(self._pieces), 0)
            except OSError:
                file.close()
                raise
            self._file, self._length, self._pieces = file, length, []
        # Beyond the length there may be the rest of a piece that did not fit.
        self._length = _write(self._file, piece, self._length)

    def content(self) -> IO[bytes]:
        """The object's content. Nothing can be added after."""
        if self._file is None:
            return BytesIO(b"".join(self._pieces))
        os.ftruncate(self._file.fileno(), self._length)
        self._file.seek(0)
        return self._file

    def done(self) -> None:
        if self._file is not None:
            self._file.close()


def _write(file: IO[bytes], data: bytes, position: int) -> int:
    """Writes all of the data at a position; gives the position after it. Raises OSError."""
    left = memoryview(data)
    while left:
        written = os.pwrite(file.fileno(), left, position)
        left, position = left[written:], position + written
    return position
