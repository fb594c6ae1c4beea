"""Backfill: exact numbers, stopping and going on. Writers are recorders here."""

import datetime as dt
from collections.abc import Iterable
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backfill
import generator_event
from clock import Clock
from generator_environment import Settings
from generator_event import Backfill
from inventory import Inventory
from order import Basket, Shop
from table import Course, Orders
from tally import Tally

NOW = dt.datetime(2026, 11, 20, 10, 15, tzinfo=dt.UTC)
SETTINGS = Settings(
    orders_table="orders",
    inventory_table="inventory",
    seed=42,
    rate=2.0,
    max_event_age=dt.timedelta(hours=1),
    first_order_date=dt.date(2024, 1, 1),
)


class Recorder:
    """Stands for clock and both tables; every basket takes `cost` seconds, a run has `limit` seconds."""

    def __init__(self, cost: float = 0.01, limit: float = 900.0) -> None:
        self.time = NOW
        self.end = NOW + dt.timedelta(seconds=limit)
        self.cost = dt.timedelta(seconds=cost)
        self.limit = dt.timedelta(seconds=limit)
        self.written: list[tuple[dt.datetime, str]] = []
        self.courses: list[Course] = []
        self.clock = Clock(lambda: self.time, self.sleep, self.remaining_ms)

    def remaining_ms(self) -> int:
        return int((self.end - self.time).total_seconds() * 1000)

    def sleep(self, seconds: float) -> None:
        self.time += dt.timedelta(seconds=seconds)

    def insert(self, baskets: Iterable[Basket]) -> int:
        for basket in baskets:
            if not self.clock.has():
                return 1
            self.time += self.cost
            self.written += [(self.time, line.order_id) for line in basket.orders]
        return 0

    def advance(self, courses: Iterable[Course]) -> int:
        self.courses += courses
        return 0

    def invoke(self, event: Backfill) -> dict[str, Any]:
        self.end = self.time + self.limit
        return backfill.run(event, SETTINGS, self.clock, cast(Inventory, self), cast(Orders, self), Tally())


def event(start: str, end: str, orders: int | None = None, resume: Any = None) -> Backfill:
    fields = {"action": "backfill", "start": start, "end": end, "orders": orders, "resume": resume}
    read = generator_event.read(fields)
    assert isinstance(read, Backfill)
    return read


@given(st.integers(min_value=1, max_value=3000), st.integers(min_value=0, max_value=6))
@settings(max_examples=10)
def test_the_number_of_orders_is_exact(orders: int, days: int) -> None:
    recorder = Recorder()
    end = dt.date(2026, 11, 10) + dt.timedelta(days=days)
    assert recorder.invoke(event("2026-11-10", end.isoformat(), orders))["done"]
    assert len({order_id for _, order_id in recorder.written}) == len(recorder.written) == orders


def test_backfilled_orders_are_those_of_ticks() -> None:
    recorder = Recorder()
    recorder.invoke(event("2026-11-10", "2026-11-10", 400))
    shop = Shop(42)
    rate = backfill.select(shop, event("2026-11-10", "2026-11-10", 400), 1.0).rate
    first = int(dt.datetime(2026, 11, 10, tzinfo=dt.UTC).timestamp()) // 60
    ticks = {
        line.order_id
        for minute in range(first, first + 1440)
        for basket in shop.baskets(minute, rate)
        for line in basket.orders
        if not line.removed
    }
    written = {order_id for _, order_id in recorder.written}
    assert written <= ticks
    assert len(ticks - written) < 4, "only the last basket is cut"


@pytest.mark.no_cover
def test_lives_go_up_to_now_and_no_order_is_removed() -> None:
    recorder = Recorder()
    recorder.invoke(event("2026-09-01", "2026-11-19", 5000))
    assert len(recorder.courses) == 5000
    assert not any(course.order.removed for course in recorder.courses)
    now = int(NOW.timestamp()) // 60
    for course in recorder.courses:
        minute = course.order.basket.minute
        due = [step for step in course.order.life if minute + step.lag < now]
        assert course.target == 1 + len(due)
        assert course.version == 1
    assert {course.target for course in recorder.courses} >= {1, 2, 3, 4}


def test_a_backfill_up_to_a_time_ends_there_and_ticks_go_on() -> None:
    """What the backfill writes of today, and the ticks from its end on, are the orders of the whole day."""
    recorder = Recorder()
    assert recorder.invoke(event("2026-11-19", "2026-11-20T10:15:00Z", 900))["done"]
    assert len(recorder.written) == 900
    minutes = [course.order.basket.minute for course in recorder.courses]
    assert max(minutes) < int(NOW.timestamp()) // 60
    assert min(minutes) * 60 < dt.datetime(2026, 11, 20, tzinfo=dt.UTC).timestamp() <= max(minutes) * 60


@pytest.mark.no_cover
def test_dates_come_in_order() -> None:
    recorder = Recorder()
    assert recorder.invoke(event("2026-08-20", "2026-11-19", 1000))["done"]
    dates = [order_id.split("-")[1][:8] for _, order_id in recorder.written]
    assert dates == sorted(dates)
    assert len(set(dates)) > 85


@pytest.mark.no_cover
@pytest.mark.parametrize("limit", [18.0, 30.0])
def test_a_backfill_that_stops_goes_on_where_it_was(limit: float) -> None:
    """Short runs that hand on `resume` write what one long run writes."""
    whole, parts = Recorder(), Recorder(cost=0.05, limit=limit)
    whole.invoke(event("2026-09-20", "2026-11-19", 600))
    answer = parts.invoke(event("2026-09-20", "2026-11-19", 600))
    runs = 1
    while not answer["done"]:
        assert parts.time <= parts.end
        answer = parts.invoke(event("2026-09-20", "2026-11-19", 600, answer["resume"]))
        runs += 1
    assert runs > 1
    assert {order_id for _, order_id in parts.written} == {order_id for _, order_id in whole.written}
