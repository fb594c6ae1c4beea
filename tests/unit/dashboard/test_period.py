"""Periods and what they are compared with."""

from __future__ import annotations

from datetime import date

import polars as pl

from salescast.dashboard.pages import period, sales, trust
from salescast.dashboard.pages.period import BEFORE, LAST_YEAR, NOTHING, Period

SHOWN = Period(date(2026, 10, 29), date(2026, 11, 25))
EVER = date(2020, 1, 1)


def test_a_comparison_has_as_many_days() -> None:
    before, told = period.compared(SHOWN, BEFORE, EVER)
    assert before == Period(date(2026, 10, 1), date(2026, 10, 28))
    assert told == "compared with 1 Oct to 28 Oct 2026"
    last_year, _ = period.compared(SHOWN, LAST_YEAR, EVER)
    assert last_year == Period(date(2025, 10, 30), date(2025, 11, 26))
    assert last_year.first.weekday() == SHOWN.first.weekday()
    assert period.compared(SHOWN, NOTHING, EVER) == (None, "")


def test_nothing_is_compared_with_days_before_the_data_began() -> None:
    assert period.compared(SHOWN, BEFORE, date(2026, 10, 1))[0] is not None
    other, told = period.compared(SHOWN, BEFORE, date(2026, 10, 2))
    assert other is None
    assert told == "not compared: orders begin on 2 Oct 2026, and 1 Oct to 28 Oct 2026 is wanted"


def test_spans_are_whole_weeks() -> None:
    assert all(days % 7 == 0 for days in period.SPANS.values())


def test_a_promotion_is_one_strip_a_run() -> None:
    days = [("B", "2026-11-20"), ("B", "2026-11-22"), ("A", "2026-03-01"), ("A", "2026-11-01")]
    frame = pl.DataFrame(days, schema=["promotion", "order_date"], orient="row")
    assert sales.spans(frame).rows() == [
        ("A", "2026-03-01", "2026-03-01"),
        ("A", "2026-11-01", "2026-11-01"),
        ("B", "2026-11-20", "2026-11-22"),
    ]
    assert sales.spans(frame.clear()).is_empty()


def test_one_odd_day_does_not_make_the_error_of_a_week() -> None:
    """A day that sold next to nothing was missed by five times that."""
    accuracy = pl.DataFrame(
        {
            "horizon": [0, 1, 2, 8],
            "days": [1, 1, 1, 1],
            "wape": [9.0, 5.0, 0.1, 0.2],
            "naive_wape": [9.0, 1.0, 0.2, 0.2],
            "coverage80": [0.0, 0.0, 1.0, 1.0],
            "coverage95": [0.0, 0.0, 1.0, 1.0],
            "actual": [1.0, 1.0, 99.0, 50.0],
        }
    )
    weeks = trust.by_weeks(accuracy).to_dicts()
    assert [(week["week"], week["days"], round(week["missed"], 4)) for week in weeks] == [
        (1, 2, round((5 + 9.9) / 100, 4)),
        (2, 1, 0.2),
    ]
    assert weeks[0]["inside80"] == 0.5
