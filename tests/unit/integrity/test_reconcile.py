"""What reconciliation sums up and how it judges an order."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest

from salescast.integrity.failed_changes import Tally
from salescast.integrity.orders_table import UNREADABLE, Order, _order
from salescast.integrity.reconcile import Day, Reconciliation, _Comparison, checksum
from salescast.stack.stack import Stack

NOW = datetime.now(UTC)
OLD = NOW - timedelta(hours=1)
DAY = "2026-11-01"


def an_order(version: int = 2, amount: str = "10.0000", updated: datetime = OLD, day: str = DAY) -> Order:
    return Order("a", day, version, amount, updated)


def judge(order: Order, view: dict[str, Any], stored: set[tuple[str, int]], failed: Tally) -> Reconciliation:
    result = Reconciliation()
    comparison = _Comparison(cast(Stack, None), 60.0, failed, result, lambda _: None)
    comparison._view, comparison._stored = view, stored
    comparison._judge(order, NOW - timedelta(seconds=60))
    return result


def judged(order: Order, view: Any, stored: set[int], failed: set[int] | None = None) -> str:
    tally = Tally(changes={("a", version) for version in failed or set()})
    result = judge(order, {"a": view} if view else {}, {("a", version) for version in stored}, tally)
    counts = {name: getattr(result, name) for name in ("in_flight", "failed", "missing")}
    assert sum(counts.values()) <= 1
    assert bool(result.examples) == bool(result.missing)
    return next((name for name, count in counts.items() if count), "well")


def test_days_are_equal_only_if_every_order_is() -> None:
    days: dict[str, Day] = defaultdict(Day)
    days["one"].add(an_order())
    days["same"].add(an_order())
    days["other amount"].add(an_order(amount="10.0001"))
    days["other version"].add(an_order(version=3))
    days["other id"].add(an_order()._replace(order_id="b"))
    assert days["one"] == days["same"]
    assert all(days["one"] != days[name] for name in ("other amount", "other version", "other id"))
    assert days["one"].amount == Decimal("10")


def test_checksum_is_the_head_of_an_md5() -> None:
    # printf a:2:10.0000 | md5sum
    assert checksum(an_order()) == int("6c0ba1a2", 16)


@pytest.mark.parametrize(
    ("view", "stored", "failed", "expected"),
    [
        ((2, "10.0000"), {1, 2}, set(), "well"),
        ((1, "10.0000"), {1}, set(), "missing"),  # the latest change was lost
        ((2, "10.0000"), {2}, set(), "missing"),  # an earlier one was
        (None, set(), set(), "missing"),  # all of them
        ((2, "10.0100"), {1, 2}, set(), "missing"),  # there, but wrong
        ((1, "10.0000"), {1}, {2}, "failed"),
        ((2, "10.0000"), {2}, {1}, "failed"),
        (None, set(), {1, 2}, "failed"),
        (None, set(), {2}, "missing"),  # errors/ has one of two
        ((2, "10.0100"), {1, 2}, {2}, "missing"),
    ],
)
def test_old_differences(view: Any, stored: set[int], failed: set[int], expected: str) -> None:
    assert judged(an_order(), view, stored, failed) == expected


def test_young_differences_are_in_flight() -> None:
    assert judged(an_order(updated=NOW), (1, "10.0000"), {1}) == "in_flight"


def test_an_order_that_breaks_the_contract_must_be_under_errors() -> None:
    broken = an_order(version=0, amount="", day=UNREADABLE)
    assert judge(broken, {}, set(), Tally()).missing == 1
    assert judge(broken, {}, set(), Tally(orders={"a"})).failed == 1


def test_a_huge_version_takes_no_time() -> None:
    assert judged(an_order(version=2_000_000_000), None, set()) == "missing"


def test_reconciled_means_nothing_missing_and_nothing_unexpected() -> None:
    assert Reconciliation(in_flight=3, failed=2).reconciled
    assert not Reconciliation(missing=1).reconciled
    assert not Reconciliation(unexpected=1).reconciled
    assert Reconciliation(table_amount=Decimal("4397950.7610")).as_json()["table_amount"] == "4397950.761"


ITEM = {
    "order_id": {"S": "a"},
    "version": {"N": "2"},
    "order_ts": {"S": "2026-11-01T23:59:59.999Z"},
    "updated_ts": {"S": "2026-11-02T00:00:00.000Z"},
    "quantity": {"N": "3"},
    "unit_price": {"N": "3.50"},
    "discount": {"N": "0.5"},
}


def test_an_item_becomes_an_order() -> None:
    updated = datetime(2026, 11, 2, tzinfo=UTC)
    assert _order(ITEM) == Order("a", DAY, 2, "10.0000", updated)
    without = {name: value for name, value in ITEM.items() if name != "discount"}
    assert _order(without).amount == "10.5000"


@pytest.mark.parametrize(
    "changes",
    [
        {"version": {"S": "2"}},
        {"version": {"N": "1.5"}},
        {"order_ts": {"S": "yesterday"}},
        {"quantity": {"NULL": True}},
        {"unit_price": {"N": "0.00001"}},
        {"discount": {"S": "1"}},
    ],
)
def test_an_item_that_breaks_the_contract(changes: dict[str, Any]) -> None:
    found = _order(ITEM | changes)
    assert (found.order_id, found.order_date, found.version, found.amount) == ("a", UNREADABLE, 0, "")
