"""The summary of a day: its sums, and its words as text and as HTML."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

from salescast.integrity import health
from salescast.reports import digest, digest_text
from salescast.reports.digest import Digest, Mover, Sold
from salescast.reports.restock import Need

DAY = date(2026, 11, 25)
LAMP = Need("P1", "Lamp <b>", "Home", 4, 5, 2.0, date(2026, 11, 28), DAY, 62)
FOUND = Digest(
    "salescast",
    DAY,
    "GBP",
    Sold(40, Decimal("1234.5000"), 50, Decimal("2469.0000")),
    Sold(300, Decimal("9000.0000"), 2, Decimal("10.0000")),
    [Mover("Ring", Decimal("90.0000"), Decimal("10.5000"))],
    [],
    [LAMP],
    0,
    health.OK,
    "all are well",
)


def rows(first: date, revenue: list[str], currency: str = "GBP") -> list[dict[str, Any]]:
    return [
        {
            "order_date": (first + timedelta(days=number)).isoformat(),
            "currency": currency,
            "orders": number + 1,
            "net_revenue": Decimal(one),
        }
        for number, one in enumerate(revenue)
    ]


def test_a_day_is_compared_with_its_weekday_a_week_before() -> None:
    days = rows(DAY - timedelta(days=13), [str(number) for number in range(1, 15)])
    assert digest.sold(days, DAY, DAY) == Sold(14, Decimal(14), 7, Decimal(7))
    week = digest.sold(days, DAY - timedelta(days=6), DAY)
    assert week == Sold(sum(range(8, 15)), Decimal(sum(range(8, 15))), 28, Decimal(28))


def test_the_main_currency_has_the_most_orders() -> None:
    assert digest.main_currency([*rows(DAY, ["1", "1"]), *rows(DAY, ["900"], "EUR")]) == "GBP"
    assert digest.main_currency([]) == ""


def test_its_words() -> None:
    text = digest_text.text(FOUND)
    assert text.splitlines()[0] == "Salescast, Wednesday 25 Nov 2026"
    assert (
        "  The day: £1,234 in 40 orders, \N{MINUS SIGN}50.0 % on £2,469 the Wednesday before"
        in text.splitlines()
    )
    # Two orders are nothing to compare with.
    assert "  Its week: £9,000 in 300 orders, against £10.00 the week before" in text.splitlines()
    assert "  Ring: £90.00, £10.50 the week before" in text.splitlines()
    assert "  Lamp <b>: 62 by 25 Nov; 4 in stock, runs out 28 Nov" in text.splitlines()
    assert "  Everything works" in text.splitlines()


def test_its_page_says_the_same_and_loads_nothing() -> None:
    class Page(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.words: list[str] = []
            self.tags: set[str] = set()

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.tags.add(tag)
            assert not {name for name, _ in attrs} & {"src", "href", "onload"}

        def handle_data(self, data: str) -> None:
            self.words.append(data.strip())

    page = Page()
    page.feed(digest_text.html(FOUND))
    for _, lines in digest_text.sections(FOUND):
        assert set(lines) <= set(page.words)
    assert "b" not in page.tags, "a product's name is text"
    assert not page.tags & {"script", "img", "link"}


def test_as_json() -> None:
    plain = FOUND.as_json()
    assert plain["day"] == "2026-11-25"
    assert plain["yesterday"]["net_revenue"] == Decimal("1234.5000")
    assert plain["to_order"][0]["order_by"] == "2026-11-25"
