"""What to order, how many and by when."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from salescast.reports import restock

TODAY = date(2026, 11, 26)


def row(**changed: Any) -> dict[str, Any]:
    return {
        "product_id": "P1",
        "product_name": "Lamp",
        "category": "Home",
        "stock": 100,
        "reorder_level": 10,
        "lead_time_days": 5,
        "units_sold": 56,
    } | changed


def need(**changed: Any) -> restock.Need:
    (found,) = restock.needs([row(**changed)], TODAY)
    return found


def test_it_is_ordered_a_delivery_before_it_runs_out() -> None:
    lamp = need()  # two a day: 50 days
    assert (lamp.a_day, lamp.runs_out, lamp.order_by) == (2.0, date(2027, 1, 15), date(2027, 1, 10))
    # Ten are left then; 5 days of delivery and 28 after it need 66.
    assert lamp.quantity == 56


def test_at_its_reorder_level_it_is_ordered_now() -> None:
    lamp = need(stock=10)
    assert (lamp.order_by, lamp.quantity) == (TODAY, 56)
    still = need(stock=10, units_sold=0)
    assert (still.runs_out, still.order_by, still.quantity) == (None, TODAY, 1)


def test_what_is_out_of_stock_is_ordered_now_and_never_in_the_past() -> None:
    lamp = need(stock=-3, reorder_level=-10)
    assert (lamp.runs_out, lamp.order_by) == (TODAY, TODAY)


def test_what_does_not_sell_is_not_ordered() -> None:
    lamp = need(units_sold=0)
    assert (lamp.runs_out, lamp.order_by, lamp.quantity) == (None, None, 0)
    assert need(units_sold=-4).order_by is None
    assert need(stock=10**6).order_by is None, "it lasts for decades"


def test_the_most_urgent_come_first() -> None:
    found = restock.needs(
        [
            row(),
            row(product_id="P2", stock=16),
            row(product_id="P3", units_sold=0),
            row(product_id="P4", stock=5),
        ],
        TODAY,
    )
    assert [one.product_id for one in found] == ["P4", "P2", "P1", "P3"]
    assert [one.product_id for one in restock.due(found, TODAY)] == ["P4"]
    assert [one.product_id for one in restock.due(found, TODAY, 7)] == ["P4", "P2"]


whole = st.integers(-1000, 100_000)


@given(whole, whole, st.integers(0, 200), whole)
def test_what_is_ordered_lasts(stock: int, level: int, lead: int, units: int) -> None:
    found = need(stock=stock, reorder_level=level, lead_time_days=lead, units_sold=units)
    assert found.quantity >= 0
    if found.order_by:
        assert found.order_by >= TODAY
        left = stock - found.a_day * (found.order_by - TODAY).days
        assert left + found.quantity >= found.a_day * (lead + restock.COVER_DAYS) - 1e-6
    if found.runs_out:
        assert found.runs_out >= TODAY
        assert stock - found.a_day * (found.runs_out - TODAY).days >= min(0, stock) - 1e-6
        assert timedelta(days=restock.FAR_DAYS) >= found.runs_out - TODAY
