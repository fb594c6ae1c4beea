"""Waiting until something is so, and no longer."""

import time
from collections.abc import Callable
from typing import Any

from salescast.stack.services.athena import run
from salescast.stack.stack import Stack

DEADLINE_SECONDS = 60.0


def wait_for(found: Callable[[], Any], what: str, seconds: float = DEADLINE_SECONDS) -> Any:
    """The first true answer. Fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        answer = found()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.1)


def wait_for_rows(stack: Stack, prefix: str, count: int) -> list[list[Any]]:
    """Change id and version of every delivered row of these orders (prefix of the id), once it is so many."""
    sql = f"SELECT change_id, version FROM order_arrivals WHERE order_id LIKE '{prefix}%' ORDER BY version"
    found: list[list[Any]] = []

    def all_there() -> bool:
        found[:] = [list(row) for row in run(stack, sql).rows]
        return len(found) >= count

    wait_for(all_there, f"{count} rows of {prefix} in the lake")
    assert len(found) == count
    return found
