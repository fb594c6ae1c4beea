"""The figures on the pages are what Athena answers, and change with what is chosen."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from salescast.reports import restock
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
    window.go("Now")
    (today,) = ask(shop, "today_so_far")
    window.shows(Orders_today=f"{today['orders']:,}", Sold_today=pounds(today["net_revenue"]))
    # Nothing was sold today: neither a percentage nor red.
    expect(window.page.get_by_test_id("stMetricDeltaIcon-Down")).to_have_count(0)
    expect(window.page.get_by_text(re.compile(r" yesterday by \d\d:\d\d$")).first).to_be_visible()
    # What is left of the day shrinks while this runs; the close lies between what is sold and the projection.
    close = float(re.sub("[^0-9.]", "", window.figure("Projected close")))
    assert float(today["net_revenue"]) <= close <= float(today["closing_revenue"]) + 1
    latest = ask(shop, "latest_orders")
    assert [row[-1] for row in window.cells("The latest orders")][:5] == [
        row["order_id"] for row in latest[:5]
    ]


def test_sales(look: Open, shop: Shop) -> None:
    """Periods, comparison, filters and own dates, one after the other on one open page."""
    window, last = look(), last_day(shop)
    window.go("Sales")
    shown = [sold(shop, last - timedelta(days=days - 1), last) for days in (28, 7, 91)]
    assert len({one["Net_revenue"] for one in shown}) == 3, "the figures must differ to tell anything"
    window.shows(**shown[0])
    begin = last - timedelta(days=27)
    (people,) = ask(shop, "sales_customers", from_=begin.isoformat(), to=last.isoformat())
    window.shows(
        Average_basket=pounds(people["net_revenue"] / people["baskets"]),
        New_customers=f"{people['new_customers']:,}",
    )
    expect(window.page.get_by_text("Projected on")).to_be_visible()
    expect(projection(window)).to_be_visible()

    before = sold(shop, begin - timedelta(days=28), begin - timedelta(days=1))
    note = window.page.get_by_test_id("stMetric").filter(has_text=re.compile("^Net revenue"))
    expect(note).to_contain_text(f"on {before['Net_revenue']}")
    window.choose("Compared with", "Same weeks last year")
    expect(window.page.get_by_text("not compared: orders begin on")).to_be_visible()
    expect(window.page.get_by_test_id("stMetricDeltaIcon-Up")).to_have_count(0)
    expect(window.page.get_by_test_id("stMetricDeltaIcon-Down")).to_have_count(0)
    window.choose("Compared with", "The days before")

    for name, expected in (("7 days", shown[1]), ("90 days", shown[2])):
        window.page.get_by_role("radio", name=name).click()
        window.shows(**expected)
    expect(window.page).to_have_url(re.compile("span=90"))
    window.page.get_by_role("radio", name="28 days").click()
    window.shows(**shown[0])
    window.choose("Country", "France")
    window.shows(**sold(shop, begin, last, country="France"))
    window.choose("Category", "Audio")
    both = days_of(shop, begin, last, country="France", category="Audio")
    window.shows(**both)
    hint = window.page.get_by_text("choose one filter to see it")
    expect(hint).to_be_visible()
    expect(projection(window)).to_have_count(0)
    url = re.compile("country=France.*category=Audio|category=Audio.*country=France")
    expect(window.page).to_have_url(url)
    window.page.reload()
    window.settled("Sales")
    window.shows(**both)
    names = [
        row["product_name"]
        for row in ask(
            shop,
            "sales_products",
            from_=begin.isoformat(),
            to=last.isoformat(),
            country="France",
            category="Audio",
        )
        if row["orders"]
    ]
    cells = [row[0] for row in window.cells("Products by net revenue")]
    assert cells == names[: len(cells)]

    for box in ("Country", "Category"):
        window.choose(box, "All")
    window.page.get_by_role("radio", name="Own dates").click()
    first, end = last - timedelta(days=60), last - timedelta(days=31)
    window.dates("From and to (UTC)", first, end)
    window.shows(**sold(shop, first, end))
    expect(window.page.get_by_text("Projected on")).to_have_count(0)


def days_of(shop: Shop, begin: date, end: date, **filters: str) -> dict[str, str]:
    """Net revenue and orders of these days, filtered, as the Sales page should show them."""
    answer = ask(
        shop,
        "sales_comparison",
        from_=begin.isoformat(),
        before=begin.isoformat(),
        to=end.isoformat(),
        **filters,
    )
    rows = [row for row in answer if row["breakdown"] == "day"]
    assert rows
    return {
        "Net_revenue": pounds(sum((row["net_revenue"] for row in rows), Decimal())),
        "Orders": f"{sum(row['orders'] for row in rows):,}",
    }


def test_a_click_leads_on(look: Open, shop: Shop) -> None:
    """A country becomes the filter, a product has a page of its own."""
    window, last = look(), last_day(shop)
    window.open("Sales")  # as it is met, whatever was chosen before
    begin = last - timedelta(days=27)
    countries = [row[0] for row in window.cells("Net revenue by country")]
    window.click_row("Net revenue by country", 1)
    window.shows(**sold(shop, begin, last, country=countries[1]))
    window.choose("Country", "All")
    window.shows(**sold(shop, begin, last))
    name = window.cells("Products by net revenue")[1][0]
    window.click_row("Products by net revenue", 1)
    expect(window.page.get_by_role("heading", level=2, name=name, exact=True)).to_be_visible()
    expect(window.page.get_by_role("button", name="All sales")).to_be_visible()


def test_days_are_the_same_in_every_time_zone(look: Open, browser: Browser, dashboard: Served) -> None:
    """Days are UTC's, wherever the browser is; a day of 25 hours there may move a label by a pixel."""
    window, there = look(), Look(browser, dashboard.url, zone="America/Los_Angeles")
    window.open("Sales")
    there.open("Sales")
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
    window.go("Customers")
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
    window.go("Stock")
    plan = ask(shop, "stock_plan")
    today = datetime.now(UTC).date()
    needs = restock.needs(plan, today)
    now, soon = restock.due(needs, today), restock.due(needs, today, restock.SOON_DAYS)
    assert now, "somebody must be low"
    worth = sum(
        (row["stock"] * row["unit_price"] for row in plan if row["unit_price"] is not None), Decimal()
    )
    window.shows(
        To_order_now=f"{len(now):,}",
        Out_of_stock=f"{sum(row['stock'] <= 0 for row in plan):,}",
        Stock_value=pounds(worth),
        Units_in_stock=f"{sum(row['stock'] for row in plan):,}",
    )
    shown = [row[:3] for row in window.cells("Products to order")]
    assert shown
    expected = [
        [need.product_name, str(need.quantity), "now" if need in now else f"{need.order_by:%-d %b}"]
        for need in soon
    ]
    assert shown == expected[: len(shown)]


def test_trust(look: Open, shop: Shop) -> None:
    window = look()
    window.go("Trust")
    window.page.get_by_role("button", name="Reconcile now").click()
    told = f"{shop.orders.height:,} orders, {shop.changes.height:,} changes; nothing is missing, to the cent."
    expect(window.page.get_by_text(told)).to_be_visible()
    expect(window.page.get_by_text("No change of an order waits to be mended.")).to_be_visible()
    accuracy = ask(shop, "accuracy_by_horizon")
    missed = sum(float(row["wape"]) * float(row["actual"]) for row in accuracy)
    actual = sum(float(row["actual"]) for row in accuracy)
    off = f"Projections of a day were off by {100 * missed / actual:,.1f} % of its sales"
    expect(window.page.get_by_text(off)).to_be_visible()
    window.page.get_by_text("How fast changes arrive, by day").click()
    repeated = ask(shop, "duplicate_deliveries")
    twice, rows = (sum(row[name] for row in repeated) for name in ("duplicates", "row_count"))
    window.shows(Delivered_twice=f"{100 * twice / rows:,.1f} %")
    window.page.get_by_text("Every stage, for who operates it").click()
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
