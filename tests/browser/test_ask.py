"""The Ask page: named queries with parameters, own SQL that reads, and answers to take away."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from playwright.sync_api import expect

from salescast.stack.services import athena
from salescast.stack.services.athena import Result
from tests.browser.conftest import Open
from tests.browser.look import Look
from tests.shop import Shop


def texts(result: Result) -> list[list[str]]:
    """An answer as CSV has it, with its head."""
    rows = [["" if value is None else str(value) for value in row] for row in result.rows]
    return [[column.name for column in result.columns], *rows]


def run_own(window: Look, sql: str) -> None:
    window.page.get_by_role("tab", name="Own SQL").click()
    window.page.get_by_label("SQL (Athena engine 3)").fill(sql)
    window.idle()
    window.page.get_by_role("tabpanel", name="Own SQL").get_by_role("button", name="Run").click()


def downloaded(window: Look, folder: Path) -> list[list[str]]:
    window.idle()  # a run of the page takes what it had to offer before
    with window.page.expect_download() as waiting:
        window.page.get_by_role("button", name="Download CSV").click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_a_named_query_runs_with_parameters_and_is_downloaded(look: Open, shop: Shop, tmp_path: Path) -> None:
    window = look()
    window.go("Ask")
    window.choose("Query", "top_products")
    expect(window.page.get_by_text("Which products bring the most revenue?")).to_be_visible()
    window.idle()  # until then the former query's button may still be there
    window.choose("country", "France")
    window.page.get_by_role("button", name="Run").click()
    answer = texts(athena.query(shop.stack, "top_products", {"country": "France"}))
    assert answer != texts(athena.query(shop.stack, "top_products", {}))
    expect(window.page.get_by_text(re.compile(rf"^{len(answer) - 1} rows, "))).to_be_visible()
    shown = [row[0] for row in window.cells("Answer of top_products")]
    assert shown
    assert shown == [row[0] for row in answer[1:]][: len(shown)]
    assert downloaded(window, tmp_path) == answer
    assert [path.name for path in tmp_path.iterdir()] == ["top_products.csv"]
    window.page.get_by_role("tab", name="Chart").click()
    expect(window.page.get_by_test_id("stVegaLiteChart").locator("svg")).to_be_visible()
    window.page.get_by_role("tab", name="Table").click()  # the next answer opens where this was left


def test_own_sql_that_reads(look: Open, shop: Shop, tmp_path: Path) -> None:
    window = look()
    window.go("Ask")
    sql = "-- all\n(SELECT status, count(*) AS n, sum(amount) AS total FROM orders GROUP BY 1 ORDER BY 1);"
    run_own(window, sql)
    answer = texts(athena.run(shop.stack, sql.rstrip(";")))
    expect(window.page.get_by_text(re.compile(rf"^{len(answer) - 1} rows, "))).to_be_visible()
    assert downloaded(window, tmp_path) == answer
    run_own(window, "SELECT order_id FROM orders WHERE status = 'NONE'")
    expect(window.page.get_by_text("No rows.")).to_be_visible()
    # What was asked before is asked again by a click.
    window.idle()
    window.page.get_by_role("button", name=re.compile("SELECT status")).click()
    expect(window.page.get_by_text(re.compile(rf"^{len(answer) - 1} rows, "))).to_be_visible()


REFUSED = {
    "DROP TABLE order_changes": "this page only reads; begin with one of SELECT, ",
    "SELECT nothing FROM orders": "nothing",
    "SELECT 1; DROP TABLE order_changes": "Only one sql statement is allowed",
}


def test_own_sql_that_is_refused_says_why_in_a_line(look: Open) -> None:
    """And no answer to another question stands below it."""
    window = look()
    window.go("Ask")
    run_own(window, "SELECT 1 AS one")
    download = window.page.get_by_role("button", name="Download CSV")
    expect(download).to_be_visible()
    window.idle()
    for sql, told in REFUSED.items():
        run_own(window, sql)
        expect(window.errors()).to_contain_text(told)
        expect(window.errors()).to_have_count(1)
        expect(download).to_have_count(0)


def test_a_long_query_is_cancelled(look: Open, shop: Shop) -> None:
    window = look()
    window.go("Ask")
    run_own(
        window,
        # Every combination has to be looked at: no statistics of a column and no hash tells which are left.
        "SELECT count(*) FROM orders a CROSS JOIN orders b CROSS JOIN orders c "
        "WHERE concat(a.order_id, b.order_id) < reverse(c.order_id)",
    )
    cancel = window.page.get_by_role("button", name="Cancel")
    cancel.click()
    expect(window.errors()).to_contain_text("the query was cancelled")
    expect(cancel).to_have_count(0)
    assert athena.run(shop.stack, "SELECT 1 AS one").rows == [[1]]


def test_tables_and_their_columns_are_listed(look: Open) -> None:
    window = look()
    window.go("Ask")
    window.page.get_by_text("daily_sales", exact=True).click()
    expect(window.page.get_by_text("net_revenue decimal(38,4)").first).to_be_visible()
