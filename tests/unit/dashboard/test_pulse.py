"""The light and the sentence in the head of every page."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from salescast.dashboard import clock, pulse
from salescast.dashboard.answers import Answers
from salescast.dashboard.pulse import Pulse
from salescast.integrity.health import DOWN, OK, WARNING, Stage
from salescast.stack.stack import Stack
from tests.waiting import wait_for


@pytest.mark.parametrize(
    ("stages", "health", "words"),
    [
        ([("pipe", OK)], OK, "Everything is working"),
        ([("pipe", OK), ("lake job", WARNING)], WARNING, "something to look at"),
        ([("errors/", WARNING), ("lake job", WARNING)], WARNING, "could not be taken in; they are kept"),
        ([("dead-letter queue", WARNING)], WARNING, "could not be taken in"),
        ([("errors/", WARNING), ("process pipe", DOWN)], DOWN, "figures may be late"),
    ],
)
def test_a_sentence_for_who_sells(stages: list[tuple[str, str]], health: str, words: str) -> None:
    found, sentence = pulse.sentence([Stage(name, state, "detail, pid 7") for name, state in stages])
    assert found == health
    assert words in sentence
    assert "pid" not in sentence


def test_it_beats_beside_the_page(stack: Stack) -> None:
    beating = Pulse(Answers(stack), every=60)
    assert beating.beat() is None, "a page does not wait for it"
    beat = wait_for(beating.beat, "the first beat")
    assert beat is not None
    assert beat.health in (OK, WARNING, DOWN)
    assert beating.beat() is beat


def test_the_shop_has_the_zone_of_the_template(stack: Stack) -> None:
    assert clock.zone(stack).key == "UTC"
    summer = datetime(2026, 7, 1, 12, tzinfo=UTC)
    london = ZoneInfo("Europe/London")
    assert clock.clock(summer, london) == "13:00"
    assert clock.offset(summer, london) == 1
    assert f"{clock.local('2026-07-01 23:30:00.000', london):%d %H:%M}" == "02 00:30"
