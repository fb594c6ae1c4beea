"""Closures, weekdays that opened or closed, feasts that move, stray orders: followed, and no wider for it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from forecast import project
from models.openings import closures, openings, stray_days
from planned import Event

WEEK_SHAPE = np.array([1, 1, 1, 1.1, 1.3, 1.6, 0.7])
DAYS = 400
NO_FEAST = np.zeros(DAYS, dtype=bool)
AHEAD = np.arange(DAYS, DAYS + 28) % 7


def weekly(days: int, seed: int = 1) -> np.ndarray:
    noise = np.exp(0.1 * np.random.default_rng(seed).standard_normal(days))
    return 1000 * np.resize(WEEK_SHAPE, days) * noise


@pytest.mark.parametrize("ago", [12, 40, 80])
def test_a_closure_does_not_widen_the_intervals(ago: int) -> None:
    history = weekly(DAYS)
    open_all_year = project(history)
    history[DAYS - ago - 28 : DAYS - ago] = 0.0
    found = project(history)
    assert found.mean == pytest.approx(open_all_year.mean, rel=0.1)
    assert found.hi95.max() < 1.2 * open_all_year.hi95.max()
    assert "28 closed days left out" in found.method


def test_a_closure_of_a_shop_that_is_shut_on_a_weekday() -> None:
    history = weekly(DAYS)
    history[6::7] = 0.0
    history[300:314] = 0.0
    found = project(history)
    assert "closed days left out" in found.method
    assert (found.mean[AHEAD == 6] == 0).all()
    assert found.mean[AHEAD == 5] == pytest.approx(np.full(4, 1600.0), rel=0.15)


def test_zeros_of_a_series_that_often_has_some_are_no_closure() -> None:
    rng = np.random.default_rng(2)
    history = np.where(rng.random(DAYS) < 0.2, 0.0, weekly(DAYS))
    history[200:210] = 0.0
    assert not closures(history, NO_FEAST).any()


def test_a_run_at_the_end_may_go_on() -> None:
    history = weekly(DAYS)
    history[-10:] = 0.0
    assert not closures(history, NO_FEAST).any()


def test_feasts_in_a_short_closure_are_learned_and_those_in_a_long_one_are_not() -> None:
    history = weekly(DAYS)
    feast = NO_FEAST.copy()
    feast[[103, 210]] = True
    history[100:110] = 0.0
    history[200:228] = 0.0
    found = closures(history, feast)
    assert found[100:110].sum() == 9
    assert not found[103]
    assert found[200:228].all()


@pytest.mark.parametrize("weeks", [3, 4, 8])
def test_a_weekday_that_opened_lately_is_followed(weeks: int) -> None:
    history = weekly(DAYS)
    sundays = np.arange(DAYS)[np.arange(DAYS) % 7 == 6]
    history[sundays] = 0.0
    history[sundays[-weeks:]] = 900.0
    found = project(history)
    assert found.mean[AHEAD == 6] == pytest.approx(np.full(4, 900.0), rel=0.15)
    assert "1 weekday(s) opened lately" in found.method


@pytest.mark.parametrize("weeks", [3, 4, 8])
def test_a_weekday_that_closed_lately_is_followed(weeks: int) -> None:
    history = weekly(DAYS)
    sundays = np.arange(DAYS)[np.arange(DAYS) % 7 == 6]
    history[sundays[-weeks:]] = 0.0
    found = project(history)
    assert (found.mean[AHEAD == 6] == 0).all()
    assert (found.hi80[AHEAD == 6] == 0).all()
    assert found.mean[AHEAD == 5].min() > 1300
    assert "1 weekday(s) closed lately" in found.method


def test_what_a_weekday_sold_before_it_opened_is_no_error() -> None:
    history = weekly(DAYS)
    history[6::7] = 0.0
    history[6::7][-4:] = 900.0
    found = openings(history, NO_FEAST)
    assert (found.known == (history != 0)).all()
    assert np.isfinite(found.z).all()


@pytest.mark.parametrize("country", [None, "United States"])
def test_black_friday_is_found_by_name_though_it_moves(country: str | None) -> None:
    first, run = dt.date(2022, 10, 1), dt.date(2025, 11, 21)
    history = weekly((run - first).days)
    for friday in (dt.date(2022, 11, 25), dt.date(2023, 11, 24), dt.date(2024, 11, 29)):
        history[(friday - first).days] *= 6
    found = project(history, start=first, country=country)
    usual = 700.0
    assert found.mean[7] > 4 * usual
    assert found.hi95[7] > 6 * usual
    assert found.mean[8] < 1.3 * 1000
    assert "Black Friday (28 Nov" in found.explanation


def test_easter_is_found_in_another_month() -> None:
    """A shop that is shut on Easter Monday: 10 April 2023, 1 April 2024, 21 April 2025."""
    first, run = dt.date(2023, 1, 1), dt.date(2025, 4, 7)
    history = weekly((run - first).days)
    for monday in (dt.date(2023, 4, 10), dt.date(2024, 4, 1)):
        history[(monday - first).days] = 0.0
    found = project(history, start=first)
    assert found.mean[14] < 0.5 * found.mean[21]
    assert found.mean[13] > 0.7 * found.mean[20]


def test_a_stray_early_order_is_left_out() -> None:
    history = np.concatenate([[5.0], np.zeros(900), weekly(120)])
    assert stray_days(history) == 901
    found = project(history)
    assert found.mean == pytest.approx(project(history[901:]).mean)
    assert "901 days from a stray first sale on left out" in found.method


def test_a_stray_order_of_long_ago_does_not_leave_its_pause_behind() -> None:
    history = np.concatenate([[5.0], np.zeros(2000), weekly(400)])
    found = project(history)
    assert found.mean == pytest.approx(project(history[2001:]).mean)
    assert "2001 days from a stray first sale on left out" in found.method


def test_a_product_that_sells_now_and_then_begins_where_it_begins() -> None:
    history = np.zeros(600)
    history[::75] = 1.0
    assert stray_days(history) == 0


def test_a_planned_closure_is_zero_and_a_planned_promotion_is_what_the_last_ones_were() -> None:
    start = dt.date(2025, 1, 1)
    history = weekly(DAYS)
    offers = [Event("offer", start + dt.timedelta(days=day), start + dt.timedelta(days=day + 2)) for day in
              (100, 200, 300, 350, DAYS + 7)]  # fmt: skip
    for day in (100, 200, 300, 350):
        history[day : day + 3] *= 1.8
    inventory = Event(
        "inventory", start + dt.timedelta(days=DAYS + 20), start + dt.timedelta(days=DAYS + 20), True
    )
    found = project(history, start=start, events=[*offers, inventory])
    plain = project(history, start=start)
    assert found.mean[7:10] == pytest.approx(1.8 * plain.mean[7:10], rel=0.2)
    assert found.mean[20] == found.hi95[20] == 0
    assert found.mean[14:20] == pytest.approx(plain.mean[14:20], rel=0.1)
    assert "offer (" in found.explanation
