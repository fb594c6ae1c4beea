"""Named queries and their parameters."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from salescast.stack.errors import SalescastError
from salescast.stack.services.athena import NamedQuery, Result, _named, _reader

TODAY = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
DESCRIPTION = "What sold best?\nParameters: from=today-30; to=today; country=United Kingdom; top=10"


def named(description: str = DESCRIPTION) -> NamedQuery:
    return _named({"Name": "top-products", "Description": description, "QueryString": "SELECT ?"})


def test_the_last_line_lists_the_parameters() -> None:
    found = named()
    assert found.description == "What sold best?"
    assert list(found.defaults.items()) == [
        ("from", "today-30"),
        ("to", "today"),
        ("country", "United Kingdom"),
        ("top", "10"),
    ]


def test_a_folded_description() -> None:
    found = named("What sold best? Parameters: top=10")
    assert (found.description, found.defaults) == ("What sold best?", {"top": "10"})


def test_no_parameters() -> None:
    found = named("What sold best?")
    assert (found.description, found.defaults) == ("What sold best?", {})
    assert found.arguments({}) == []


def test_defaults() -> None:
    assert named().arguments({}, TODAY) == ["'2026-10-21'", "'2026-11-20'", "'United Kingdom'", "10"]


def test_a_name_alone_repeats_its_value() -> None:
    found = named("How much? Parameters: days=28; to=today; days; to")
    assert found.defaults == {"days": "28", "to": "today"}
    assert found.arguments({"days": "7"}, TODAY) == ["7", "'2026-11-20'", "7", "'2026-11-20'"]
    with pytest.raises(SalescastError, match="gives days no default"):
        named("How much? Parameters: days; to=today")


def test_given_values_are_literals() -> None:
    given = {"country": "Cote d'Ivoire", "top": "3", "to": "today+1"}
    assert named().arguments(given, TODAY) == ["'2026-10-21'", "'2026-11-21'", "'Cote d''Ivoire'", "3"]


def test_text_that_looks_like_a_number_stays_text() -> None:
    assert named().arguments({"country": "1; DROP TABLE orders"}, TODAY)[2] == "'1; DROP TABLE orders'"


def test_unknown_parameter() -> None:
    with pytest.raises(SalescastError, match="no parameter contry; it has: from, to, country, top"):
        named().arguments({"contry": "France"})


@pytest.mark.parametrize("value", ["ten", "1 OR 1=1", "", "1e3"])
def test_a_number_is_wanted(value: str) -> None:
    with pytest.raises(SalescastError, match="parameter top of query top-products takes a number"):
        named().arguments({"top": value})


@pytest.mark.parametrize(
    "value", ["yesterday", "20.11.2026", "2026", "2026-13-01", "2026-02-30", "2026-13", ""]
)
def test_a_date_is_wanted(value: str) -> None:
    with pytest.raises(SalescastError, match="parameter to of query top-products takes a date such as"):
        named().arguments({"to": value})
    with pytest.raises(SalescastError, match="today-999999999 is outside the calendar"):
        named().arguments({"to": "today-999999999"})
    with pytest.raises(SalescastError, match="from 2026-11-21 is after to 2026-11-20"):
        named().arguments({"from": "2026-11-21", "to": "2026-11-20"})
    month = named("When? Parameters: from=2000-01")
    assert month.arguments({"from": "2026-11"}) == ["'2026-11'"]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "-7", -7),
        ("bigint", "7", 7),
        ("double", "1.5", 1.5),
        ("decimal", "12.5000", Decimal("12.5000")),
        ("decimal(20,4)", "12.5000", Decimal("12.5000")),
        ("boolean", "true", True),
        ("boolean", "false", False),
        ("varchar", "7", "7"),
        ("timestamp", "2026-11-20 10:00:00.000", "2026-11-20 10:00:00.000"),
    ],
)
def test_values_have_pythons_types(kind: str, text: str, value: object) -> None:
    found = _reader(kind)(text)
    assert found == value
    assert type(found) is type(value)


def test_athena_bills_10_mb_at_the_least() -> None:
    assert Result([], [], 0, 5).dollars == Result([], [], 10_000_000, 5).dollars == 0.00005
    assert Result([], [], 2_000_000_000_000, 5).dollars == 10.0
