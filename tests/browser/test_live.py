"""A dashboard that stays open: without orders, while they come, when one fails, when the stack dies.

The tests follow each other on one stack.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from salescast.stack.services import athena
from salescast.stack.stack import Stack
from tests.browser.conftest import clean
from tests.browser.look import PATHS, Look
from tests.browser.served import SALESCAST, served

EMPTY = {
    "Now": ["No order was placed today or yesterday. Write some:", "Nothing was sold today or yesterday"],
    "Sales": ["There are no orders yet. Write some:"],
    "Customers": ["No customer has bought yet. Write orders:"],
    "Stock": ["The lake knows no stock."],
    "Trust": [
        "This stack has not been reconciled yet. Press the button",
        "No change has arrived yet. Write some:",
        "No projected day has come yet",
    ],
    "Ask": [],
}
# Set in the page, it is gone after a reload.
MARK = "window.salescastWasHere = true"


@pytest.fixture(scope="module")
def window(browser: Browser, empty_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Look]:
    """One window on the stack's dashboard."""
    log = tmp_path_factory.mktemp("dashboard") / "dashboard.log"
    with served(empty_stack.state.folder, log) as found:
        window = Look(browser, found.url)
        yield window
        window.close()
    assert window.problems == []
    assert clean(log.read_text()), log.read_text()


def salescast(stack: Stack, *words: str) -> Any:
    command = [str(SALESCAST), *words, "--state", str(stack.state.folder), "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def test_pages_without_orders_say_what_to_do(window: Look) -> None:
    for title in PATHS:
        window.go(title)
        for told in EMPTY[title]:
            expect(window.page.get_by_test_id("stAlert").filter(has_text=told)).to_be_visible()
        expect(window.errors()).to_have_count(0)


def test_new_orders_appear_on_the_open_page(window: Look, empty_stack: Stack) -> None:
    window.go("Now")
    window.shows(**{"Orders,_last_hour": "0", "Orders_today": "0"})
    # Nothing to compare with: no percentage, and nothing in red.
    expect(window.page.get_by_test_id("stMetricDeltaIcon-Down")).to_have_count(0)
    expect(window.head).to_contain_text("Newest order: none lately")
    window.page.evaluate(MARK)
    written = salescast(empty_stack, "generate", "--rate", "5", "--seconds", "10")
    assert written["inserted"] > 10
    expect(window.metric("Orders, last hour")).not_to_have_text("0")
    expect(window.head).to_contain_text(re.compile(r"Newest order: \d+ s ago"))
    # Orders of a tick may be removed again by the next, so the lake says how many are left.
    expected = settled(window, empty_stack)
    window.shows(**expected)
    assert window.page.evaluate("window.salescastWasHere") is True
    expect(window.errors()).to_have_count(0)


def settled(window: Look, stack: Stack) -> dict[str, str]:
    """The figures of the day once all that was written has arrived."""
    count = stack.dynamodb.scan(TableName=stack.output("OrdersTable"), ConsistentRead=True)["Items"]
    orders = sum("test" not in item for item in count)
    for _ in range(240):
        (today,) = athena.run(stack, "SELECT count(*) AS n, sum(net_revenue) AS r FROM orders").rows
        if today[0] == orders:
            break
        window.page.wait_for_timeout(250)
    revenue = today[1]
    assert today[0] == orders
    assert isinstance(revenue, Decimal)
    money = f"£{revenue:,.0f}" if revenue >= 1000 else f"£{revenue:,.2f}"
    return {"Orders,_last_hour": f"{orders:,}", "Sold_today": money}


def test_a_refused_order_shows_with_its_reason(window: Look, empty_stack: Stack) -> None:
    table = empty_stack.output("OrdersTable")
    # The generator also writes trial orders, which the transformer leaves out before it looks at them.
    item = next(one for one in empty_stack.dynamodb.scan(TableName=table)["Items"] if "test" not in one)
    broken = item | {"order_id": {"S": "broken"}, "status": {"S": "LOST"}, "version": {"N": "1"}}
    window.go("Trust")
    expect(window.page.get_by_text("No change of an order waits to be mended.")).to_be_visible()
    empty_stack.dynamodb.put_item(TableName=table, Item=broken)
    expect(window.head).to_contain_text("Some orders could not be taken in")
    window.open("Trust")
    expect(window.page.get_by_text("Not taken in, but kept: 1 file(s)")).to_be_visible()
    expect(window.page.get_by_text(".venv/bin/salescast redrive")).to_be_visible()
    window.page.get_by_text("Changes refused in 24 hours, by reason").click()
    ((reason, changes),) = window.cells("Refused changes by reason")
    assert "status" in reason
    assert changes == "1"


def test_pages_outlive_their_stack(window: Look, browser: Browser, empty_stack: Stack) -> None:
    """One that refreshes itself, and one that does not."""
    window.go("Now")
    sales = Look(browser, window.url)
    sales.open("Sales")
    for one in (window, sales):
        one.page.evaluate(MARK)
    record = empty_stack.state.read()
    assert record is not None
    os.kill(record.processes["emulator"].pid, signal.SIGKILL)
    # Also after the page's own refresh there is one message, and no figures of a stack that is gone.
    expect(window.metric("Orders, last hour")).to_have_count(0)
    for one in (window, sales):
        expect(one.errors()).to_have_count(1)
        expect(one.errors()).to_contain_text("salescast up")
        expect(one.page.get_by_text("Traceback")).to_have_count(0)
    salescast(empty_stack, "up")
    window.shows(**{"Orders,_last_hour": "0"})
    expect(window.page.get_by_text("No order was placed today or yesterday.")).to_be_visible()
    expect(sales.page.get_by_text("There are no orders yet.")).to_be_visible()
    for one in (window, sales):
        expect(one.errors()).to_have_count(0)
        assert one.page.evaluate("window.salescastWasHere") is True
    sales.close()
    assert sales.problems == []
