"""Events: what is understood, and what is said about the rest."""

import contextlib
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import backfill
import generator_event
import tick
from generator_environment import Settings
from generator_event import Backfill, EventError, Tick

NOW = dt.datetime(2026, 11, 20, 10, 15, 30, tzinfo=dt.UTC)
SETTINGS = Settings.read(
    {
        "ORDERS_TABLE": "orders",
        "INVENTORY_TABLE": "inventory",
        "STACK_NAME": "salescast",
        "GENERATOR_SEED": "42",
        "ORDERS_PER_HOUR": "120",
        "MAX_EVENT_AGE_SECONDS": "3600",
        "FIRST_ORDER_DATE": "2024-01-01",
    }
)
FILES = sorted((Path(__file__).parents[3] / "events" / "generator").glob("*.json"))
TICK = {"action": "tick", "time": "2026-11-20T10:15:00Z"}
BACKFILL = {"action": "backfill", "start": "2026-07-01", "end": "2026-10-31"}


def minute(**fields: Any) -> int:
    read = generator_event.read(TICK | fields)
    assert isinstance(read, Tick)
    return tick.check(read, SETTINGS, NOW)


def test_the_schedulers_event() -> None:
    read = generator_event.read(TICK)
    assert isinstance(read, Tick)
    assert read.time == dt.datetime(2026, 11, 20, 10, 15, tzinfo=dt.UTC)
    assert (read.rate_per_hour, read.from_second, read.to_second) == (None, 0, 60)


def test_a_tick_is_the_minute_that_ends_at_its_time() -> None:
    begin = dt.datetime(2026, 11, 20, 10, 14, tzinfo=dt.UTC)
    assert minute() * 60 == begin.timestamp()
    assert minute(time="2026-11-20T10:15:29.999Z") == minute()


@pytest.mark.parametrize(
    ("wrong", "field", "message"),
    [
        (None, "event", "must be an object"),
        ([TICK], "event", "must be an object"),
        ({}, "action", "is missing; use tick or backfill"),
        ({"action": "tock"}, "action", "is not known; use tick or backfill"),
        ({"action": ["tick"]}, "action", "is not known"),
        ({"action": "tick"}, "time", "is missing; give a UTC time such as 2026-11-20T10:15:00Z"),
        (TICK | {"time": "<aws.scheduler.scheduled-time>"}, "time", "must be a UTC time as text"),
        (TICK | {"time": 1795169700}, "time", "must be a UTC time as text"),
        (TICK | {"time": "2026-02-30T10:15:00Z"}, "time", "should be a valid datetime"),
        (TICK | {"time": "2026-11-20T10:15:00+01:00"}, "time", "must be a UTC time"),
        (TICK | {"rate_per_hour": 0}, "rate_per_hour", "should be greater than 0"),
        (TICK | {"rate_per_hour": True}, "rate_per_hour", "should be a valid number"),
        (TICK | {"rate_per_hour": float("nan")}, "rate_per_hour", "should be a finite number"),
        (TICK | {"rate_per_hour": 1, "orders_per_second": 1}, "orders_per_second", "leave one of them out"),
        (TICK | {"from_second": 10, "to_second": 10}, "to_second", "is not after from_second"),
        (TICK | {"to_second": 61}, "to_second", "less than or equal to 60"),
        (TICK | {"orders": 3}, "orders", "is not a field of this action; leave it out"),
        (TICK | {1: 2}, "1", "Keys should be strings"),
        ({"action": "backfill", "start": "2026-07-01"}, "end", "is missing"),
        (BACKFILL | {"start": "2026-13-01"}, "start", "should be a valid date"),
        (BACKFILL | {"start": "1.7.2026"}, "start", "must be a date as text"),
        (BACKFILL | {"end": "2026-06-30"}, "end", "is before start"),
        (BACKFILL | {"end": "2026-07-01T00:00:00Z"}, "end", "is before start"),
        (BACKFILL | {"start": "0001-01-01", "end": "0001-01-01T00:00:00Z"}, "end", "is before start"),
        (BACKFILL | {"end": "2026-11-31"}, "end", "must be a date or a UTC time"),
        (BACKFILL | {"end": "9999-12-31"}, "end", "must be a date or a UTC time"),
        (BACKFILL | {"end": "2026-11-20T10:15:00+01:00"}, "end", "must be a date or a UTC time"),
        (BACKFILL | {"orders": 0}, "orders", "greater than or equal to 1"),
        (BACKFILL | {"orders": "5"}, "orders", "should be a valid integer"),
        (BACKFILL | {"orders": 5, "rate_per_hour": 5}, "orders", "leave one of them out"),
        (BACKFILL | {"resume": "2026-07-03"}, "resume", "must be an object; pass the `resume` object"),
        (BACKFILL | {"resume": {"date": "2026-11-01"}}, "resume.date", "is not between start and end"),
        (BACKFILL | {"resume": {"date": "2026-07-03", "basket": -1}}, "resume.basket", "greater than"),
    ],
)
def test_wrong_events_name_field_and_remedy(wrong: Any, field: str, message: str) -> None:
    with pytest.raises(EventError) as caught:
        generator_event.read(wrong)
    assert caught.value.field == field
    assert message in caught.value.message


NAMES = st.sampled_from(["action", "time", "start", "end", "orders", "resume", "date"]) | st.text()
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner),
)


@given(ANYTHING)
def test_nothing_but_an_event_error_is_raised(anything: Any) -> None:
    for wrong in (anything, {"action": "tick", "time": anything}, TICK | {"rate_per_hour": anything}):
        with contextlib.suppress(EventError):
            generator_event.read(wrong)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"time": "2026-11-20T10:16:00Z"}, "is in the future"),
        ({"time": "2026-11-20T10:16:00Z", "to_second": 40}, "is in the future"),
        ({"time": "2026-11-20T09:15:00Z"}, "use the action backfill for past dates"),
        ({"time": "0001-01-01T00:00:00Z"}, "use the action backfill"),
        ({"time": "9999-12-31T23:59:59Z"}, "is in the future"),
    ],
)
def test_ticks_outside_their_time_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(EventError, match=message) as caught:
        minute(**fields)
    assert caught.value.field == "time"


def test_ticks_within_the_event_age_and_parts_that_are_over_are_taken() -> None:
    assert minute(time="2026-11-20T09:16:00Z") == minute() - 59
    assert minute(time="2026-11-20T10:16:00Z", from_second=29, to_second=30) == minute() + 1


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"start": "2023-12-31"}, "start", "give 2024-01-01 or later"),
        ({"end": "2026-11-20"}, "end", "give 2026-11-19 or earlier"),
        ({"end": "2026-11-20T10:15:31Z"}, "end", "or a UTC time such as 2026-11-20T10:15:30.000Z"),
    ],
)
def test_backfill_dates_are_bound(fields: dict[str, str], field: str, message: str) -> None:
    read = generator_event.read(BACKFILL | fields)
    assert isinstance(read, Backfill)
    with pytest.raises(EventError, match=message) as caught:
        backfill.check(read, SETTINGS, NOW)
    assert caught.value.field == field


def test_every_event_file_is_described() -> None:
    described = (FILES[0].parents[1] / "README.md").read_text()
    assert all(f"| generator/{path.name} |" in described for path in FILES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_event_files(path: Path) -> None:
    """Files named invalid-* name the field that is wrong; all others are understood."""
    content = json.loads(path.read_text())
    if not path.stem.startswith("invalid-"):
        generator_event.read(content)
        return
    with pytest.raises(EventError) as caught:
        generator_event.read(content)
    assert caught.value.field in path.stem.replace("-", "_")
