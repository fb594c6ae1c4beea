"""Firehose's buffers: when they are due, what they hold."""

from __future__ import annotations

import gzip
import random
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salescast.local.movers.firehose.buffer import BackupBuffer, RowBuffer
from salescast.local.movers.firehose.config import Hints
from salescast.local.movers.firehose.errors import Row


@given(
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=20),
    most=st.integers(1, 500),
    age=st.floats(0, 20),
)
def test_a_buffer_is_due_by_size_or_by_the_age_of_its_first_record(
    sizes: list[int], most: int, age: float
) -> None:
    buffer = RowBuffer(Hints(most, 10.0), opened=100.0)
    assert not buffer.due(1000.0)  # empty
    buffer.add("s", [Row(bytes(size), 50 - number, str(number)) for number, size in enumerate(sizes)])
    assert buffer.size == sum(sizes)
    assert buffer.arrival == 50 - (len(sizes) - 1)
    assert buffer.oldest["s"] == (0, "0")
    assert buffer.due(100.0 + age) == (sum(sizes) >= most or age >= 10.0)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_backup_is_the_records_one_after_the_other(tmp_path: Path, compressed: bool) -> None:
    buffer = BackupBuffer(Hints(1, 1), 0.0, tmp_path, compressed)
    chunks = [bytes([number]) * 3_000_000 for number in range(3)]
    for number, chunk in enumerate(chunks):
        buffer.add("s", str(number), chunk, 10 + number)
    content = buffer.content().read()
    assert (gzip.decompress(content) if compressed else content) == b"".join(chunks)
    assert buffer.content().read() == content  # a second attempt sends the same
    assert (buffer.arrival, buffer.oldest["s"]) == (10, (0, "0"))
    buffer.done()


@pytest.mark.parametrize("compressed", [False, True])
def test_a_full_disk_leaves_a_backup_as_it_was(tmp_path: Path, compressed: bool) -> None:
    """A limit on the size of files is like the disk's end: a part of a piece is written, then no more."""
    rng = random.Random(7)
    pieces = [rng.randbytes(3_000_000) for _ in range(4)]
    buffer = BackupBuffer(Hints(1, 1), 0.0, tmp_path, compressed)
    buffer.add("s", "1", pieces[0], 1)
    with limited(4_000_000), pytest.raises(OSError, match="File too large"):
        buffer.add("s", "2", pieces[1], 2)  # too many for memory, and the file takes only the first
    buffer.add("s", "2", pieces[1], 2)
    with limited(7_000_000), pytest.raises(OSError, match="File too large"):
        buffer.add("s", "3", pieces[2], 3)
    content = buffer.content().read()
    assert (gzip.decompress(content) if compressed else content) == pieces[0] + pieces[1]
    assert buffer.size == 6_000_000
    buffer.add("s", "3", pieces[3], 3)
    content = buffer.content().read()
    assert (gzip.decompress(content) if compressed else content) == pieces[0] + pieces[1] + pieces[3]
    buffer.done()


@contextmanager
def limited(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes, until the block ends."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
