"""Every named query on days on which dates are awkward: `make test-dates`; `make test` takes one of them.

The day is an argument of the generator's clock, of the queries' `today` and of the engine's current_date; no
clock of the machine has a part in it.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from salescast.stack.services.athena import NamedQuery
from tests.analytics.questions import ALL, QUERIES, expected, given
from tests.dates.athena import ask
from tests.dates.books import dated

FEW = {"2026-11-25": "the day on which make test failed"}
MORE = {
    "2028-02-29": "leap day",
    "2026-12-31": "the last day of a year",
    "2027-01-01": "the first day of a year",
    "2026-01-31": "end of a month of 31 days; a month later has 28",
    "2026-02-28": "end of February",
    "2028-03-01": "the day after a leap day",
    "2026-04-30": "end of a month of 30 days",
    "2026-11-30": "end of a month, a Monday",
    "2026-03-08": "summer time begins in the United States",
    "2026-03-29": "summer time begins in Europe",
    "2026-03-30": "the day after, a Monday",
    "2026-10-25": "summer time ends in Europe",
    "2026-10-26": "the day after, a Monday",
    "2026-11-01": "summer time ends in the United States; the first of a month",
    "2026-06-01": "a Monday and the first of a month",
    "2024-12-31": "the last day of a leap year",
}
DATES = FEW | MORE if os.environ.get("SALESCAST_DATES") else FEW


@pytest.mark.parametrize("day", DATES)
def test_every_query_answers_what_the_books_say(day: str, tmp_path: Path) -> None:
    shop = dated(date.fromisoformat(day))
    asked = [(name, parameters) for name in ALL for parameters in given(name, shop.books)]
    statements = [
        (named.statement, named.arguments(parameters, shop.now))
        for name, parameters in asked
        for query in [QUERIES[name]]
        for named in [NamedQuery(name, query.question, query.statement, query.defaults, query.places)]
    ]
    answers = ask(tmp_path, shop.now, shop.lake, statements)
    for (name, parameters), answer in zip(asked, answers, strict=True):
        rows = expected(name, shop.books, parameters)
        width = len(rows[0]) if rows else 0
        assert [row[:width] for row in answer.rows] == rows, (name, parameters)
