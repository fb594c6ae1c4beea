"""A shop's own table: reconcile, redrive and the proof of the log read it as the transformer does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from salescast.integrity import failed_changes
from salescast.integrity.failed_change import NO_CHANGE, FailedChange, FailedOrder
from salescast.integrity.failed_changes import Tally
from salescast.integrity.orders_table import UNREADABLE, _order
from salescast.integrity.redrive import redrive
from salescast.integrity.sources import Sources
from salescast.stack.errors import SalescastError
from salescast.stack.services import order_items
from tests.own_shop import change, documented, item, line
from tests.unit.integrity.failing_stack import CONVERSION, NOON, PROCESSING, FailingStack
from tests.unit.integrity.failing_stack import line as error_line

OLD, NEW = item("1", line("TEA"), line("MUG")), item("1", line("MUG"), line("POT"), rev=2)


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The mapping's file."""
    file = tmp_path / "mapping.yaml"
    file.write_text(documented())
    monkeypatch.setattr(order_items, "FILE", file)
    order_items.mapping.cache_clear()
    yield file
    order_items.mapping.cache_clear()


def seen(changed: Any) -> list[tuple[str, str]]:
    stack: Any = FailingStack()
    sources = Sources(stack, NOON)
    return [(each.change_id, each.dropped) for each in sources._seen(changed, 1.0)]


def failed(*changes: Any) -> FailedChange:
    return FailedChange.of(b"".join(map(orjson.dumps, changes)), "why", "where", None)


def test_a_mapping_that_cannot_be_used_is_one_line(own: Path) -> None:
    own.write_text("id: [a]\nattributes: {version: {}}\n")
    with pytest.raises(
        SalescastError, match=r"mapping\.yaml: version: needs either a column or a constant; docs/"
    ):
        order_items.orders({})


def test_the_orders_of_an_item_as_reconcile_compares_them() -> None:
    first, second = map(_order, order_items.orders(NEW))
    assert (first.order_id, first.order_date, first.version, first.amount) == (
        "1/MUG/1",
        "2026-11-20",
        2,
        "12.5000",
    )
    assert second.order_id == "1/POT/1"
    (broken,) = map(_order, order_items.orders(item("1", items=None)))
    assert (broken.order_id, broken.order_date) == ("1/", UNREADABLE), "no product"


@pytest.mark.parametrize(
    ("each", "reasons"),
    [
        (item("1", line(), line("MUG")), []),
        (item("1"), ["no lines"]),
        (item("1", line(), line("MUG"), sandbox={"BOOL": True}), ["test", "test"]),
        (item("1", items=None, type={"S": "CUSTOMER"}), ["entity"]),
    ],
)
def test_what_is_left_out(each: Any, reasons: list[str]) -> None:
    taken, found = order_items.sifted(order_items.orders(each))
    assert (len(taken), found) == (0 if reasons else 2, reasons)


def test_what_a_change_should_have_brought() -> None:
    event = "e" * 32
    assert seen(change(NEW)) == [(f"{event}-1", ""), (f"{event}-2", "")]
    assert seen(change(NEW, OLD)) == [(f"{event}-1", ""), (f"{event}-2", "")], "what went, the state shows"
    assert seen(change(None, OLD)) == [(f"{event}-1", ""), (f"{event}-2", "")]
    assert seen(change(item("1"))) == [(event, "no lines")]
    assert seen(change(NEW | {"sandbox": {"BOOL": True}})) == [(f"{event}-1", "test"), (f"{event}-2", "test")]
    assert seen({"no": "change"}) == []


def test_a_change_that_failed_is_about_all_its_orders() -> None:
    found = failed(change(NEW, OLD))
    assert found.orders == (
        FailedOrder("1/MUG/1", 2, "MODIFY", f"{'e' * 32}-1"),
        FailedOrder("1/POT/1", 2, "INSERT", f"{'e' * 32}-2"),
        FailedOrder("1/TEA/1", 1, "REMOVE", f"{'e' * 32}-3"),
    )
    tally = Tally()
    tally.add(found)
    assert tally.changes == {("1/MUG/1", 2), ("1/POT/1", 2)}
    assert (tally.removals, tally.inserts) == ({"1/TEA/1"}, {"1/POT/1": 2})
    assert (tally.records, tally.unreadable) == (1, 0)
    assert failed(change(item("", line("")))).problem == NO_CHANGE
    assert failed(change(item("1", items=None))).as_change, "lines may be mended"


def test_the_original_of_rows_is_found_once_and_delivered_once() -> None:
    rows = [{"change_id": f"{'e' * 32}-{number}", "order_id": f"1/{number}"} for number in (1, 2)]
    body = error_line(b"".join(map(orjson.dumps, rows)), lastErrorCode="D.X", lastErrorMessage="no")
    stack: Any = FailingStack({CONVERSION: body, "raw/2026/11/20/a": orjson.dumps(change(NEW))})
    assert failed_changes.tally(stack).ids == {row["change_id"] for row in rows}
    result = redrive(stack)
    assert (result.found, result.redriven, result.left.total()) == (1, 1, 0)
    assert stack.delivered == ["1/MUG/1"]
    assert CONVERSION not in stack.objects


def test_a_change_as_it_came_is_delivered_as_it_came() -> None:
    stack: Any = FailingStack({PROCESSING: error_line(change(NEW, OLD))})
    assert redrive(stack).redriven == 1
    assert len(stack.delivered) == 1
