"""Changes as they arrived, found under raw/."""

import gzip
import json
from datetime import datetime
from typing import Any

import pytest

from salescast.integrity.failed_change import FailedChange
from salescast.integrity.originals import Originals
from salescast.integrity.redrive import NO_ORIGINAL, redrive
from salescast.stack.services.change_stream import Change
from tests.unit.integrity.failing_stack import CONVERSION, NOON, FailingStack, change, line, row

DAY = "raw/2026/11/20/"


def failed(made: dict[str, Any], arrival: datetime = NOON) -> FailedChange:
    """A failure that has only its row."""
    return FailedChange.of(json.dumps(made).encode(), "no reason", CONVERSION, arrival)


def test_originals_are_found_between_others() -> None:
    wanted = json.dumps(change("b 🙂", "1"), ensure_ascii=False).encode()
    content = json.dumps(change("a", "1")).encode() + b'garbage {"x" \xff' + wanted + b'{"eventID": "3"}'
    # Its oldest record came the day before.
    stack: Any = FailingStack({"raw/2026/11/19/b": gzip.compress(content)})
    one, other = failed(row("b 🙂", 1)), failed(row("4"))
    found = Originals(stack).find([one, other])
    assert {change: original.as_change for change, original in found.items()} == {one: Change("b 🙂", wanted)}
    assert Originals(stack).find([]) == {}


def test_objects_written_before_are_not_read() -> None:
    stack: Any = FailingStack({f"{DAY}a": json.dumps(change()).encode()})
    assert Originals(stack).find([failed(row(), NOON.replace(hour=13))]) == {}


@pytest.mark.parametrize(
    "broken",
    [gzip.compress(b"{}")[:-9], b"\x1f\x8bno gzip at all", gzip.compress(b"{}")[:-8] + b"x" * 8],
    ids=["cut off", "no gzip", "wrong checksum"],
)
def test_what_cannot_be_unpacked_is_named_and_passed_over(broken: bytes) -> None:
    raw = {f"{DAY}a": broken, f"{DAY}b": gzip.compress(json.dumps(change()).encode())}
    stack: Any = FailingStack({CONVERSION: line(row()) + b"\n" + line(row("b")), **raw})
    result = redrive(stack)
    assert (result.redriven, dict(result.left)) == (1, {NO_ORIGINAL: 1})
    assert result.broken == [f"{DAY}a"]
    assert result.as_json()["broken"] == [f"{DAY}a"]


def test_deep_nesting_does_not_hide_what_follows() -> None:
    deep = b'{"a":' * 2000 + b"1" + b"}" * 2000
    stack: Any = FailingStack({f"{DAY}a": deep + json.dumps(change()).encode()})
    one = failed(row())
    assert Originals(stack).find([one]).keys() == {one}


def test_a_change_that_failed_twice_has_its_original_twice() -> None:
    stack: Any = FailingStack({f"{DAY}a": json.dumps(change()).encode()})
    first, second = failed(row()), failed(row())
    assert Originals(stack).find([first, second]).keys() == {first, second}
