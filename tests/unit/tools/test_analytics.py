"""Headers of SQL files: what they declare, and what is said of one that declares it wrong."""

import pytest

from tools import analytics, render
from tools.analytics import Column, DeclarationError

QUERY = """\
-- How much was sold on each day,
-- in all countries or in one?
--
-- For who reads the file.
--
-- parameters:
--   from     2000-01-01
--   country  United Kingdom
-- columns:
--   order_date  string
--   orders      int     orders: all of them

-- :nothing
SELECT order_date, 0 AS orders, '12:30 :from' FROM orders
WHERE order_date >= :from AND :country IN ('all', country) AND order_date < :from
"""
VIEW = """\
-- Days.
--
-- depends on:
--   OrdersView
-- columns:
--   order_date  string         a day
--   amount      decimal(38,4)  "what" was sold

-- Said to the reader.
SELECT order_date,
  amount
FROM orders
"""


def test_a_query_has_its_question_parameters_and_columns() -> None:
    query = analytics.query("sales_by_day", QUERY)
    assert query.resource == "SalesByDayQuery"
    assert query.question == "How much was sold on each day, in all countries or in one?"
    assert query.defaults == {"from": "2000-01-01", "country": "United Kingdom"}
    assert query.places == ("from", "country", "from")
    assert query.columns == (Column("order_date", "string"), Column("orders", "int", "orders: all of them"))
    assert query.description == (
        f"{query.question} Parameters: from=2000-01-01; country=United Kingdom; from"
    )
    assert query.statement.startswith("-- :nothing\nSELECT order_date, 0 AS orders, '12:30 :from' FROM")
    assert query.statement.endswith("order_date >= ? AND ? IN ('all', country) AND order_date < ?\n")


def test_a_view_has_no_comments_left() -> None:
    view = analytics.view("days", VIEW)
    assert (view.resource, view.description, view.depends_on) == ("DaysView", "Days.", ("OrdersView",))
    assert view.statement == "SELECT order_date,\n  amount\nFROM orders\n"
    assert [column.presto_type for column in view.columns] == ["varchar", "decimal(38,4)"]


def test_a_resource_may_have_a_name_of_its_own() -> None:
    assert analytics.query(
        "q", QUERY.replace("-- columns", "-- resource:\n--   Other\n-- columns")
    ).resource == ("Other")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("--   country  United Kingdom", "--   country", "parameter country has no default"),
        (":country", ":land", "only one of both names country, land"),
        (
            "-- columns:\n--   order_date  string",
            "-- columns:\n--   order_date",
            "column order_date has no type",
        ),
        ("-- columns", "-- rows", "a query has no section rows"),
        ("--   from  ", "-- from  ", "indent what belongs to a section"),
        ("\n\n", "\n", "begin with a header"),
        (
            "-- How much was sold on each day,\n-- in all countries or in one?\n",
            "",
            "begin with a description",
        ),
    ],
)
def test_what_is_wrong_with_a_query_is_said(old: str, new: str, message: str) -> None:
    assert old in QUERY
    with pytest.raises(DeclarationError, match=f"^sales_by_day: .*{message}"):
        analytics.query("sales_by_day", QUERY.replace(old, new))


@pytest.mark.parametrize("wrong", ['"amount"', "amount -- in all", "'\\\\'", "'${Lake}'"])
def test_a_view_is_refused_that_would_not_survive_its_envelope(wrong: str) -> None:
    with pytest.raises(DeclarationError, match=r"^days: a view has no"):
        analytics.view("days", VIEW.replace("  amount", f"  {wrong}"))


def test_only_what_stands_between_the_marks_is_written() -> None:
    template = f"before\n{render.BEGIN}old\n{render.END}after\n"
    views, queries = {"days": analytics.view("days", VIEW)}, {"q": analytics.query("q", QUERY)}
    text = render.rendered(template, views, queries)
    assert text.startswith(f"before\n{render.BEGIN}\n  # Days.\n  DaysView:\n")
    assert text.endswith(f"\n\n{render.END}after\n")
    assert "old\n" not in text
    assert '- {Name: amount, Type: "decimal(38,4)", Comment: "\\"what\\" was sold"}' in text
    assert "  QQuery:\n" in text
    assert render.rendered(text, views, queries) == text
    with pytest.raises(ValueError, match="lacks one of the lines"):
        render.rendered("no marks", views, queries)
