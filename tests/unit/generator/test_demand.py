"""The demand curve, promotions and counts."""

import datetime as dt
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

import demand
import dice
from catalogue import PRODUCTS

DAY_2026 = dt.date(2026, 1, 1).toordinal() - dt.date(1970, 1, 1).toordinal()


def test_demand_averages_about_one_in_2026_apart_from_promotions() -> None:
    factors = [
        demand.day(1, DAY_2026 + number).factor
        for number in range(365)
        if demand.day(1, DAY_2026 + number).promotion is None
    ]
    assert mean(factors) == pytest.approx(1, abs=0.08)


def test_a_day_is_its_factor_times_its_minutes() -> None:
    total = sum(demand.demand(1, DAY_2026 * 1440 + minute) for minute in range(1440))
    assert total == pytest.approx(demand.day(1, DAY_2026).factor * 1440)


@given(st.integers(min_value=0, max_value=60_000_000))
def test_demand_is_above_zero(minute: int) -> None:
    assert demand.demand(5, minute) > 0


def test_evenings_saturdays_and_december_are_busy() -> None:
    night, evening = (demand.demand(1, DAY_2026 * 1440 + hour * 60) for hour in (3, 19))
    assert evening > 5 * night
    days = [demand.day(1, DAY_2026 + number) for number in range(365)]
    saturdays, sundays = (mean(days[number].factor for number in range(first, 365, 7)) for first in (2, 3))
    assert saturdays > sundays  # 2026-01-03 is a Saturday
    assert mean(day.factor for day in days[335:]) > mean(day.factor for day in days[31:59])
    assert demand.day(1, DAY_2026 + 365 * 2).factor > demand.day(1, DAY_2026).factor * 1.05


def test_promotions_do_not_overlap_and_are_found() -> None:
    year = [dt.date(2024, 1, 1) + dt.timedelta(days=number) for number in range(366)]
    for date in year:
        running = [
            promotion
            for promotion in demand.PROMOTIONS
            if promotion.first <= (date.month, date.day) <= promotion.last
        ]
        assert len(running) <= 1
        assert demand.promotion_on(date) == (running[0] if running else None)


def test_a_promotion_raises_the_demand_of_its_products() -> None:
    before, during = (
        demand.day(1, DAY_2026 + dt.date(2026, 10, day).timetuple().tm_yday - 1) for day in (9, 10)
    )
    assert before.promotion is None
    assert during.promotion is not None

    def share(day: demand.Day) -> float:
        edges = [0.0, *day.shares]
        return sum(
            edges[index + 1] - edges[index]
            for index, product in enumerate(PRODUCTS)
            if product.category == "Wearables"
        )

    assert share(during) > 1.1 * share(before)


def test_counts_are_poisson() -> None:
    """Mean and variance of the count agree with the mean that was asked for."""
    minute, rate = DAY_2026 * 1440 + 700, 600.0
    wanted = rate * demand.baskets_per_rate(1, minute)
    counts = [
        len(list(demand.candidates(dice.root("poisson", number), 1, minute, rate))) for number in range(3000)
    ]
    assert mean(counts) == pytest.approx(wanted, rel=0.05)
    variance = mean((count - wanted) ** 2 for count in counts)
    assert variance == pytest.approx(wanted, rel=0.12)


def test_mean_lines() -> None:
    numbers = [(index + 0.5) / 1000 for index in range(1000)]
    assert mean(demand.line_count(number) for number in numbers) == pytest.approx(demand.MEAN_LINES)
    assert {demand.line_count(number) for number in numbers} == {1, 2, 3, 4}
