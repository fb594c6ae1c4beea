"""The running day: its projected close is never below what is sold, and holds what it promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salescast.dashboard import day
from salescast.dashboard.day import Projected

money = st.floats(0, 1e9)
shop = st.lists(st.floats(-1e6, 1e6), min_size=24, max_size=24)


def test_a_profile_is_the_share_sold_by_each_hour() -> None:
    revenue = [0.0] * 24
    revenue[9], revenue[10], revenue[11] = 3.0, 1.0, -5.0
    shares = day.profile(revenue)
    assert shares[:13] == [0.0] * 10 + [0.75, 1.0, 1.0]
    assert day.share(shares, 9.5) == pytest.approx(0.375)
    assert day.profile([0.0] * 24)[12] == 0.5


def test_at_its_own_hour_the_course_ends_as_projected() -> None:
    shares = day.profile([1.0] * 24)
    course = day.course(Projected(2400, 2000, 3000, hour=12, sold=1000), shares, 12, 1000)
    assert [one.hour for one in course] == [12, *range(13, 25)]
    assert course[0] == day.Expected(12, 1000, 1000, 1000)
    assert (course[-1].mean, course[-1].lo80, course[-1].hi80) == (2400, 2000, 3000)
    # Half of the rest is left at 18: half of what it expected, and bounds narrower by the root of a half.
    later = day.course(Projected(2400, 2000, 3000, hour=12, sold=1000), shares, 18, 5000)[-1]
    assert later.mean == pytest.approx(5700)
    assert later.hi80 - later.mean == pytest.approx(600 / 2**0.5)
    assert day.by_now(Projected(2400, 2000, 3000, hour=12, sold=1000), shares, 18) == pytest.approx(1700)


def test_the_day_ends_with_what_is_sold() -> None:
    shares = day.profile([1.0] * 24)
    (end,) = day.course(Projected(100, 50, 200), shares, 24, 77)
    assert end == day.Expected(24, 77, 77, 77)


@given(shop, money, money, money, st.floats(0, 24), st.floats(0, 24), money, money)
def test_the_close_never_contradicts_what_is_sold(
    revenue: list[float],
    mean: float,
    below: float,
    above: float,
    hour: float,
    now: float,
    then: float,
    sold: float,
) -> None:
    projected = Projected(mean, mean - below, mean + above, min(hour, now), then)
    for one in day.course(projected, day.profile(revenue), now, sold):
        assert sold <= one.lo80 <= one.mean <= one.hi80


def test_four_of_five_days_close_within_the_bounds() -> None:
    """Of simulated days with independent hours, whose projection before the day is right."""
    random = np.random.default_rng(7)
    usual = np.array([0.0] * 8 + [1, 2, 3, 4, 4, 3, 3, 3, 4, 5, 6, 5, 3, 1, 0, 0])
    days = random.poisson(usual * 2, size=(4000, 24)) * 25.0
    totals = days.sum(axis=1)
    low, high = np.quantile(totals, [0.1, 0.9])
    projected = Projected(float(totals.mean()), float(low), float(high))
    shares = day.profile(usual.tolist())
    for hour in (6, 12, 18):
        inside = [
            (end := day.course(projected, shares, hour, float(one[:hour].sum()))[-1]).lo80
            <= one.sum()
            <= end.hi80
            for one in days[:1500]
        ]
        assert np.mean(inside) == pytest.approx(0.8, abs=0.06), hour
