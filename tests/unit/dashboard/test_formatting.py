"""Numbers and moments as the dashboard writes them."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salescast.dashboard import formatting
from salescast.dashboard.formatting import MINUS, NONE
from salescast.integrity import health

finite = st.floats(-1e12, 1e12)


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (0.0, "GBP", "£0.00"),
        (12.345, "EUR", "€12.35"),
        (999.994, "USD", "$999.99"),
        (1000.0, "GBP", "£1,000"),
        (1234567.8, "JPY", "¥1,234,568"),
        (-12.5, "GBP", f"{MINUS}£12.50"),
        (-1234.5, "GBP", f"{MINUS}£1,234"),
        (-0.001, "GBP", "£0.00"),
        (12.5, "CHF", "CHF 12.50"),
        (None, "GBP", NONE),
    ],
)
def test_money(value: float | None, currency: str, text: str) -> None:
    assert formatting.money(value, currency) == text


@given(finite)
def test_money_reads_back(value: float) -> None:
    text = formatting.money(value, "GBP").replace(MINUS, "-").replace("£", "").replace(",", "")
    assert float(text) == pytest.approx(value, abs=0.5 if abs(value) >= 999 else 0.0051)
    assert not text.startswith("-0.00")


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (formatting.count(1234.0), "1,234"),
        (formatting.count(-1234), f"{MINUS}1,234"),
        (formatting.count(None), NONE),
        (formatting.percent(0.1234), "12.3 %"),
        (formatting.percent(-0.01), f"{MINUS}1.0 %"),
        (formatting.percent(None), NONE),
        (formatting.change(110, 100), "+10.0 %"),
        (formatting.change(90, 100), "-10.0 %"),
        (formatting.change(-50, -100), "+50.0 %"),
        (formatting.change(5, 0), None),
        (formatting.escaped("$5 and $6"), "\\$5 and \\$6"),
        (formatting.plain("[sale](http://x)\n*$5*"), r"\[sale\](http\://x) \*\$5\*"),
    ],
)
def test_counts_shares_and_changes(written: str | None, text: str | None) -> None:
    assert written == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0 s"),
        (119.4, "119 s"),
        (120, "2 min"),
        (7199, "120 min"),
        (7200, "2 h"),
        (172_799, "48 h"),
        (172_800, "2 d"),
        (8_640_000, "100 d"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert health.span(seconds) == text


def test_the_main_currency_has_the_most_orders_and_the_first_name() -> None:
    frame = pl.DataFrame({"currency": ["USD", "GBP", "USD", "EUR"], "orders": [2, 5, 3, 4]})
    assert formatting.main_currency(frame) == "GBP"
    assert formatting.main_currency(frame.filter(pl.col("currency") != "GBP")) == "USD"
    assert formatting.main_currency(frame.clear()) == ""
    assert formatting.main_currency(frame.rename({"orders": "customers"}), "customers") == "GBP"


def test_moments_have_no_time_zone() -> None:
    moment = formatting.moment("2026-11-20 10:05:00.000")
    assert (moment.hour, moment.tzinfo) == (10, None)


def test_days_are_written_one_way() -> None:
    first, last = date(2026, 11, 1), date(2026, 11, 26)
    assert formatting.day(last) == "26 Nov"
    assert formatting.days(first, last) == "1 Nov to 26 Nov 2026"
    assert formatting.days(date(2025, 12, 31), first) == "31 Dec 2025 to 1 Nov 2026"
    assert formatting.days(last, last) == "26 Nov 2026"


def test_no_percentage_where_there_is_nothing_to_compare() -> None:
    assert formatting.change_worth_saying(110, 100, 5) == "+10.0 %"
    assert formatting.change_worth_saying(110, 100, 4) is None
    assert formatting.change_worth_saying(0, 100, 50) is None
    assert formatting.change_worth_saying(5, 0, 50) is None


def test_codes_are_written_as_words() -> None:
    assert [formatting.word(code) for code in ("MARKETPLACE", "SHIPPED", "B2B", "France", None)] == [
        *("Marketplace", "Shipped", "B2B", "France"),
        NONE,
    ]
