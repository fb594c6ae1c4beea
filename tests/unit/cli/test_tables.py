"""Tables that fit: what a terminal of a width shows of rows of a kind."""

from decimal import Decimal
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from salescast.cli import tables

NAMES = ["product_name", "units", "net_revenue"]
ROWS: list[list[object]] = [
    ["Noise Cancelling Headphones", 1582, Decimal("1162226.1000")],
    [None, 9, Decimal("0.5000")],
]


def shown(names: list[str], rows: list[list[object]], width: int, *, terminal: bool = True) -> list[str]:
    file = StringIO()
    console = Console(file=file, width=width, force_terminal=terminal, color_system=None, highlight=False)
    tables.show(console, names, rows)
    return file.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 50, 46])
def test_texts_fold_and_numbers_do_not(width: int) -> None:
    lines = shown(NAMES, ROWS, width)
    assert max(map(len, lines)) <= width
    assert any("1582   1,162,226.10" in line for line in lines)
    assert any(line.split() == ["9", "0.50"] for line in lines)


def test_what_is_too_wide_becomes_blocks() -> None:
    lines = shown(NAMES, ROWS, 30)
    assert lines[:4] == [
        "row 1",
        "  product_name  Noise Cancelling Headphones",
        "  units         1582",
        "  net_revenue   1,162,226.10",
    ]


def test_a_terminal_is_not_flooded_and_a_pipe_gets_all() -> None:
    rows: list[list[object]] = [["P001", number, Decimal(1)] for number in range(500)]
    assert len(shown(NAMES, rows, 80)) < tables.MOST_ROWS + 10
    assert len(shown(NAMES, rows, 20)) == tables.MOST_BLOCKS * 4
    assert len(shown(NAMES, rows, 20, terminal=False)) >= 500


@given(
    st.lists(st.tuples(st.text(max_size=40), st.decimals(allow_nan=False, allow_infinity=False)), max_size=5),
    st.integers(min_value=20, max_value=120),
)
def test_no_digit_is_lost_at_any_width(rows: list[tuple[str, Decimal]], width: int) -> None:
    lines = shown(["name", "amount"], [list(row) for row in rows], width)
    words = {word for line in lines for word in line.split()}
    assert {tables.text(amount) for _, amount in rows} <= words
