"""A query that the page does not wait for: cancelled by a click, or because nobody looks any more."""

from __future__ import annotations

import time
from collections.abc import Callable

from salescast.dashboard.asking import Asking
from salescast.stack.errors import SalescastError
from salescast.stack.services import athena
from salescast.stack.services.athena import Result
from salescast.stack.stack import Stack

EMPTY = Result([], [], 0, 0)


def forever(stopped: Callable[[], bool]) -> Result:
    while not stopped():
        time.sleep(0.01)
    raise SalescastError("the query was cancelled")


def test_an_answer_that_comes_soon() -> None:
    asking = Asking(lambda _: EMPTY).start()
    assert asking.look(5)
    assert (asking.result, asking.error) == (EMPTY, "")


def test_a_click_cancels() -> None:
    asking = Asking(forever).start()
    assert not asking.look(0.05)
    asking.cancel()
    assert asking.look(5)
    assert (asking.result, asking.error) == (None, "the query was cancelled")


def test_nobody_looks_any_more() -> None:
    asking = Asking(forever, unseen=0.2).start()
    for _ in range(8):
        assert not asking.look(0.05), "while somebody looks it goes on"
    assert asking.done.wait(5)


def test_a_cancelled_query_is_stopped_at_athena(stack: Stack) -> None:
    """With the states that Athena tells, whether it was still running or had just ended."""
    asking = Asking(lambda stopped: athena.run(stack, "SELECT 1", (), lambda: True)).start()
    assert asking.look(30)
    assert asking.error == "the query was cancelled"
    newest = stack.athena.list_query_executions(WorkGroup=stack.output("Workgroup"))["QueryExecutionIds"]
    states = [
        stack.athena.get_query_execution(QueryExecutionId=one)["QueryExecution"]["Status"]["State"]
        for one in newest
    ]
    assert set(states) <= {"CANCELLED", "SUCCEEDED", "FAILED"}
