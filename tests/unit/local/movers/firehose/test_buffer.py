"""Firehose's buffers: when they are due, what they hold."""

from __future__ import annotations

import gzip
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
