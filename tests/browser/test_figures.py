"""The figures on the pages are what Athena answers, and change with what is chosen."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from salescast.stack.services import athena
from tests.browser.conftest import Open
from tests.browser.look import Look
from tests.browser.served import Served
from tests.shop import Shop


def ask(shop: Shop, name: str, **parameters: str) -> list[dict[str, Any]]:
    """The answer of a named query; a keyword with _ at its end is the parameter without it."""
    result = athena.query(shop.stack, name, {key.rstrip("_"): value for key, value in parameters.items()})
    return [dict(zip((one.name for one in result.columns), row, strict=True)) for row in result.rows]


def pounds(value: Decimal | float) -> str:
    return f"£{value:,.0f}" if abs(float(value)) >= 1000 else f"£{value:,.2f}"


def last_day(shop: Shop) -> date:
    return date.fromisoformat(str(ask(shop, "sales_period")[0]["last_day"]))


def sold(shop: Shop, begin: date, end: date, country: str = "all") -> dict[str, str]:
    """Net revenue and orders of these days, as the Sales page should show them."""
    days = ask(shop, "sales_by_day", from_=begin.isoformat(), to=end.isoformat(), country=country)
    assert days, "an empty answer shows nothing"
    return {
        "Net_revenue": pounds(sum((day["net_revenue"] for day in days), Decimal())),
        "Orders": f"{sum(day['orders'] for day in days):,}",
        "Units": f"{sum(day['units'] for day in days):,}",
    }


def projection(window: Look) -> Locator:
    """What the chart of days says of the projection in it; it comes to a chart that stands already."""
    chart = window.page.get_by_test_id("stVegaLiteChart").first
    return chart.locator("svg text", has_text=re.compile("^projected$")).first


def test_now(look: Open, shop: Shop) -> None:
    window = look()
    window.open("Now")
    (today,) = ask(shop, "today_so_far")
    window.shows(
        Orders_today=f"{today['orders']:,}",
        Net_revenue_today=pounds(today["net_revenue"]),
        Projected_close=pounds(today["closing_revenue"]),
        Failures_waiting="0",
    )
    expect(window.metric("Newest order")).to_have_text(re.compile(r"^\d+ (s|min|h|d) ago$"))
    latest = ask(shop, "latest_orders")
    assert [row[-1] for row in window.cells("The latest orders")][:5] == [
        row["order_id"] for row in latest[:5]
    ]


def test_sales_by_days(look: Open, shop: Shop) -> None:
    window, last = look(), last_day(shop)
    window.open("Sales")
    shown = [sold(shop, last - timedelta(days=days - 1), last) for days in (28, 7, 90)]
    assert len({one["Net_revenue"] for one in shown}) == 3, "the figures must differ to tell anything"
    window.shows(**shown[0])
    for name, expected in (("7 days", shown[1]), ("90 days", shown[2])):
        window.page.get_by_role("radio", name=name).click()
        window.shows(**expected)
    expect(window.page).to_have_url(re.compile("span=90"))
    window.page.reload()
    window.settled("Sales")
    window.shows(**shown[2])


def test_sales_of_own_dates(look: Open, shop: Shop) -> None:
    window, last = look(), last_day(shop)
    window.open("Sales")
    window.page.get_by_role("radio", name="own dates").click()
    window.shows(**sold(shop, last - timedelta(days=27), last))
    begin, end = last - timedelta(days=60), last - timedelta(days=31)
    window.dates("From and to (UTC)", begin, end)
    expected = sold(shop, begin, end)
    window.shows(**expected)
    window.page.reload()
    window.settled("Sales")
    window.shows(**expected)
    expect(window.page.get_by_text("Projected on")).to_have_count(0)


def test_sales_by_country_and_category(look: Open, shop: Shop) -> None:
    window, last = look(), last_day(shop)
    window.open("Sales")
    expect(window.page.get_by_text("Projected on")).to_be_visible()
    expect(projection(window)).to_be_visible()
    window.choose("Country", "France")
    begin = last - timedelta(days=27)
    window.shows(**sold(shop, begin, last, country="France"))
    expect(window.page.get_by_text("Projected on")).to_be_visible()

    window.choose("Category", "Audio")
    rows = [
        row
        for row in ask(
            shop,
            "sales_comparison",
            from_=begin.isoformat(),
            before=(begin - timedelta(days=28)).isoformat(),
            to=last.isoformat(),
            country="France",
            category="Audio",
        )
        if row["breakdown"] == "day" and row["period"] == "period"
    ]
    assert rows
    both = {
        "Net_revenue": pounds(sum((row["net_revenue"] for row in rows), Decimal())),
        "Orders": f"{sum(row['orders'] for row in rows):,}",
    }
    window.shows(**both)
    hint = window.page.get_by_text("choose one filter to see it")
    expect(hint).to_be_visible()
    expect(projection(window)).to_have_count(0)
    expect(window.page).to_have_url(
        re.compile("country=France.*category=Audio|category=Audio.*country=France")
    )
    window.page.reload()
    window.settled("Sales")
    window.shows(**both)
    expect(hint).to_be_visible()
    top = ask(
        shop, "top_products", from_=begin.isoformat(), to=last.isoformat(), country="France", category="Audio"
    )
    shown = [row[0] for row in window.cells("The products with the most revenue")]
    assert shown
    assert shown == [row["product_id"] for row in top][: len(shown)]


def test_days_are_the_same_in_every_time_zone(look: Open, browser: Browser, dashboard: Served) -> None:
    """Days are UTC's, wherever the browser is; a day of 25 hours there may move a label by a pixel."""
    window, there = look(), Look(browser, dashboard.url, zone="America/Los_Angeles")
    for one in (window, there):
        one.open("Sales")
    (here, at), (labels, places) = axis(window), axis(there)
    assert len(here) > 5
    assert labels == here
    assert places == pytest.approx(at, abs=3)
    there.close()
    assert there.problems == []


def axis(window: Look) -> tuple[list[str], list[float]]:
    """The days below the first chart, and where they stand."""
    found = window.page.get_by_test_id("stVegaLiteChart").first.evaluate(
        "one => [...one.querySelectorAll('.role-axis-label text')]"
        ".filter(text => /[0-9] [A-Z]/.test(text.textContent))"
        ".map(text => [text.textContent, text.getBoundingClientRect().x])"
    )
    return [text for text, _ in found], [place for _, place in found]


def test_customers(look: Open, shop: Shop) -> None:
    window = look()
    window.open("Customers")
    segments, months = ask(shop, "customer_segments"), ask(shop, "new_and_returning_customers")
    new, returning = (sum(row[name] for row in months) for name in ("new_revenue", "returning_revenue"))
    window.shows(
        Customers=f"{sum(row['customers'] for row in segments):,}",
        Revenue_from_returning=f"{100 * returning / (new + returning):,.1f} %",
        At_risk=f"{sum(row['customers'] for row in segments if row['segment'] == 'at risk'):,}",
    )
    since = (datetime.now(UTC).date() - timedelta(days=90)).isoformat()
    assert [row[0] for row in window.cells("The customers with the most revenue")][:5] == [
        row["customer_id"] for row in ask(shop, "top_customers", from_=since)[:5]
    ]


def test_stock(look: Open, shop: Shop) -> None:
    window = look()
    window.open("Stock")
    cover, reorder = ask(shop, "stock_cover"), ask(shop, "reorder_list")
    assert reorder, "somebody must be low"
    window.shows(
        Products=f"{len(cover):,}",
        Units_in_stock=f"{sum(row['stock'] for row in cover):,}",
        Out_of_stock=f"{sum(row['stock'] <= 0 for row in cover):,}",
        To_order_now=f"{len(reorder):,}",
    )
    shown = [row[0] for row in window.cells("Products to order now")]
    assert shown
    assert shown == [row["product_id"] for row in reorder][: len(shown)]


def test_trust(look: Open, shop: Shop) -> None:
    window = look()
    window.open("Trust")
    window.page.get_by_role("button", name="Reconcile now").click()
    told = f"{shop.orders.height:,} orders, {shop.changes.height:,} changes; nothing is missing, to the cent."
    expect(window.page.get_by_text(told)).to_be_visible()
    window.shows(**{"Objects_under_errors/": "0", "Dead_letters": "0", "Changes_refused,_24_hours": "0"})
    repeated = ask(shop, "duplicate_deliveries")
    twice, rows = (sum(row[name] for row in repeated) for name in ("duplicates", "row_count"))
    window.shows(Delivered_twice=f"{100 * twice / rows:,.1f} %")
    accuracy = ask(shop, "accuracy_by_horizon")
    missed = sum(float(row["wape"]) * float(row["actual"]) for row in accuracy)
    actual = sum(float(row["actual"]) for row in accuracy)
    expect(window.metric("Error (WAPE)")).to_have_text(f"{100 * missed / actual:,.1f} %")
    for stage in ("orders table", "pipe", "delivery stream", "lake"):
        row = window.page.get_by_role("row", name=re.compile(f"^{stage} (check|warning|close) icon"))
        expect(row).to_contain_text("ok")


@pytest.fixture(autouse=True)
def _verdicts(dashboard: Served, shop: Shop) -> Any:
    """The shop is left as it was found: a reconciliation is written down in its folder."""
    before = set(shop.stack.state.folder.glob("reconciliation-*.json"))
    yield
    for path in set(shop.stack.state.folder.glob("reconciliation-*.json")) - before:
        path.unlink()
