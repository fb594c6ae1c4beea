"""Records by calls of PutRecords."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from salescast.stack.services.change_stream import MAX_BYTES, MAX_ENTRIES, calls, weight

SIZES = st.lists(st.sampled_from([1, 5_000, 1_000_000, MAX_BYTES, 2 * MAX_BYTES]), max_size=20)


@given(sizes=SIZES, small=st.integers(0, 1_200))
def test_calls_keep_order_and_are_as_large_as_they_may_be(sizes: list[int], small: int) -> None:
    records = [*sizes, *[1] * small]
    batches = list(calls(records, lambda size: size))
    assert [record for batch in batches for record in batch] == records
    for batch in batches:
        assert 0 < len(batch) <= MAX_ENTRIES
        assert sum(batch) <= MAX_BYTES or len(batch) == 1
    for batch, following in pairwise(batches):
        assert len(batch) == MAX_ENTRIES or sum(batch) + following[0] > MAX_BYTES


def test_a_key_weighs_its_bytes() -> None:
    assert weight(b"12345", "é") == 7
