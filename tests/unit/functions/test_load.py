"""How fast orders are sent, in a time of its own; tests/local/pipeline/test_load.py sends some."""

from __future__ import annotations

from typing import Any

import pytest

from salescast.functions import load
from salescast.functions.load import Pace


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which passes by sleeping only."""
    now = [100.0]

    class Time:
        @staticmethod
        def monotonic() -> float:
            return now[0]

        @staticmethod
        def sleep(seconds: float) -> None:
            now[0] += seconds

    monkeypatch.setattr(load, "time", Time)
    return now


def test_neither_records_nor_bytes_exceed_their_rate(clock: list[float]) -> None:
    pace = Pace(records=100, size=1000)
    for records, size in ((100, 10), (50, 10), (1, 3000), (1, 1)):
        pace.wait(records, size)
    assert clock == [pytest.approx(100 + 1 + 0.5 + 3)]


def test_a_pause_is_not_made_up_for(clock: list[float]) -> None:
    pace = Pace(records=100, size=1000)
    clock[0] += 60
    for _ in range(3):
        pace.wait(100, 1)
    assert clock == [pytest.approx(160 + 2)]


class Stack:
    """A stack on AWS, or on this machine, with a stream of three shards."""

    def __init__(self, is_laptop: bool) -> None:
        self.is_laptop, self.kinesis = is_laptop, self

    def output(self, name: str) -> str:
        return name

    def describe_stream_summary(self, **_: Any) -> dict[str, Any]:
        return {"StreamDescriptionSummary": {"OpenShardCount": 3}}


def test_four_fifths_of_what_the_shards_take(clock: list[float]) -> None:
    stack: Any = Stack(is_laptop=False)
    pace = Pace.of(stack)
    assert pace
    for _ in range(2):
        pace.wait(2400, 1)
    assert clock == [pytest.approx(101)]


def test_the_laptops_stream_has_no_limits() -> None:
    stack: Any = Stack(is_laptop=True)
    assert Pace.of(stack) is None
