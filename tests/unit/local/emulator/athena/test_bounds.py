"""Which files a filter leaves out, by the least and the greatest value of a column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salescast.local.emulator.athena.bounds import may_match

OCTOBER = (("order_date", "2026-10-01", "2026-10-31"),)


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("order_date = '2026-10-31'", True),
        ("order_date = '2026-11-01'", False),
        ("((order_date >= '2026-10-20') AND (order_date <= '2026-11-20'))", True),
        ("((order_date >= '2026-11-01') AND (order_date <= '2026-11-20'))", False),
        ("order_date > '2026-10-31'", False),
        ("order_date < '2026-10-01'", False),
        ("order_date BETWEEN '2026-09-01' AND '2026-09-30'", False),
        ("optional: (order_date IN ('2026-09-01', '2026-11-05'))", False),
        ("optional: (order_date IN ('2026-09-01', '2026-10-05'))", True),
        ("((order_date = '2026-09-01') OR (order_date = '2026-10-01'))", True),
        ("((order_date = '2026-09-01') OR (status = 'PLACED'))", True),
        ("(TRY_CAST(order_date AS DATE) >= '2026-11-01'::DATE)", True),
        ("NOT (order_date = '2026-10-01')", True),
        ("(salescast marker IS NULL)", True),
        ("'2026-11-01' <= order_date", True),
    ],
)
def test_what_is_not_understood_is_possible(text: str, possible: bool) -> None:
    assert may_match(OCTOBER, [text]) is possible


def test_all_filters_count_and_a_file_without_bounds_is_read() -> None:
    texts = ["order_date >= '2026-10-05'", "order_date <= '2026-09-05'"]
    assert not may_match(OCTOBER, texts)
    assert may_match((), texts)


DAYS = st.dates().map(str)


@given(st.lists(DAYS, min_size=1, max_size=5), DAYS, st.sampled_from(["=", "<", "<=", ">", ">="]))
def test_no_row_is_ever_left_out(held: list[str], day: str, operator: str) -> None:
    python = {"=": "=="}.get(operator, operator)
    matches = any(eval(f"value {python} day", {}, {"value": value, "day": day}) for value in held)
    if matches:
        assert may_match((("d", min(held), max(held)),), [f"(d {operator} '{day}')"])
