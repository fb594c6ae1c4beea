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
    window.page.get_by_role("tabpanel", name="Own SQL").get_by_role("button", name="Run").click()


def downloaded(window: Look, folder: Path) -> list[list[str]]:
    with window.page.expect_download() as waiting:
        window.page.get_by_role("button", name="Download CSV").click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_a_named_query_runs_with_a_parameter_and_is_downloaded(
    look: Open, shop: Shop, tmp_path: Path
) -> None:
    window = look()
    window.open("Ask")
    window.choose("Query", "top_products")
    expect(window.page.get_by_text("Which products bring the most revenue?")).to_be_visible()
    expect(window.page).to_have_url(re.compile("query=top_products"))
    window.idle()  # until then the former query's button may still be there
    window.page.get_by_label("country").fill("France")
    window.page.get_by_role("button", name="Run").click()
    answer = texts(athena.query(shop.stack, "top_products", {"country": "France"}))
    assert answer != texts(athena.query(shop.stack, "top_products", {}))
    expect(window.page.get_by_text(re.compile(rf"^{len(answer) - 1} rows, "))).to_be_visible()
    shown = [row[0] for row in window.cells("Answer of top_products")]
    assert shown
    assert shown == [row[0] for row in answer[1:]][: len(shown)]
    assert downloaded(window, tmp_path) == answer
    assert [path.name for path in tmp_path.iterdir()] == ["top_products.csv"]


def test_own_sql_that_reads(look: Open, shop: Shop, tmp_path: Path) -> None:
    window = look()
    window.open("Ask")
    sql = "-- all\n(SELECT status, count(*) AS n, sum(amount) AS total FROM orders GROUP BY 1 ORDER BY 1);"
    run_own(window, sql)
    answer = texts(athena.run(shop.stack, sql.rstrip(";")))
    expect(window.page.get_by_text(re.compile(rf"^{len(answer) - 1} rows, "))).to_be_visible()
    assert downloaded(window, tmp_path) == answer
    run_own(window, "SELECT order_id FROM orders WHERE status = 'NONE'")
    expect(window.page.get_by_text("No rows.")).to_be_visible()


REFUSED = {
    "DROP TABLE order_changes": "this page only reads; begin with one of SELECT, ",
    "/* SELECT */ INSERT INTO orders SELECT * FROM orders": "this page only reads; begin with",
    "SELECT nothing FROM orders": "nothing",
    "SELECT 1 FROM": "line 1:",
    "SELECT 1; DROP TABLE order_changes": "Only one sql statement is allowed",
}


def test_own_sql_that_is_refused_says_why_in_a_line(look: Open) -> None:
    window = look()
    window.open("Ask")
    for sql, told in REFUSED.items():
        run_own(window, sql)
        expect(window.errors()).to_contain_text(told)
        expect(window.errors()).to_have_count(1)
        print(window.errors().inner_text())
        expect(window.page.get_by_role("button", name="Download CSV")).to_have_count(0)


def test_a_wrong_parameter_says_what_is_right(look: Open) -> None:
    window = look()
    window.open("Ask", "?query=sales_by_day")
    window.page.get_by_label("from", exact=True).fill("yesterday")
    window.page.get_by_role("button", name="Run").click()
    expect(window.errors()).to_contain_text("parameter from of query sales_by_day takes a date")
