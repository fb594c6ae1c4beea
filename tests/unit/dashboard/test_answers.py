"""Answers kept for a while, on the laptop's Athena: their age, who shares them, what is put out."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from salescast.dashboard import answers
from salescast.dashboard.answers import Answer, Answers, Question, footer
from salescast.stack.errors import SalescastError
from salescast.stack.services import athena
from salescast.stack.services.athena import Column, Result, Value
from salescast.stack.stack import Stack

BY_DAY = Question("sales_by_day", ())
PERIOD = Question("sales_period", ("first_day", "last_day"))


def test_an_answer_is_shared_while_it_is_young(stack: Stack) -> None:
    kept = Answers(stack)
    (first,) = kept.ask(PERIOD)
    assert [column.name for column in first.result.columns] == ["first_day", "last_day"]
    assert kept.ask(PERIOD) == [first]
    assert kept.ask(PERIOD)[0] is first
    assert kept.ask(PERIOD.where({}, max_age=-1))[0] is not first


def test_an_old_answer_is_asked_for_again_and_replaced(stack: Stack) -> None:
    kept = Answers(stack)
    (first,) = kept.ask(PERIOD)
    (second,) = kept.ask(PERIOD.where({}, max_age=-1))
    assert second.asked > first.asked
    assert kept.ask(PERIOD)[0] is second


def test_answers_differ_by_parameters_in_whatever_order_they_are_given(stack: Stack) -> None:
    kept = Answers(stack)
    france = BY_DAY.where({"from": "2011-01-01", "country": "France"})
    same = BY_DAY.where({"country": "France", "from": "2011-01-01"})
    spain = BY_DAY.where({"country": "Spain", "from": "2011-01-01"})
    french, spanish = kept.ask(france, spain)
    assert french is not spanish
    again = kept.ask(spain, same)
    assert again[0] is spanish
    assert again[1] is french


def test_answers_come_in_the_order_of_the_questions(stack: Stack) -> None:
    kept = Answers(stack)
    names = ["top_products", "sales_period", "stock_cover", "freshness", "latest_orders", "top_customers"]
    kept.ask(Question("freshness", ()))
    asked = kept.ask(*(Question(name, ()) for name in names))
    shelf = kept.shelf()
    assert len(asked) == len(names)
    for name, answer in zip(names, asked, strict=True):
        first = answer.result.columns[0].name
        assert first in shelf[name].statement
        assert kept.ask(Question(name, ())) == [answer]
    assert len({answer.result.columns[0].name for answer in asked}) > 3


def test_questions_of_one_page_are_asked_side_by_side(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four wait for each other before they go on: one after the other they would never meet."""
    meeting = threading.Barrier(answers.SIDE_BY_SIDE, timeout=60)
    run = athena.run

    def together(stack: Stack, sql: str, arguments: Sequence[str] = ()) -> Result:
        meeting.wait()
        return run(stack, sql, arguments)

    monkeypatch.setattr(athena, "run", together)
    questions = [BY_DAY.where({"country": f"Land {n}"}) for n in range(answers.SIDE_BY_SIDE)]
    assert len(Answers(stack).ask(*questions)) == answers.SIDE_BY_SIDE


def test_many_may_ask_at_once(stack: Stack) -> None:
    kept = Answers(stack)
    with ThreadPoolExecutor(6) as pool:
        pairs = list(pool.map(lambda _: kept.ask(PERIOD, Question("stock_cover", ())), range(6)))
    for period, cover in pairs:
        assert period.result.columns[0].name == "first_day"
        assert cover.result.columns[0].name == "product_id"


def test_the_longest_unasked_answer_is_put_out(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "KEPT", 2)
    kept = Answers(stack)
    days = [
        Question("orders_by_minute", ()).where({"from": day, "to": day})
        for day in ("2011-01-01", "2011-01-02")
    ]
    (period,) = kept.ask(PERIOD)
    first, second = (kept.ask(day)[0] for day in days)
    assert kept.ask(*days) == [first, second]
    assert kept.ask(days[0])[0] is first
    assert kept.ask(PERIOD)[0] is not period, "only two are kept"


def test_what_cannot_be_answered_says_why(stack: Stack) -> None:
    kept = Answers(stack)
    with pytest.raises(SalescastError, match=r"no query named sales_by_moon; deploy the current template"):
        kept.ask(PERIOD, Question("sales_by_moon", ()))
    with pytest.raises(SalescastError, match="has no parameter moon"):
        kept.ask(BY_DAY.where({"moon": "full"}))
    with pytest.raises(SalescastError, match="takes a date"):
        kept.ask(BY_DAY.where({"from": "full moon"}))
    with pytest.raises(SalescastError, match=r"sales_period has no column moon; deploy the current"):
        kept.ask(Question("sales_period", ("first_day", "moon")))
    assert kept.ask(PERIOD)[0].result.rows, "an error is not remembered"


def test_a_frame_has_the_columns_that_its_question_reads(stack: Stack) -> None:
    """A page that reads another one fails, so the columns that it declares are those that it reads."""
    columns = ("net_revenue", "order_date")
    (answer,) = Answers(stack).ask(Question("sales_by_day", columns))
    assert tuple(answer.frame.columns) == columns
    assert len(answer.result.columns) > len(columns)


def result(**columns: tuple[str, list[Value]]) -> Result:
    rows = [list(row) for row in zip(*(values for _, values in columns.values()), strict=True)]
    named = [Column(name, kind) for name, (kind, _) in columns.items()]
    return Result(named, rows, 2_000_000, 40)


def test_a_frame_has_the_columns_types_also_without_rows() -> None:
    full = result(
        day=("varchar", ["2026-11-20", None]),
        amount=("decimal", [Decimal("0.1000"), None]),
        share=("double", [0.5, None]),
        orders=("bigint", [3, None]),
        whole=("boolean", [True, None]),
        at=("timestamp", ["2026-11-20 10:00:00.000", None]),
    )
    types = [pl.String(), pl.Float64(), pl.Float64(), pl.Int64(), pl.Boolean(), pl.String()]
    names = tuple(column.name for column in full.columns)
    frame = Answer(full, datetime.now(UTC), names).frame
    assert frame.dtypes == types
    assert frame.row(0) == ("2026-11-20", 0.1, 0.5, 3, True, "2026-11-20 10:00:00.000")
    assert frame.row(1) == (None,) * 6
    assert full.rows[0][1] == Decimal("0.1000"), "the answer itself stays exact"
    empty = Answer(Result(full.columns, [], 0, 1), datetime.now(UTC), names).frame
    assert (empty.height, empty.dtypes) == (0, types)


def test_the_footer_says_when_what_was_read_and_what_it_costs() -> None:
    asked = datetime(2026, 11, 20, 10, 0, 5, tzinfo=UTC)
    newer = Answer(result(n=("bigint", [1])), asked, ("n",))
    older = Answer(result(n=("bigint", [1])), asked - timedelta(seconds=65), ("n",))
    assert footer([newer]) == "Athena, 10:00:05 UTC: 1 query, 2.00 MB read, 0.00005 USD on AWS"
    assert footer([newer, older]) == (
        "Athena, 09:59:00 to 10:00:05 UTC: 2 queries, 4.00 MB read, 0.00010 USD on AWS"
    )
