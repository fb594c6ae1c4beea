"""One run for all tests of this folder: everything unpleasant is written to the shared stack, then waited for
once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from uuid import uuid4

import pytest

from salescast.integrity import failed_changes
from salescast.stack.services import freshness
from salescast.stack.services.athena import run
from salescast.stack.stack import Stack
from tests.unpleasant.writing import Shop


@pytest.fixture(scope="module")
def shop(stack: Stack) -> Iterator[Shop]:
    """The orders as they were written, all of them in the lake, under errors/ or in the dead-letter queue."""
    shop = Shop(stack, f"u{uuid4().hex[:10]}-")
    shop.wait_out_midnight()
    with shop.fewer_attempts():
        shop.write()
        _wait(shop)
        yield shop
        shop.clean_up()


def _wait(shop: Shop) -> None:
    deadline = time.monotonic() + 60 + 6 * freshness.bound(shop.stack)
    sql = f"SELECT count(DISTINCT change_id) AS n FROM order_changes WHERE order_id LIKE '{shop.prefix}%'"
    while True:
        rows = int(str(run(shop.stack, sql).rows[0][0]))
        found = failed_changes.tally(shop.stack)
        failed = len({change for change in found.changes if change[0].startswith(shop.prefix)})
        failed += len({order_id for order_id in found.removals if order_id.startswith(shop.prefix)})
        if (rows, failed) == (shop.rows, shop.failed):
            return
        assert time.monotonic() < deadline, f"{rows} of {shop.rows} rows, {failed} of {shop.failed} failures"
        time.sleep(0.2)
