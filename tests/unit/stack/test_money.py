"""Exact amounts."""

from decimal import Decimal, Inexact, InvalidOperation

import pytest

from salescast.stack import money


def test_amount_takes_the_discount_off() -> None:
    assert money.amount("3", "19.9900", "5.97") == Decimal("54.00")
    assert money.amount(-2, "0.1") == Decimal("-0.2")


def test_amount_of_what_is_no_number() -> None:
    with pytest.raises(InvalidOperation):
        money.amount("one", "2")


def test_sum_is_exact_where_floats_are_not() -> None:
    total = Decimal(0)
    for _ in range(1000):
        total = money.add(total, Decimal("0.1"))
    assert total == 100
    assert str(money.add(Decimal(10) ** 30, Decimal("0.0001"))) == f"1{'0' * 30}.0001"


@pytest.mark.parametrize(
    ("value", "text"), [("12.5", "12.5000"), ("-0.001", "-0.0010"), ("1E+3", "1000.0000"), ("-0.0", "0.0000")]
)
def test_as_column(value: str, text: str) -> None:
    assert money.as_column(Decimal(value)) == text


def test_as_column_never_rounds() -> None:
    with pytest.raises(Inexact):
        money.as_column(Decimal("0.00001"))


@pytest.mark.parametrize(
    ("value", "text"),
    [("4397950.7610", "4397950.761"), ("100", "100"), ("0.0000", "0"), ("1E+2", "100"), ("-0.00", "0")],
)
def test_shortest(value: str, text: str) -> None:
    assert money.shortest(Decimal(value)) == text
