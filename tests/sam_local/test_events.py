"""Every event of events/ through `sam local invoke`; answers are those that events/README.md documents.

What writes, writes to a laptop stack, and is then seen in it.
"""

from __future__ import annotations

import base64
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from salescast.integrity import orders_table
from salescast.stack.services import freshness
from salescast.stack.services.athena import run
from salescast.stack.stack import Stack
from tests.sam_local.conftest import Sam
from tests.template import ROOT

EVENTS = ROOT / "events"
COUNTS = ("inserted", "changed", "removed", "repeated", "absent", "test", "restocked")


def documented() -> dict[str, str]:
    """Event file -> its answer in events/README.md."""
    lines = (EVENTS / "README.md").read_text().splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line[:1] == "|"]
    return {row[0]: row[-1] for row in cells if row[0].endswith(".json")}


DOCUMENTED = documented()
REFUSAL = re.compile(r"`(\w+)` (?:refused|is wrong)")
FILES = [f"{path.parent.name}/{path.name}" for path in sorted(EVENTS.glob("*/*.json"))]
FILES = [name for name in FILES if not name.startswith("changes/")]  # what encode.py makes events of
TRANSFORMER = [name for name in FILES if name.startswith("transformer/")]
# The whole backfill first: backfill-resume writes a part of it.
WHOLE = "generator/backfill.json"
SNAPSHOT = [name for name in FILES if name.startswith("snapshot/")]
PROJECTOR = [name for name in FILES if name.startswith("projector/")]
GENERATOR = [WHOLE, *(name for name in FILES if name.startswith("generator/") and name != WHOLE)]


def event(name: str) -> Path:
    return EVENTS / name


def check_refusal(answer: dict[str, Any], text: str) -> None:
    """Compare what a function raised with its documentation."""
    refused = REFUSAL.search(text)
    assert refused, answer
    assert answer["errorType"] == "EventError"
    assert answer["errorMessage"].startswith(f"{refused.group(1)}: ")


def check(answer: dict[str, Any], text: str) -> None:
    """Compare a generator's answer with its documentation."""
    if "errorType" in answer:
        check_refusal(answer, text)
        return
    assert text.startswith("counts; at any later time") or not REFUSAL.search(text), text
    assert set(COUNTS) <= set(answer), answer
    assert all(answer[name] >= 0 for name in COUNTS)
    assert answer["done"] is True
    assert sum(answer[name] for name in COUNTS) > 0
    if total := re.match(r"([\d,]+) inserted, or repeated", text):
        expected = int(total.group(1).replace(",", ""))
        assert answer["inserted"] == expected
    else:
        assert text.startswith("counts"), text


@pytest.mark.parametrize("name", TRANSFORMER)
def test_transformer(local: Sam, name: str) -> None:
    records = local.invoke("TransformerFunction", event(name))["records"]
    results = [record["result"] for record in records]
    expected = DOCUMENTED[name]
    assert results == ([] if expected == "no records" else expected.split(", "))
    for record in records:
        if record["result"] == "Ok":
            assert b"customer_name" not in base64.b64decode(record["data"])


@pytest.mark.parametrize("name", GENERATOR)
def test_generator(local: Sam, name: str) -> None:
    answer = local.invoke("GeneratorFunction", event(name), raises=None)
    check(answer, DOCUMENTED[name])
    if name == WHOLE:
        assert seen(local.stack) > 0.9 * answer["inserted"]  # some were removed again
        # Repeating an event writes nothing twice.
        again = local.invoke("GeneratorFunction", event(name))
        assert (again["inserted"], again["changed"]) == (0, 0)


@pytest.mark.parametrize("name", SNAPSHOT)
def test_snapshot(local: Sam, name: str) -> None:
    text = DOCUMENTED[name]
    refused = bool(REFUSAL.search(text))
    answer = local.invoke("SnapshotFunction", event(name), raises=refused)
    if refused:
        check_refusal(answer, text)
        return
    assert answer["products"] > 0
    local.stack.s3.head_object(Bucket=local.stack.output("Lake"), Key=answer["key"])


@pytest.mark.parametrize("name", PROJECTOR)
def test_projector(local: Sam, name: str) -> None:
    """Reads the orders that the backfill above wrote."""
    text = DOCUMENTED[name]
    refused = bool(REFUSAL.search(text))
    answer = local.invoke("ProjectorFunction", event(name), raises=refused)
    if refused:
        check_refusal(answer, text)
        return
    assert answer["series"] > 10
    assert (answer["key"] is not None) == text.startswith("written")
    if answer["key"]:
        local.stack.s3.head_object(Bucket=local.stack.output("Lake"), Key=answer["key"])


def test_a_tick_with_the_present_time_writes(local: Sam) -> None:
    before = {order.order_id for order in orders_table.scan(local.stack)}
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:00Z}"
    tick = {"action": "tick", "time": now, "orders_per_second": 2}
    answer = local.invoke("GeneratorFunction", tick)
    assert answer["inserted"] > 50
    new = {order.order_id for order in orders_table.scan(local.stack)} - before
    assert 50 < len(new) <= answer["inserted"]
    wanted = ", ".join(f"'{order_id}'" for order_id in sorted(new)[:100])
    wait_for(
        local.stack, f"SELECT count(*) AS n FROM orders WHERE order_id IN ({wanted})", min(len(new), 100)
    )


def test_every_event_is_documented() -> None:
    assert sorted(DOCUMENTED) == sorted(FILES)


def seen(stack: Stack) -> int:
    """How many orders of the backfill's days are in the lake, once all of the table's are there."""
    sql = "SELECT count(*) AS n FROM orders WHERE order_date BETWEEN '2026-07-01' AND '2026-10-31'"
    live = sum("2026-07-01" <= order.order_date <= "2026-10-31" for order in orders_table.scan(stack))
    return wait_for(stack, sql, live)


def wait_for(stack: Stack, sql: str, at_least: int) -> int:
    """The number that a query answers, as soon as it is as large as wanted."""
    deadline = time.monotonic() + 6 * freshness.bound(stack)
    while (found := int(str(run(stack, sql).rows[0][0]))) < at_least:
        assert time.monotonic() < deadline, f"{found} of {at_least} are in the lake"
        time.sleep(1)
    return found
